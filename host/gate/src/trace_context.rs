//! The trace that a request belongs to (W3C Trace Context, Level 1).
//!
//! OpenTelemetry's own reader takes what the specification does not allow, such as
//! short ids and a dash at the end; here a parent that is malformed does not count.

use std::fmt;

use http::{HeaderMap, HeaderName};

/// The field that names the trace and the sender's span in it.
pub const PARENT: HeaderName = HeaderName::from_static("traceparent");
/// The field in which tracing systems note what else they need.
pub const STATE: HeaderName = HeaderName::from_static("tracestate");

/// Length of `00-<32 digits>-<16 digits>-<2 digits>`.
const PARENT_LENGTH: usize = 55;

/// A trace: 16 bytes, not all of them zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(pub [u8; 16]);

impl fmt::Display for TraceId {
    /// 32 lower-case hexadecimal digits.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", u128::from_be_bytes(self.0))
    }
}

/// What the sender of a request says of its own span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    pub trace: TraceId,
    /// Not all bytes are zero.
    pub span: [u8; 8],
    /// Whether the sender records the trace.
    pub sampled: bool,
}

/// Copies what one request says of its trace to another one that is made for it.
/// What is malformed stays behind.
pub fn copy(from: &HeaderMap, to: &mut HeaderMap) {
    if parent(from).is_none() {
        return;
    }
    for name in [PARENT, STATE] {
        for value in from.get_all(&name) {
            to.append(name.clone(), value.clone());
        }
    }
}

/// As [`copy`], in the place of what the other request says itself.
pub fn replace(from: &HeaderMap, other: &mut HeaderMap) {
    if parent(from).is_some() {
        other.remove(PARENT);
        other.remove(STATE);
        copy(from, other);
    }
}

/// The sender's span, in which the request was made; `None` if the fields name none, or not
/// as the specification says.
#[must_use]
pub fn parent(headers: &HeaderMap) -> Option<Parent> {
    let mut values = headers.get_all(PARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?;
    let (known, more) = text.split_at_checked(PARENT_LENGTH)?;
    let mut parts = known.split('-');
    let version = digits(parts.next()?, 2)?;
    let (trace, span, flags) = (digits(parts.next()?, 32)?, digits(parts.next()?, 16)?, digits(parts.next()?, 2)?);
    // A later version may have more behind these four; this one has not.
    let ends = if version == "00" { more.is_empty() } else { more.is_empty() || more.starts_with('-') };
    if version == "ff" || !ends || parts.next().is_some() {
        return None;
    }
    let (trace, span) = (u128::from_str_radix(trace, 16).ok()?, u64::from_str_radix(span, 16).ok()?);
    // Only the lowest bit has a meaning.
    let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
    let parent = Parent { trace: TraceId(trace.to_be_bytes()), span: span.to_be_bytes(), sampled };
    (trace != 0 && span != 0).then_some(parent)
}

/// A part with this number of lower-case hexadecimal digits.
fn digits(part: &str, count: usize) -> Option<&str> {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (part.len() == count && part.bytes().all(digit)).then_some(part)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn fields(parents: &[&str], states: &[&str]) -> HeaderMap {
        let parents = parents.iter().map(|value| (PARENT, HeaderValue::from_str(value).unwrap()));
        let states = states.iter().map(|value| (STATE, HeaderValue::from_str(value).unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in parents.chain(states) {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn a_parent_is_read_as_the_specification_says() {
        let good = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let later = format!("cc-{TRACE}-00f067aa0ba902b7-01");
        let table = [
            (good.clone(), true),
            (format!("00-{TRACE}-00f067aa0ba902b7-00"), true),
            (format!("00-{TRACE}-00f067aa0ba902b7-ff"), true),
            (later.clone(), true),
            (format!("{later}-what-the-future-brings"), true),
            (format!("{later}.what"), false),
            (format!("{good}-"), false),
            (format!("{good}-more"), false),
            (format!("ff-{TRACE}-00f067aa0ba902b7-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (format!("00-{TRACE}-0000000000000000-01"), false),
            (format!("00-{TRACE}-00f067aa0ba902b7-0"), false),
            (format!("00-{TRACE}-00f067aa0ba902b7-+1"), false),
            (format!("0-{TRACE}-00f067aa0ba902b7-01x"), false),
            (format!("00-{}-00f067aa0ba902b7-01", TRACE.replacen('4', "g", 1)), false),
            (format!("00-{}-{}-01", &TRACE[..16], TRACE), false),
            (String::new(), false),
        ];
        for (parent, read) in table {
            let found = super::parent(&fields(&[&parent], &[])).map(|parent| parent.trace.to_string());
            assert_eq!(found.as_deref(), read.then_some(TRACE), "{parent}");
        }
        assert_eq!(super::parent(&fields(&[&good, &good], &[])), None, "twice");
        assert_eq!(super::parent(&fields(&[], &["a=b"])), None);
    }

    #[test]
    fn the_lowest_flag_is_read_and_what_is_malformed_is_not_copied() {
        for (flags, sampled) in [("00", false), ("01", true), ("fe", false), ("ff", true)] {
            let parent = parent(&fields(&[&format!("00-{TRACE}-00f067aa0ba902b7-{flags}")], &[])).unwrap();
            assert_eq!(parent.sampled, sampled, "{flags}");
            assert_eq!(parent.span, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
        }
        let mut copied = HeaderMap::new();
        copy(&fields(&["00-bad"], &["a=1"]), &mut copied);
        assert!(copied.is_empty());
        let good = fields(&[&format!("00-{TRACE}-00f067aa0ba902b7-ff")], &["a=1", "b=2"]);
        copy(&good, &mut copied);
        assert_eq!(copied, good);
    }
}
