//! The format `http-uri`, byte by byte (RFC 3986).

use solgate_contract::uri::{is_pchar, is_sub_delim, is_unreserved, octet};

/// An absolute http or https URI with a host (RFC 3986),
/// written in the characters of that RFC only.
pub(crate) fn is_http_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return false;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (Some(authority), Some(tail)) = (rest.get(..end), rest.get(end..)) else {
        return false;
    };
    is_authority(authority) && is_tail(tail)
}

fn is_authority(authority: &str) -> bool {
    let (user, authority) = authority.rsplit_once('@').unwrap_or(("", authority));
    if !is_encoded(user, |byte| is_unreserved(byte) || is_sub_delim(byte) || byte == b':') {
        return false;
    }
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let Some((address, port)) = rest.split_once(']') else {
            return false;
        };
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        match port.strip_prefix(':') {
            Some(port) => (address, port),
            None if port.is_empty() => (address, ""),
            None => return false,
        }
    } else {
        let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
        if host.is_empty() || !is_encoded(host, |byte| is_unreserved(byte) || is_sub_delim(byte)) {
            return false;
        }
        // Four numbers are an address, and must then be a valid one.
        let dotted = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        if dotted && host.parse::<std::net::Ipv4Addr>().is_err() {
            return false;
        }
        (host, port)
    };
    !host.is_empty()
        && (port.is_empty() || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()))
}

fn is_tail(tail: &str) -> bool {
    let (rest, fragment) = tail.split_once('#').unwrap_or((tail, ""));
    let of_query = |byte| is_pchar(byte) || matches!(byte, b'/' | b'?');
    is_encoded(rest, of_query) && is_encoded(fragment, of_query)
}

/// Only bytes that `allowed` takes and well-formed `%XX`.
fn is_encoded(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fine = if byte == b'%' {
            matches!((bytes.next(), bytes.next()), (Some(high), Some(low)) if octet(high, low).is_some())
        } else {
            allowed(byte)
        };
        if !fine {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_uris() {
        let valid = [
            "http://127.0.0.1:9091/notification",
            "https://host",
            "HTTPS://Host.example/a;b?c=d#e",
            "http://[2001:db8::1]:8080/x",
            "http://[::1]",
            "http://a-b_c.example:65535",
            "http://host:/x",
            "http://h/%C3%A9",
            "http://user:pass%40word@host:8080/x",
            "https://user@[::1]/",
        ];
        let invalid = [
            "",
            "host",
            "/callback",
            "ftp://host/x",
            "http:/host",
            "http://",
            "http:///x",
            "http://:80/",
            "http://host:65536/",
            "http://host:8a/",
            "http://[::1",
            "http://[::g]/",
            "http://[::1]x/",
            "http://a b/",
            "http://h/a b",
            "http://h/\n",
            "http://h/é",
            "http://h/%zz",
            "http://h/<x>",
            "http://user@/",
            "http://a@b@host/",
            "http://us er@host/",
            "http://1.2.3.400/",
            "http://h/a#b#c",
            "mailto:x@y",
        ];
        for uri in valid {
            assert!(is_http_uri(uri), "{uri}");
        }
        for uri in invalid {
            assert!(!is_http_uri(uri), "{uri}");
        }
    }
}
