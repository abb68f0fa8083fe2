//! The trace that a request belongs to (W3C Trace Context, Level 1).
//!
//! OpenTelemetry's own reader takes what the specification does not allow, such as
//! short ids and a dash at the end; here a parent that is malformed is none.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

const PARENT: HeaderName = HeaderName::from_static("traceparent");
const STATE: HeaderName = HeaderName::from_static("tracestate");

/// Length of `00-<32 digits>-<16 digits>-<2 digits>`.
const PARENT_LENGTH: usize = 55;

/// The trace that the sender of these fields has put the request into; `None` if it
/// names none, or not as the specification says.
pub fn trace_id(headers: &HeaderMap) -> Option<TraceId> {
    parent(headers).map(|(trace, ..)| trace)
}

/// The sender's span, in which the request was made.
pub fn remote_span(headers: &HeaderMap) -> Option<SpanContext> {
    let (trace, span, flags) = parent(headers)?;
    Some(SpanContext::new(trace, span, flags, true, state(headers)))
}

/// Makes `span` the one in which a request with these fields is made.
pub fn put(span: &SpanContext, headers: &mut HeaderMap) {
    headers.remove(STATE);
    let flags = span.trace_flags().to_u8();
    let parent = format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id());
    if let Ok(parent) = HeaderValue::try_from(parent) {
        headers.insert(PARENT, parent);
    }
    let state = span.trace_state().header();
    if !state.is_empty()
        && let Ok(state) = HeaderValue::try_from(state)
    {
        headers.insert(STATE, state);
    }
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

fn parent(headers: &HeaderMap) -> Option<(TraceId, SpanId, TraceFlags)> {
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
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    // Only the lowest bit has a meaning.
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    (trace != TraceId::INVALID && span != SpanId::INVALID).then_some((trace, span, flags))
}

/// A part of so many lower-case hexadecimal digits.
fn digits(part: &str, count: usize) -> Option<&str> {
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (part.len() == count && part.bytes().all(digit)).then_some(part)
}

/// The state of all fields together; one that is malformed is none.
fn state(headers: &HeaderMap) -> TraceState {
    let fields: Option<Vec<&str>> = headers.get_all(STATE).iter().map(|value| value.to_str().ok()).collect();
    fields
        .map(|fields| fields.join(","))
        .filter(|text| are_pairs(text))
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

/// The parser of states takes names and values that are empty.
fn are_pairs(list: &str) -> bool {
    let is_pair =
        |member: &str| member.split_once('=').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty());
    list.split(',').map(str::trim).filter(|member| !member.is_empty()).all(is_pair)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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
            let found = trace_id(&fields(&[&parent], &[])).map(|id| id.to_string());
            assert_eq!(found.as_deref(), read.then_some(TRACE), "{parent}");
        }
        assert_eq!(trace_id(&fields(&[&good, &good], &[])), None, "twice");
        assert_eq!(trace_id(&fields(&[], &["a=b"])), None);
    }

    #[test]
    fn flags_and_state_are_passed_on_and_what_is_malformed_is_not() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-ff");
        let span = remote_span(&fields(&[&parent], &["a=1", "b=2"])).unwrap();
        assert!(span.is_sampled() && span.is_remote());
        let mut put_on = fields(&["old"], &["old=1", "old=2"]);
        put(&span, &mut put_on);
        assert_eq!(put_on, fields(&[&format!("00-{TRACE}-00f067aa0ba902b7-01")], &["a=1,b=2"]));

        let mut copied = HeaderMap::new();
        copy(&fields(&["00-bad"], &["a=1"]), &mut copied);
        assert!(copied.is_empty());
        let good = fields(&[&parent], &["a=1", "b=2"]);
        copy(&good, &mut copied);
        assert_eq!(copied, good);
        let without = remote_span(&fields(&[&parent], &["="])).unwrap();
        assert_eq!(without.trace_state().header(), "");
    }
}
