//! Who is calling: the peer, or the hop before the proxies that are trusted.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Hops of `x-forwarded-for` that are looked at; no honest chain of proxies is longer.
const HOPS_MAX: usize = 16;

/// Bits of an IPv6 address that name one subscriber; the rest are theirs to vary.
const SUBSCRIBER_BITS: u32 = 64;

/// Finds the client's address.
///
/// The list in `x-forwarded-for` grows to the right at every proxy, so it is read from the right, and only as far as each
/// hop is a trusted proxy; what stands further left, a client may have made up.
pub(crate) fn find(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    if trusted.is_empty() {
        return client;
    }
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip));
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(',')).take(HOPS_MAX);
    for hop in hops {
        if !is_trusted(client) {
            break;
        }
        // A hop that is no address ends the chain at the proxy that wrote it.
        let Some(ip) = address(hop.trim()) else { break };
        client = ip;
    }
    client
}

/// Reads an address with or without a port, IPv6 with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let ip =
        bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(ip.to_canonical())
}

/// Returns the address that limits count by: an IPv6 client is its /64.
pub(crate) fn limit_key(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => Ipv6Addr::to_bits(ip) & (u128::MAX << (128 - SUBSCRIBER_BITS)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use axum::http::{HeaderMap, HeaderValue};

    use super::{find, limit_key};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn found(peer: &str, lines: &[&str], trusted: &[&str]) -> IpAddr {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        let trusted: Vec<_> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        find(ip(peer), &headers, &trusted)
    }

    #[test]
    fn without_trusted_proxies_the_header_is_ignored() {
        assert_eq!(found("192.0.2.1", &["203.0.113.9"], &[]), ip("192.0.2.1"));
        assert_eq!(found("192.0.2.1", &["203.0.113.9"], &["10.0.0.0/8"]), ip("192.0.2.1"));
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_the_client() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (lines, client) in [
            (vec!["203.0.113.9"], "203.0.113.9"),
            (vec!["1.1.1.1, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            (vec!["1.1.1.1", "203.0.113.9,10.0.0.2"], "203.0.113.9"),
            (vec!["203.0.113.9:4711"], "203.0.113.9"),
            (vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            (vec!["::ffff:203.0.113.9"], "203.0.113.9"),
            (vec!["203.0.113.9, fd00::1"], "203.0.113.9"),
            (vec!["203.0.113.9, unknown"], "10.0.0.1"),
            (vec!["203.0.113.9, unknown, 10.0.0.2"], "10.0.0.2"),
            (vec![""], "10.0.0.1"),
            (vec![], "10.0.0.1"),
        ] {
            assert_eq!(found("10.0.0.1", &lines, &trusted), ip(client), "{lines:?}");
        }
    }

    #[test]
    fn one_subscriber_is_one_key() {
        assert_eq!(limit_key(ip("2001:db8::1")), limit_key(ip("2001:db8::ffff:1")));
        assert_ne!(limit_key(ip("2001:db8::1")), limit_key(ip("2001:db8:0:1::1")));
        assert_eq!(limit_key(ip("::ffff:192.0.2.1")), limit_key(ip("192.0.2.1")));
        assert_ne!(limit_key(ip("192.0.2.1")), limit_key(ip("192.0.2.2")));
    }
}
