//! Spans of others: the span of whoever sent a request, and how our span is named to
//! whoever gets one.

use http::{HeaderMap, HeaderValue};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use solgate::trace_context::{PARENT, STATE, parent};

/// The sender's span, in which the request was made.
pub fn span(headers: &HeaderMap) -> Option<SpanContext> {
    let parent = parent(headers)?;
    let flags = if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    let (trace, span) = (TraceId::from_bytes(parent.trace.0), SpanId::from_bytes(parent.span));
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

/// The state of all fields together; one that is malformed does not count.
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

    fn fields(parent: &str, states: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(PARENT, HeaderValue::from_str(parent).unwrap());
        for state in states {
            headers.append(STATE, HeaderValue::from_str(state).unwrap());
        }
        headers
    }

    #[test]
    fn flags_and_state_are_passed_on_and_what_is_malformed_is_not() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-ff");
        let sender = span(&fields(&parent, &["a=1", "b=2"])).unwrap();
        assert!(sender.is_sampled() && sender.is_remote());
        assert_eq!(sender.trace_id().to_string(), TRACE);
        let mut put_on = fields("old", &["old=1", "old=2"]);
        put(&sender, &mut put_on);
        assert_eq!(put_on, fields(&format!("00-{TRACE}-00f067aa0ba902b7-01"), &["a=1,b=2"]));
        let without = span(&fields(&parent, &["="])).unwrap();
        assert_eq!(without.trace_state().header(), "");
    }
}
