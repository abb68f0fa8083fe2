//! Request targets and their paths, byte by byte (RFC 3986).

use std::borrow::Cow;

/// As `str::split_once` for an ASCII character: quicker for the few bytes that are passed
/// over in a path or a header field, because it needs no preparation.
#[must_use]
#[inline]
pub fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let index = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..index)?, text.get(index.saturating_add(1)..)?))
}

/// Splits a request target at the first `?`.
#[must_use]
#[inline]
pub fn split_target(target: &str) -> (&str, Option<&str>) {
    match split_once(target, b'?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

/// What makes a path unfit for routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFault {
    /// It does not begin with one.
    NoSlash,
    /// One that RFC 3986 does not allow in a path, encoded or not.
    Character,
    /// `%` that two hexadecimal digits do not follow.
    Encoding,
    /// `%2F` or `%5C`.
    EncodedSlash,
    /// Anywhere but at the end.
    EmptySegment,
    /// `.` or `..`, also with parameters.
    DotSegment,
}

/// Checks a path and decodes `%XX` of unreserved characters, which are
/// equivalent to the characters (RFC 3986, 6.2.2.2). A slash at the end is left
/// to the caller.
///
/// # Errors
/// The first thing that makes the path unfit.
pub fn normalise(path: &str) -> Result<Cow<'_, str>, PathFault> {
    if !path.starts_with('/') {
        return Err(PathFault::NoSlash);
    }
    if let Some(checked) = check_segments(path, is_pchar) {
        return checked.map(|()| Cow::Borrowed(path));
    }
    check_characters(path)?;
    let decoded = decode_unreserved(path);
    match check_segments(&decoded, |_| true) {
        Some(Err(fault)) => Err(fault),
        _ => Ok(decoded),
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

/// Checks every character of a path, also those that are encoded.
fn check_characters(path: &str) -> Result<(), PathFault> {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            if byte != b'/' && !is_pchar(byte) {
                return Err(PathFault::Character);
            }
            continue;
        }
        let octet = bytes.next().zip(bytes.next()).and_then(|(high, low)| octet(high, low));
        match octet.ok_or(PathFault::Encoding)? {
            b'/' | b'\\' => return Err(PathFault::EncodedSlash),
            0..=0x1f | 0x7f => return Err(PathFault::Character),
            _ => {}
        }
    }
    Ok(())
}

/// Decodes `%XX` of unreserved characters (RFC 3986, 2.3), and leaves everything else as
/// it is.
#[must_use]
pub fn decode_unreserved(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let mut digits = after.bytes();
        let octet = digits.next().zip(digits.next()).and_then(|(high, low)| octet(high, low));
        if let Some(octet) = octet.filter(|octet| is_unreserved(*octet)) {
            decoded.push(char::from(octet));
            rest = after.get(2..).unwrap_or_default();
        } else {
            decoded.push('%');
            rest = after;
        }
    }
    decoded.push_str(rest);
    decoded.into()
}

/// Also with parameters, which some servers drop before they look.
fn is_dot(segment: &str) -> bool {
    let name = segment.strip_prefix('.').map(|rest| rest.strip_prefix('.').unwrap_or(rest));
    name.is_some_and(|rest| rest.is_empty() || rest.starts_with(';'))
}

/// Decodes every `%XX`; `None` if one is broken or the result is not UTF-8.
#[must_use]
pub fn decode(text: &str) -> Option<Cow<'_, str>> {
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
#[must_use]
pub fn has_whole_octets(text: &str) -> bool {
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

/// The octet that two hexadecimal digits stand for.
#[must_use]
#[inline]
pub fn octet(high: u8, low: u8) -> Option<u8> {
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high << 4 | low).ok()
}

/// A letter, a digit or one of `-._~` (RFC 3986, 2.3).
#[must_use]
pub const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986, 2.2.
#[must_use]
pub const fn is_sub_delim(byte: u8) -> bool {
    matches!(byte, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
}

/// What a segment of a path may hold as it is, a percent sign aside (RFC 3986, 3.3).
#[must_use]
#[inline]
pub fn is_pchar(byte: u8) -> bool {
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
}
