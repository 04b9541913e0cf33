//! Whose request it is: the peer's, unless the peer is a listed proxy.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// The client's address. Reads `X-Forwarded-For` from its end, as far as listed proxies wrote it.
pub(super) fn of_client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.iter().any(|proxy| proxy.to_canonical() == *address);
    let mut client = peer.to_canonical();
    let fields = headers.get_all("x-forwarded-for").iter().rev();
    let hops = fields.flat_map(|field| field.to_str().unwrap_or_default().rsplit(','));
    for hop in hops {
        if !is_proxy(&client) {
            break;
        }
        let Ok(before) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = before.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        of_client(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_his_address() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(
            client("192.0.2.1", &["198.51.100.7"], &["10.0.0.1"]),
            "192.0.2.1"
        );
        assert_eq!(
            client("10.0.0.1", &["198.51.100.7, 192.0.2.1"], &["10.0.0.1"]),
            "192.0.2.1"
        );
    }

    #[test]
    fn listed_proxies_are_believed_one_after_the_other() {
        let proxies = ["10.0.0.1", "10.0.0.2"];
        assert_eq!(client("10.0.0.1", &["192.0.2.1"], &proxies), "192.0.2.1");
        assert_eq!(
            client("10.0.0.1", &["192.0.2.1, 10.0.0.2"], &proxies),
            "192.0.2.1"
        );
        assert_eq!(
            client("10.0.0.1", &["192.0.2.1", "10.0.0.2"], &proxies),
            "192.0.2.1"
        );
        assert_eq!(
            client("::ffff:10.0.0.1", &["192.0.2.1"], &proxies),
            "192.0.2.1"
        );
        assert_eq!(client("10.0.0.1", &[], &proxies), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["nonsense"], &proxies), "10.0.0.1");
    }
}
