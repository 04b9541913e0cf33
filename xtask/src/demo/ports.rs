//! Free ports on loopback.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use anyhow::{Result, bail};

/// How many ports are tried from the wanted one upwards.
const TRIED: u16 = 200;

/// Whether nothing listens on `port`, neither on 127.0.0.1 nor on ::1: a browser that asks for `localhost` may try either.
pub fn is_free(port: u16) -> bool {
    let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    let v6 = match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::AddrInUse,
    };
    v4 && v6
}

/// The first free port from `wanted` upwards that is none of `taken`.
///
/// # Errors
/// When there is none among the next 200.
pub fn find(wanted: u16, taken: &[u16]) -> Result<u16> {
    let range = wanted..=wanted.saturating_add(TRIED);
    match range
        .clone()
        .find(|port| !taken.contains(port) && is_free(*port))
    {
        Some(port) => Ok(port),
        None => bail!(
            "no free port between {} and {}; name another with --port",
            range.start(),
            range.end()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_passed_over() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let used = listener.local_addr().unwrap().port();
        assert!(!is_free(used));
        assert_ne!(find(used, &[]).unwrap(), used);
        drop(listener);
        assert!(is_free(used));
        assert_ne!(find(used, &[used]).unwrap(), used);
    }

    #[test]
    fn a_port_in_use_on_ipv6_only_is_passed_over() {
        let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            return;
        };
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
