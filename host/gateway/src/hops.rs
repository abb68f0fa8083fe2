//! The servers between a client and the gate, and what they say of the client.

use std::net::{IpAddr, Ipv6Addr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};
use solgate_config::networks::Networks;
use solgate_config::{ClientAddress, Config};

use crate::peer::Peer;

/// Each server adds the one from which it got the request.
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Servers that are believed, and how they speak.
#[derive(Debug, Clone)]
pub struct Hops {
    trusted: Networks,
    proxy_protocol: bool,
    field: ClientAddress,
}

impl Hops {
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let (trusted, proxy_protocol) = (config.trusted_hops.clone(), config.proxy_protocol);
        Self { trusted, proxy_protocol, field: config.client_address }
    }

    /// Whether a server is believed.
    #[must_use]
    pub fn trusts(&self, server: Peer) -> bool {
        match server {
            Peer::At(address) => self.trusted.contains(address.ip()),
            Peer::Unix => self.trusted.has_unix(),
            Peer::Unknown => false,
        }
    }

    /// Whether a connection from there begins with the PROXY protocol.
    #[must_use]
    pub fn announces(&self, server: Peer) -> bool {
        self.proxy_protocol && self.trusts(server)
    }

    /// The client for which `sender`, a server that is believed, sends a request with these
    /// fields: the last in X-Forwarded-For, or in Forwarded, that is not itself a trusted
    /// hop. Without that field it is the sender; `None` if that has no address, or an address
    /// that decides cannot be read. Servers that write one of the two fields often hand the
    /// other one on as the client has sent it: so it is not looked at, whatever it says.
    #[must_use]
    pub fn client(&self, sender: Peer, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = sender.ip();
        match self.field {
            ClientAddress::XForwardedFor => {
                for value in headers.get_all(FORWARDED_FOR).iter().rev() {
                    for entry in value.to_str().ok()?.rsplit(',') {
                        let entry = address(entry)?;
                        client = Some(entry);
                        if !self.trusted.contains(entry) {
                            return client;
                        }
                    }
                }
            }
            ClientAddress::Forwarded => {
                for value in headers.get_all(FORWARDED).iter().rev() {
                    for element in split(value.to_str().ok()?, ',')?.into_iter().rev() {
                        let entry = address(&node(element)?)?;
                        client = Some(entry);
                        if !self.trusted.contains(entry) {
                            return client;
                        }
                    }
                }
            }
        }
        client
    }
}

/// Parts of a text between separators outside of quotes; `None` if a quote does not end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(|c: char| {
        let ends = c == separator && !quoted;
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        ends
    });
    let parts = parts.collect();
    (!quoted).then_some(parts)
}

/// Whom an element of Forwarded names with `for`, which it does once (RFC 7239, 4).
fn node(element: &str) -> Option<String> {
    let mut found = None;
    for pair in split(element, ';')? {
        let (name, value) = pair.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("for") && found.replace(value.trim()).is_some() {
            return None;
        }
    }
    let value = found?;
    let Some(rest) = value.strip_prefix('"') else { return Some(value.to_owned()) };
    let (mut text, mut escaped) = (String::new(), false);
    for c in rest.strip_suffix('"')?.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(c);
            escaped = false;
        }
    }
    Some(text)
}

/// An address as servers write it: some add a port, brackets or a zone.
#[must_use]
pub fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let port_or_none = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
            v6(address).filter(|_| port_or_none)?.into()
        }
        None => match text.split_once(':') {
            Some((address, port)) if is_port(port) => IpAddr::V4(address.parse().ok()?),
            Some(_) => v6(text)?.into(),
            None => IpAddr::V4(text.parse().ok()?),
        },
    };
    // An IPv4 client stays one on a socket for both.
    Some(address.to_canonical())
}

/// A zone is known to the one machine only that wrote it.
fn v6(text: &str) -> Option<Ipv6Addr> {
    match text.split_once('%') {
        Some((_, "")) => None,
        Some((address, _)) => address.parse().ok(),
        None => text.parse().ok(),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;
    use solgate_config::networks::parse_network;

    use super::*;

    #[test]
    fn addresses_are_read_however_servers_write_them() {
        let table = [
            ("10.0.0.9", Some("10.0.0.9")),
            (" 10.0.0.9:5555 ", Some("10.0.0.9")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:5555", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("[fe80::1%eth0]:80", Some("fe80::1")),
            ("::ffff:10.0.0.9", Some("10.0.0.9")),
            ("unknown", None),
            ("_hidden", None),
            ("", None),
            ("10.0.0.9:", None),
            ("10.0.0.9:+80", None),
            ("10.0.0.9:99999", None),
            ("[10.0.0.9]", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1]80", None),
            ("2001:db8::1]", None),
            ("fe80::1%", None),
            ("10.0.0.9%eth0", None),
            ("010.0.0.9", None),
            ("vnfm.example", None),
            ("unix:", None),
        ];
        for (text, expected) in table {
            assert_eq!(address(text), expected.map(|address| address.parse().unwrap()), "{text:?}");
        }
    }

    fn hops(client_address: ClientAddress) -> Hops {
        let trusted_hops = Networks(vec![parse_network("10.0.0.0/8").unwrap()]);
        Hops::of(&Config { trusted_hops, client_address, ..Config::default() })
    }

    #[test]
    fn the_client_is_read_from_the_field_that_is_named() {
        let hops = hops(ClientAddress::Forwarded);
        let table: [(&[&str], Option<&str>); 18] = [
            (&[], Some("10.0.0.1")),
            (&["for=192.0.2.7"], Some("192.0.2.7")),
            (&["For=192.0.2.7:80;proto=http;by=10.0.0.1, for=10.1.1.1"], Some("192.0.2.7")),
            (&["for=1.2.3.4, for=192.0.2.7", "for=10.1.1.1"], Some("192.0.2.7")),
            (&["for=\"[2001:db8::1]:80\""], Some("2001:db8::1")),
            (&["for=\"[2001:db8::1]\" ; by=\"a,b;c\""], Some("2001:db8::1")),
            (&["by=\"\\\",for=1.2.3.4\";for=192.0.2.7"], Some("192.0.2.7")),
            (&["for=10.2.2.2, for=10.1.1.1"], Some("10.2.2.2")),
            (&["for=192.0.2.7, for=unknown"], None),
            (&["for=192.0.2.7, for=_hidden"], None),
            (&["for=192.0.2.7, proto=http"], None),
            (&["for=192.0.2.7;for=192.0.2.8"], None),
            (&["for=192.0.2.7,"], None),
            (&["for=\"192.0.2.7"], None),
            (&["for=\"192.0.2.7\" x"], None),
            (&["for=2001:db8::1"], Some("2001:db8::1")),
            (&["192.0.2.7"], None),
            (&[""], None),
        ];
        for (values, expected) in table {
            let mut headers = HeaderMap::new();
            // What clients may have written.
            headers.append(FORWARDED_FOR, HeaderValue::from_static("203.0.113.9"));
            for value in values {
                headers.append(FORWARDED, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let client = hops.client(Peer::At("10.0.0.1:1".parse().unwrap()), &headers);
            assert_eq!(client, expected.map(|address| address.parse().unwrap()), "{values:?}");
        }
    }

    #[test]
    fn the_client_is_the_last_that_no_trusted_hop_is() {
        let hops = hops(ClientAddress::XForwardedFor);
        let table: [(&[&str], Option<&str>); 12] = [
            (&[], Some("10.0.0.1")),
            (&["192.0.2.7"], Some("192.0.2.7")),
            (&["192.0.2.7, 10.1.1.1"], Some("192.0.2.7")),
            (&["192.0.2.7", "10.1.1.1"], Some("192.0.2.7")),
            (&["1.2.3.4, 192.0.2.7, 10.1.1.1:80"], Some("192.0.2.7")),
            (&["unknown, 192.0.2.7"], Some("192.0.2.7")),
            // All of them are: the first has sent it.
            (&["10.2.2.2, 10.1.1.1"], Some("10.2.2.2")),
            // Not the one before, whom the client may have written.
            (&["192.0.2.7, unknown"], None),
            (&["192.0.2.7,"], None),
            (&["192.0.2.7", ""], None),
            (&["unknown, 10.1.1.1"], None),
            (&["192.0.2.7, \u{e4}"], None),
        ];
        for (values, expected) in table {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let client = hops.client(Peer::At("10.0.0.1:1".parse().unwrap()), &headers);
            assert_eq!(client, expected.map(|address| address.parse().unwrap()), "{values:?}");
        }
        assert!(!hops.trusts(Peer::Unix) && !hops.trusts(Peer::Unknown));
        let trusted_hops = Networks(vec![parse_network("unix").unwrap()]);
        let unix = Hops::of(&Config { trusted_hops, proxy_protocol: true, ..Config::default() });
        assert!(unix.announces(Peer::Unix) && !unix.trusts(Peer::At("127.0.0.1:1".parse().unwrap())));
        let mut headers = HeaderMap::new();
        assert_eq!(unix.client(Peer::Unix, &headers), None);
        headers.append(FORWARDED_FOR, HeaderValue::from_static("192.0.2.7"));
        assert_eq!(unix.client(Peer::Unix, &headers), "192.0.2.7".parse().ok());
    }
}
