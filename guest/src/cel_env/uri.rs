//! `host(uri)` and `scheme(uri)`.

use std::net::{Ipv4Addr, Ipv6Addr};

use fluent_uri::Uri;

/// The host of an absolute URI (RFC 3986): a name in lower case without a final
/// dot, or an address in its usual spelling, an IPv6 one without brackets. Empty
/// if the text is not a URI, has no host, or hides the host behind `%`: such a text
/// is in no list of hosts.
pub(super) fn host(text: &str) -> String {
    let Some(authority) = Uri::parse(text).ok().and_then(|uri| uri.authority()) else {
        return String::new();
    };
    let host = authority.host();
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().map_or_else(|_| String::new(), |address| address.to_string());
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return address.to_string();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    if name.contains('%') { String::new() } else { name.to_ascii_lowercase() }
}

/// The scheme of an absolute URI, in lower case; empty if the text is not a URI.
pub(super) fn scheme(text: &str) -> String {
    Uri::parse(text).map_or_else(|_| String::new(), |uri| uri.scheme().as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_would_connect_to() {
        for (uri, expected_scheme, expected_host) in [
            ("https://nfvo.example.com:8443/callback?a=b#c", "https", "nfvo.example.com"),
            ("HTTPS://NFVO.Example.COM", "https", "nfvo.example.com"),
            ("https://nfvo.example.com./x", "https", "nfvo.example.com"),
            ("https://nfvo.example.com@evil.example/", "https", "evil.example"),
            ("https://evil.example/https://nfvo.example.com", "https", "evil.example"),
            ("https://evil.example?@nfvo.example.com", "https", "evil.example"),
            ("http://192.0.2.1:80", "http", "192.0.2.1"),
            ("http://[2001:DB8:0:0::1]:80/", "http", "2001:db8::1"),
            ("http://[v1.x]/", "http", ""),
            ("https:///path", "https", ""),
            ("mailto:ops@example.com", "mailto", ""),
            ("https://nfv%6f.example.com/", "https", ""),
            // A text that some clients mend is not a URI.
            ("https://evil.example\\@nfvo.example.com/", "", ""),
            ("https://nfvo.example.com\t.evil.example/", "", ""),
            (" https://nfvo.example.com/", "", ""),
            ("https://nfvo.ex\u{e4}mple.com/", "", ""),
            ("//nfvo.example.com/", "", ""),
            ("nfvo.example.com", "", ""),
            ("/path", "", ""),
            ("", "", ""),
        ] {
            assert_eq!((scheme(uri).as_str(), host(uri).as_str()), (expected_scheme, expected_host), "{uri:?}");
        }
    }
}
