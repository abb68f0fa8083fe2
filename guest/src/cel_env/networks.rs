//! `isIP(text)`, `ip(text)`, `ipFamily(text)`, `isCIDR(text)` and `inCIDR(address, network)`.
//!
//! Names and meaning are near those of Kubernetes' CEL, but a text that is no address is
//! in no network, where Kubernetes has an error: a rule must be able to judge every request.

use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 or IPv6 address, without port, brackets and zone. An IPv4 address that is
/// written as an IPv6 one (`::ffff:192.0.2.1`) is the IPv4 address.
fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// A network: its first address as a number of 128 bits, and how many of them count.
/// IPv4 networks lie within `::ffff:0:0/96`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    bits: u128,
    length: u32,
}

/// What IPv4 addresses begin with as IPv6 ones, in bits.
const MAPPED: u32 = 96;

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

fn network(text: &str) -> Option<Network> {
    let (first, length) = text.split_once('/')?;
    let written = first.parse::<IpAddr>().ok()?;
    // As a number is written by people: no sign, no zero in front.
    let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse::<u32>().ok().filter(|_| is_number && (length == "0" || !length.starts_with('0')))?;
    let length = match written {
        IpAddr::V4(_) if length <= 32 => length.checked_add(MAPPED)?,
        IpAddr::V6(_) if length <= 128 => length,
        _ => return None,
    };
    let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
    Some(Network { bits: number(written) & mask, length })
}

pub(super) fn is_ip(text: &str) -> bool {
    address(text).is_some()
}

/// An address in its usual spelling; empty if the text is none.
pub(super) fn ip(text: &str) -> String {
    address(text).map_or_else(String::new, |address| address.to_string())
}

/// 4 or 6; 0 if the text is no address.
pub(super) fn family(text: &str) -> i64 {
    match address(text) {
        Some(IpAddr::V4(_)) => 4,
        Some(IpAddr::V6(_)) => 6,
        None => 0,
    }
}

pub(super) fn is_cidr(text: &str) -> bool {
    network(text).is_some()
}

/// Whether an address lies in a network, or a network in another; `None` if the second
/// text is no network.
pub(super) fn in_cidr(text: &str, within: &str) -> Option<bool> {
    let within = network(within)?;
    let inner = match address(text) {
        Some(address) => Network { bits: number(address), length: 128 },
        None => match network(text) {
            Some(network) => network,
            None => return Some(false),
        },
    };
    let mask = u128::MAX.checked_shl(128_u32.checked_sub(within.length)?).unwrap_or(0);
    Some(inner.length >= within.length && inner.bits & mask == within.bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_in_networks() {
        for (address, network, expected) in [
            ("10.1.2.3", "10.0.0.0/8", Some(true)),
            ("11.1.2.3", "10.0.0.0/8", Some(false)),
            ("10.255.255.255", "10.0.0.0/8", Some(true)),
            ("192.0.2.1", "192.0.2.1/32", Some(true)),
            ("192.0.2.2", "192.0.2.1/32", Some(false)),
            ("192.0.2.2", "0.0.0.0/0", Some(true)),
            ("2001:db8::1", "0.0.0.0/0", Some(false)),
            ("2001:db8::1", "2001:db8::/32", Some(true)),
            ("2001:DB8:0:0::1", "2001:db8::/32", Some(true)),
            ("2001:db9::1", "2001:db8::/32", Some(false)),
            ("2001:db8::1", "::/0", Some(true)),
            ("::1", "::1/128", Some(true)),
            // IPv4 addresses as IPv6 ones.
            ("::ffff:10.1.2.3", "10.0.0.0/8", Some(true)),
            ("::ffff:a01:203", "10.0.0.0/8", Some(true)),
            ("10.1.2.3", "::ffff:10.0.0.0/104", Some(true)),
            ("10.1.2.3", "::/0", Some(true)),
            // Bits of the network that do not count.
            ("10.1.2.3", "10.9.9.9/8", Some(true)),
            // A network in a network.
            ("10.1.0.0/16", "10.0.0.0/8", Some(true)),
            ("10.0.0.0/8", "10.0.0.0/8", Some(true)),
            ("10.0.0.0/7", "10.0.0.0/8", Some(false)),
            // Texts that are no address.
            ("10.1.2", "10.0.0.0/8", Some(false)),
            ("10.1.2.3:80", "10.0.0.0/8", Some(false)),
            ("010.1.2.3", "10.0.0.0/8", Some(false)),
            ("[::1]", "::1/128", Some(false)),
            ("fe80::1%eth0", "fe80::/10", Some(false)),
            ("host.example", "10.0.0.0/8", Some(false)),
            ("", "10.0.0.0/8", Some(false)),
            // Texts that are no network.
            ("10.1.2.3", "10.0.0.0", None),
            ("10.1.2.3", "10.0.0.0/33", None),
            ("10.1.2.3", "10.0.0.0/08", None),
            ("10.1.2.3", "10.0.0.0/+8", None),
            ("10.1.2.3", "10.0.0.0/", None),
            ("10.1.2.3", "2001:db8::/129", None),
            ("10.1.2.3", "", None),
        ] {
            assert_eq!(in_cidr(address, network), expected, "{address} in {network}");
        }
        for (text, expected, expected_family) in [
            ("192.0.2.1", "192.0.2.1", 4),
            ("::ffff:192.0.2.1", "192.0.2.1", 4),
            ("::ffff:c000:201", "192.0.2.1", 4),
            ("2001:DB8:0:0:0::1", "2001:db8::1", 6),
            ("::", "::", 6),
            ("::192.0.2.1", "::c000:201", 6),
            ("0:0:0:0:0:0:0:1", "::1", 6),
            ("192.0.2.01", "", 0),
            ("192.0.2", "", 0),
            ("192.0.2.1/32", "", 0),
            ("192.0.2.1:80", "", 0),
            ("[::1]", "", 0),
            ("fe80::1%eth0", "", 0),
            ("1::2::3", "", 0),
            ("12345::", "", 0),
            ("host.example", "", 0),
            (" ::1", "", 0),
            ("0x7f.0.0.1", "", 0),
            ("2130706433", "", 0),
            ("", "", 0),
        ] {
            assert_eq!((ip(text).as_str(), family(text)), (expected, expected_family), "{text}");
        }
        assert!(is_ip("::ffff:10.1.2.3") && !is_ip("10.0.0.0/8") && is_cidr("10.0.0.0/8") && !is_cidr("10.0.0.0"));
    }
}
