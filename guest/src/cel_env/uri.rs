//! `host(uri)`, `scheme(uri)`, `port(uri)`, `uriPath(uri)` and `uriParameter(uri, name)`.

use std::net::{Ipv4Addr, Ipv6Addr};

use fluent_uri::Uri;
use solgate_contract::uri::{decode, decode_unreserved};

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

/// The port that a client connects to: the one that is written, or that of http or https;
/// 0 if there is none.
pub(super) fn port(text: &str) -> i64 {
    let Ok(uri) = Uri::parse(text) else { return 0 };
    let Some(authority) = uri.authority() else { return 0 };
    let by_scheme = || match uri.scheme().as_str() {
        scheme if scheme.eq_ignore_ascii_case("https") => 443,
        scheme if scheme.eq_ignore_ascii_case("http") => 80,
        _ => 0,
    };
    authority.port_to_u16().map_or(0, |port| port.map_or_else(by_scheme, i64::from))
}

/// The path that a client asks for: without segments such as `..`, also if they are
/// encoded; `/` if it is empty. Empty if the text is not a URI with an authority.
pub(super) fn path(text: &str) -> String {
    let Some(uri) = Uri::parse(text).ok().filter(|uri| uri.authority().is_some()) else { return String::new() };
    let path = decode_unreserved(uri.path().as_str());
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

/// A parameter of the query, decoded; of one that is given twice, the last. What cannot be
/// decoded stays as it is.
pub(super) fn parameter(text: &str, name: &str) -> Option<String> {
    let decoded = |text: &str| decode(text).map_or_else(|| text.to_owned(), |text| text.into_owned());
    let uri = Uri::parse(text).ok()?;
    let mut parts = uri.query()?.as_str().split('&').map(|part| part.split_once('=').unwrap_or((part, "")));
    parts.rfind(|(known, _)| decoded(known) == name).map(|(_, value)| decoded(value))
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

    #[test]
    fn ports_and_paths() {
        for (uri, expected_port, expected_path) in [
            ("https://a.example", 443, "/"),
            ("http://a.example/", 80, "/"),
            ("HTTP://a.example:8080/x", 8080, "/x"),
            ("https://a.example:/x", 443, "/x"),
            ("https://a.example:0/x", 0, "/x"),
            ("https://a.example:065535/x", 65535, "/x"),
            ("https://a.example:65536/x", 0, "/x"),
            ("ftp://a.example/x", 0, "/x"),
            ("https://[::1]:80/x/", 80, "/x/"),
            ("https://u:1@a.example/x", 443, "/x"),
            ("https://a.example/x?y=/z#/w", 443, "/x"),
            ("https://a.example/x/../y", 443, "/y"),
            ("https://a.example/x/%2e%2E/y", 443, "/y"),
            ("https://a.example/../../y", 443, "/y"),
            ("https://a.example/x/y/..", 443, "/x/"),
            ("https://a.example/x/./y/.", 443, "/x/y/"),
            ("https://a.example//x//", 443, "//x//"),
            ("https://a.example/x%2F..%2fy", 443, "/x%2F..%2fy"),
            ("https://a.example/%41/\\x", 0, ""),
            ("https://a.example/%41", 443, "/A"),
            ("mailto:ops@a.example", 0, ""),
            ("/x", 0, ""),
            ("", 0, ""),
        ] {
            assert_eq!((port(uri), path(uri).as_str()), (expected_port, expected_path), "{uri:?}");
        }
    }

    #[test]
    fn parameters_of_a_query() {
        for (uri, name, expected) in [
            ("https://a.example/?a=1&b=2", "a", Some("1")),
            ("https://a.example/?a=1&b=2", "b", Some("2")),
            ("https://a.example/?a=1&a=2", "a", Some("2")),
            ("https://a.example/?a", "a", Some("")),
            ("https://a.example/?a=", "a", Some("")),
            ("https://a.example/?a=b=c", "a", Some("b=c")),
            ("https://a.example/?%61=%C3%A4%20+", "a", Some("\u{e4} +")),
            ("https://a.example/?a=%FF", "a", Some("%FF")),
            ("https://a.example/?&&a=1&", "a", Some("1")),
            ("https://a.example/?=1", "", Some("1")),
            ("https://a.example/?a=1#b=2", "b", None),
            ("https://a.example/?a=1", "A", None),
            ("https://a.example/?", "a", None),
            ("https://a.example/", "a", None),
            ("mailto:x@a.example?subject=y", "subject", Some("y")),
            ("https://a.example/?a=%zz", "a", None),
            ("?a=1", "a", None),
            ("a=1", "a", None),
            ("", "a", None),
            ("https://a.example/?ab=1&a%62=2", "ab", Some("2")),
        ] {
            assert_eq!(parameter(uri, name).as_deref(), expected, "{uri:?} {name}");
        }
    }
}
