//! A service's or witness's address as it is stored and signed: no path, no trailing slash, TLS unless on loopback.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use trust::text::{is_host, is_origin};

/// `https://host[:port]`, or plain `http://` on this computer itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerUrl(String);

impl ServerUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Scheme and authority for WebSockets.
    pub fn websocket(&self) -> String {
        // `http` becomes `ws`, `https` becomes `wss`.
        self.0.replacen("http", "ws", 1)
    }

    /// Whether it is on this computer itself.
    pub fn is_loopback(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let fits = is_origin(trimmed) || is_loopback_address(trimmed);
        let no_default_port = !(trimmed.starts_with("https://") && trimmed.ends_with(":443"));
        if fits && no_default_port {
            return Ok(Self(trimmed.to_owned()));
        }
        Err(format!(
            "{:?} is no address of a service: write https://host or https://host:port in lower case, without a path and \
             without the default port; plain http:// only for localhost",
            trust::text::show_foreign(text, 80)
        ))
    }
}

fn is_loopback_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://") else {
        return false;
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let port_fits =
        port.is_none_or(|p| p.parse::<u16>().is_ok_and(|n| n > 0 && n.to_string() == p));
    port_fits
        && (host == "[::1]"
            || (is_host(host)
                && host
                    .parse::<std::net::Ipv4Addr>()
                    .is_ok_and(|a| a.is_loopback())))
}

impl TryFrom<String> for ServerUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ServerUrl> for String {
    fn from(url: ServerUrl) -> Self {
        url.0
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_and_loopback_are_addresses_and_nothing_else_is() {
        for good in [
            "https://a.example",
            "https://a.example:8443",
            "http://localhost:7070",
            "http://127.0.0.1:7",
            "http://[::1]:7070",
        ] {
            assert_eq!(good.parse::<ServerUrl>().unwrap().as_str(), good);
        }
        assert_eq!(
            "https://a.example/".parse::<ServerUrl>().unwrap().as_str(),
            "https://a.example"
        );
        for bad in [
            "http://a.example",
            "http://10.0.0.1:80",
            "https://a.example/x",
            "https://A.example",
            "https://a.example:443",
            "http://127.0.0.1:0",
            "http://127.0.0.1.evil.example",
            "a.example",
            "",
        ] {
            assert!(bad.parse::<ServerUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn websockets_keep_the_authority() {
        assert_eq!(
            "https://a.example:1"
                .parse::<ServerUrl>()
                .unwrap()
                .websocket(),
            "wss://a.example:1"
        );
        assert_eq!(
            "http://localhost:1"
                .parse::<ServerUrl>()
                .unwrap()
                .websocket(),
            "ws://localhost:1"
        );
    }
}
