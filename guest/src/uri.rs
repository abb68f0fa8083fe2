//! Request targets and URIs, byte by byte (RFC 3986).

use std::borrow::Cow;

use crate::text;

/// Splits a request target at the first `?`.
pub(crate) fn split_target(target: &str) -> (&str, Option<&str>) {
    match text::split_once(target, b'?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

/// What makes a path unfit for routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathFault {
    NoSlash,
    Character,
    Encoding,
    /// `%2F` or `%5C`.
    EncodedSlash,
    EmptySegment,
    DotSegment,
}

/// Checks a path and decodes `%XX` of unreserved characters, which are
/// equivalent to the characters (RFC 3986, 6.2.2.2). A slash at the end is left
/// to the caller.
pub(crate) fn normalise(path: &str) -> Result<Cow<'_, str>, PathFault> {
    if !path.starts_with('/') {
        return Err(PathFault::NoSlash);
    }
    if let Some(checked) = check_segments(path, is_pchar) {
        return checked.map(|()| Cow::Borrowed(path));
    }
    let decoded = decode_unreserved(path)?;
    match check_segments(&decoded, |_| true) {
        Some(Err(fault)) => Err(fault),
        _ => Ok(Cow::Owned(decoded)),
    }
}

/// Whether no segment is a dot segment or, but for the last, empty; `None` if one
/// holds a byte that is not allowed.
fn check_segments(path: &str, allowed: impl Fn(u8) -> bool) -> Option<Result<(), PathFault>> {
    let mut result = Ok(());
    let mut start = 1usize;
    for (index, byte) in path.bytes().enumerate().skip(1) {
        if byte == b'/' {
            let segment = path.get(start..index).unwrap_or_default();
            if segment.is_empty() {
                result = result.and(Err(PathFault::EmptySegment));
            } else if is_dot(segment) {
                result = result.and(Err(PathFault::DotSegment));
            }
            start = index.saturating_add(1);
        } else if !allowed(byte) {
            return None;
        }
    }
    if is_dot(path.get(start..).unwrap_or_default()) {
        result = result.and(Err(PathFault::DotSegment));
    }
    Some(result)
}

/// Checks every character, and decodes those that need not be encoded.
fn decode_unreserved(path: &str) -> Result<String, PathFault> {
    let mut out = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            if byte != b'/' && !is_pchar(byte) {
                return Err(PathFault::Character);
            }
            out.push(byte);
            continue;
        }
        let (Some(high), Some(low)) = (bytes.next(), bytes.next()) else {
            return Err(PathFault::Encoding);
        };
        match octet(high, low).ok_or(PathFault::Encoding)? {
            b'/' | b'\\' => return Err(PathFault::EncodedSlash),
            0..=0x1f | 0x7f => return Err(PathFault::Character),
            octet if is_unreserved(octet) => out.push(octet),
            _ => out.extend([b'%', high, low]),
        }
    }
    String::from_utf8(out).map_err(|_| PathFault::Encoding)
}

/// Also with parameters, which some servers drop before they look.
fn is_dot(segment: &str) -> bool {
    let name = segment.strip_prefix('.').map(|rest| rest.strip_prefix('.').unwrap_or(rest));
    name.is_some_and(|rest| rest.is_empty() || rest.starts_with(';'))
}

/// Decodes every `%XX`; `None` if one is broken or the result is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    let Some(first) = text.bytes().position(|byte| byte == b'%') else {
        return Some(Cow::Borrowed(text));
    };
    let mut out = text.as_bytes().get(..first)?.to_vec();
    let mut bytes = text.as_bytes().get(first..)?.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            out.push(octet(bytes.next()?, bytes.next()?)?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// Whether two hexadecimal digits follow every percent sign.
pub(crate) fn has_whole_octets(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' && bytes.next().zip(bytes.next()).and_then(|(high, low)| octet(high, low)).is_none() {
            return false;
        }
    }
    true
}

/// Decodes every `%XX` that is one, and replaces what is not UTF-8 then; `None` if there
/// is none.
pub(crate) fn decode_lossily(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut left = text.as_bytes();
    let mut found = false;
    while let [byte, after @ ..] = left {
        left = after;
        match after {
            [high, low, rest @ ..] if *byte == b'%' && octet(*high, *low).is_some() => {
                out.extend(octet(*high, *low));
                left = rest;
                found = true;
            }
            _ => out.push(*byte),
        }
    }
    found.then(|| String::from_utf8_lossy(&out).into_owned())
}

fn octet(high: u8, low: u8) -> Option<u8> {
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high << 4 | low).ok()
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const fn is_sub_delim(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

fn is_pchar(byte: u8) -> bool {
    /// One entry per byte, so that paths are checked at a glance.
    const PCHAR: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0u8;
        loop {
            #[expect(clippy::indexing_slicing, reason = "a byte is always below 256")]
            {
                table[byte as usize] = is_unreserved(byte) || is_sub_delim(byte) || matches!(byte, b':' | b'@');
            }
            match byte.checked_add(1) {
                Some(next) => byte = next,
                None => break table,
            }
        }
    };
    PCHAR.get(usize::from(byte)).copied().unwrap_or(false)
}

/// The format `http-uri`: an absolute http or https URI with a host (RFC 3986),
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
    fn paths_are_normalised_or_refused() {
        let cases: &[(&str, Result<&str, PathFault>)] = &[
            ("/vnflcm/v2/vnf_instances", Ok("/vnflcm/v2/vnf_instances")),
            ("/vnf%5Finstances/%74erminate", Ok("/vnf_instances/terminate")),
            ("/a/b/", Ok("/a/b/")),
            ("/", Ok("/")),
            ("/a%20b/%3A", Ok("/a%20b/%3A")),
            ("", Err(PathFault::NoSlash)),
            ("*", Err(PathFault::NoSlash)),
            ("http://h/a", Err(PathFault::NoSlash)),
            ("/a b", Err(PathFault::Character)),
            ("/a\\b", Err(PathFault::Character)),
            ("/a#b", Err(PathFault::Character)),
            ("/é", Err(PathFault::Character)),
            ("/a%00", Err(PathFault::Character)),
            ("/a%0d%0ab", Err(PathFault::Character)),
            ("/a%2", Err(PathFault::Encoding)),
            ("/a%zz", Err(PathFault::Encoding)),
            ("/a%+1", Err(PathFault::Encoding)),
            ("/a%2Fb", Err(PathFault::EncodedSlash)),
            ("/a%5cb", Err(PathFault::EncodedSlash)),
            ("//a", Err(PathFault::EmptySegment)),
            ("/a//b", Err(PathFault::EmptySegment)),
            ("/a//", Err(PathFault::EmptySegment)),
            ("/a/../b", Err(PathFault::DotSegment)),
            ("/a/%2e%2E/b", Err(PathFault::DotSegment)),
            ("/a/.", Err(PathFault::DotSegment)),
            ("/a/..;x=1/b", Err(PathFault::DotSegment)),
            ("/a/.;", Err(PathFault::DotSegment)),
            ("/a/.../.b;c", Ok("/a/.../.b;c")),
        ];
        for (path, expected) in cases {
            assert_eq!(normalise(path).as_deref().map_err(|fault| *fault), *expected, "{path}");
        }
    }

    #[test]
    fn values_are_decoded_once() {
        let cases: &[(&str, Option<&str>)] = &[
            ("abc", Some("abc")),
            ("a+b", Some("a+b")),
            ("%28eq%2Cmy%20vnf%29", Some("(eq,my vnf)")),
            ("%2541", Some("%41")),
            ("%C3%A9", Some("é")),
            ("%C3", None),
            ("%4", None),
            ("%", None),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text).as_deref(), *expected, "{text}");
        }
    }

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
