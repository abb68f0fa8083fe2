//! The span of one request, and its children.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode};
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use solgate::facts::FactSource;
use solgate::fault::Fault;
use solgate::policy::PolicyId;
use solgate::trace_context::{Parent, TraceId};

use super::facts::TracedFacts;
use super::remote;
use crate::collector::attributes;
use crate::line::RequestLine;

/// Follows one request from its head to the end of its answer.
pub struct RequestSpan {
    span: Span,
    tracer: SdkTracer,
    /// This span, as the parent of others.
    context: Context,
    /// What is sent on for this request names a span of ours as its parent.
    own_parent: bool,
    /// One moment, by both clocks.
    moment: (Instant, SystemTime),
}

/// A request to the VNFM.
pub struct UpstreamSpan(Span);

impl RequestSpan {
    pub fn new(tracer: &SdkTracer, headers: &HeaderMap, received_at: SystemTime, at: Instant) -> Self {
        let sender = remote::span(headers);
        let known = sender.is_some();
        let parent = sender.map(|span| Context::new().with_remote_span_context(span)).unwrap_or_default();
        let builder = tracer.span_builder("request").with_kind(SpanKind::Server).with_start_time(received_at);
        let span = builder.start_with_context(tracer, &parent);
        let context = Context::new().with_remote_span_context(span.span_context().clone());
        // A trace that nobody looks at is passed on as it came.
        let own_parent = span.is_recording() || !known;
        Self { span, tracer: tracer.clone(), context, own_parent, moment: (at, received_at) }
    }

    /// Itself, as those name it that happen within it.
    #[must_use]
    pub fn within(&self) -> Parent {
        let context = self.span.span_context();
        let (trace, span) = (TraceId(context.trace_id().to_bytes()), context.span_id().to_bytes());
        Parent { trace, span, sampled: context.is_sampled() }
    }

    /// The request has waited since `begun` for others on the same resource.
    pub fn waited(&self, begun: Instant) {
        self.child("wait for turn", begun, Instant::now(), Vec::new());
    }

    /// A policy has looked at the request.
    pub fn evaluated(&self, policy: &PolicyId, begun: Instant, ended: Instant) {
        let attributes = vec![
            KeyValue::new("solgate.policy", policy.name.clone()),
            KeyValue::new("solgate.policy.digest", policy.digest.clone()),
        ];
        self.child("evaluate", begun, ended, attributes);
    }

    fn child(&self, name: &'static str, begun: Instant, ended: Instant, attributes: Vec<KeyValue>) {
        if self.span.is_recording() {
            let builder = self.tracer.span_builder(name).with_kind(SpanKind::Internal);
            let builder = builder.with_start_time(self.clock(begun)).with_attributes(attributes);
            builder.start_with_context(&self.tracer, &self.context).end_with_timestamp(self.clock(ended));
        }
    }

    /// `source` such that what it fetches is fetched in this trace; `None` if that is
    /// as it is, too.
    #[must_use]
    pub fn facts(&self, source: &Arc<dyn FactSource>) -> Option<TracedFacts> {
        let traced = || TracedFacts::new(Arc::clone(source), self.tracer.clone(), self.context.clone());
        self.own_parent.then(traced)
    }

    /// The request goes to the VNFM now, with these fields.
    #[must_use]
    pub fn forwarded(&self, method: &Method, vnfm: &Authority, headers: &mut HeaderMap) -> UpstreamSpan {
        let (name, mut attributes) = attributes::method(method.as_str());
        attributes.push(KeyValue::new("server.address", vnfm.host().to_owned()));
        if let Some(port) = vnfm.port_u16() {
            attributes.push(KeyValue::new("server.port", i64::from(port)));
        }
        let builder = self.tracer.span_builder(name.to_owned()).with_kind(SpanKind::Client);
        let span = builder.with_attributes(attributes).start_with_context(&self.tracer, &self.context);
        if self.own_parent {
            remote::put(span.span_context(), headers);
        }
        UpstreamSpan(span)
    }

    /// Ends the span, with what the line of the request says.
    pub fn end(mut self, line: &RequestLine) {
        if !self.span.is_recording() {
            return;
        }
        let (method, _) = attributes::method(&line.method);
        self.span.update_name(match &line.operation {
            Some(operation) => format!("{method} {operation}"),
            None => method.to_owned(),
        });
        self.span.set_attributes(attributes::of_line(line));
        if line.status.is_some_and(|status| status >= 500) {
            self.span.set_status(Status::error(""));
        }
        self.span.end();
    }

    /// The wall clock's time at a moment, consistent with the span's start even if that
    /// clock has been set.
    fn clock(&self, at: Instant) -> SystemTime {
        let (moment, time) = self.moment;
        time.checked_add(at.saturating_duration_since(moment)).unwrap_or(time)
    }
}

impl UpstreamSpan {
    /// Ends the span, with what came back.
    pub fn end(mut self, answer: Result<StatusCode, &Fault>) {
        match answer {
            Ok(status) => {
                let (status, mut attributes) = (status.as_u16(), Vec::new());
                let is_error = status >= 400;
                attributes::status(&mut attributes, status, is_error);
                self.0.set_attributes(attributes);
                if is_error {
                    self.0.set_status(Status::error(""));
                }
            }
            Err(fault) => {
                self.0.set_attribute(KeyValue::new("error.type", fault.id()));
                self.0.set_status(Status::error(""));
            }
        }
    }
}
