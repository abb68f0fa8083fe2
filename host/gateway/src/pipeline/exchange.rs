//! What is known of one request, from its head to its end, and reported when it ends.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Method, Response, StatusCode};
use solgate::Request;
use solgate::fault::Fault;
use solgate::gate::Gate;
use solgate::record::RefusedRequest;
use solgate::request::Caller;
use solgate::trace_context;
use solgate_telemetry::decisions::Sent;
use solgate_telemetry::line::{RequestLine, micros};
use solgate_telemetry::record_file::{Also, HeldRecord};
use solgate_telemetry::spans::{RequestSpan, UpstreamSpan};

use super::arrival::Arrival;
use super::reporter::Reporter;
use crate::by_upstream::Upstream;

/// One request and what becomes of it. The request is reported when this is dropped: when
/// it has been answered, or when the client has left.
pub struct Exchange {
    pub(super) line: RequestLine,
    /// The request's, if spans are made.
    pub(super) span: Option<RequestSpan>,
    /// The decision, to be recorded when the request has ended.
    pub(super) record: Option<HeldRecord>,
    /// The VNFM that it is for, as soon as that is known.
    pub(super) upstream: Upstream,
    pub(super) reporter: Arc<Reporter>,
    arrival: Arrival,
}

impl Exchange {
    pub(super) fn begin(
        reporter: &Arc<Reporter>,
        id: String,
        arrival: Arrival,
        peer: Option<IpAddr>,
        (method, target): (&str, &str),
        headers: &HeaderMap,
    ) -> Self {
        let mut line = RequestLine::new(id, peer, arrival.time, method, target);
        let spans = reporter.spans.as_ref();
        let span = spans.map(|spans| spans.request(headers, arrival.time, arrival.moment));
        line.within = match &span {
            Some(span) => Some(span.within()),
            None => trace_context::parent(headers),
        };
        Self { line, span, record: None, upstream: None, reporter: Arc::clone(reporter), arrival }
    }

    /// When the head was complete.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// What its line says so far.
    #[must_use]
    pub fn line(&self) -> &RequestLine {
        &self.line
    }

    /// So many bytes of the body have come.
    pub(super) fn received(&mut self, bytes: usize) {
        self.line.request_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    /// The request passes without being judged.
    pub(super) fn unjudged(&mut self, gate: &Gate, request: &Request) {
        self.line.unjudged(gate, request);
    }

    /// The request waits for its turn.
    pub(super) async fn waiting<T>(&self, turn: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let turn = turn.await;
        if let Some(span) = &self.span {
            span.waited(begun);
        }
        turn
    }

    /// The request is refused before it was judged, or although it was let pass; `gate` is
    /// the one that knows such requests.
    pub(super) fn refused(&mut self, fault: &Fault, gate: Option<&Gate>, request: &Refused<'_>) {
        self.failed(fault);
        // What was decided has a record already; what passed unjudged has none.
        if self.record.is_some() || !self.line.policies.is_empty() || fault.is_of_upstream() {
            return;
        }
        if let Some(gate) = gate {
            self.line.asked(gate, request.method, request.target);
        }
        if let Some(caller) = request.caller {
            self.line.called_by(caller);
        }
        let Some(records) = &self.reporter.records else { return };
        let RequestLine { operation, resource, request_bytes, time, .. } = &self.line;
        let refused = RefusedRequest {
            method: request.method,
            target: request.target,
            operation: operation.clone(),
            resource: resource.clone(),
            caller: request.caller,
            body_bytes: usize::try_from(*request_bytes).unwrap_or(usize::MAX),
            body_complete: request.body_complete,
            received_at: *time,
        };
        self.record = records.refused(&refused, fault);
    }

    /// The request ends with a fault.
    pub fn failed(&mut self, fault: &Fault) {
        self.line.failed(fault);
    }

    /// The request goes to the VNFM now, with these fields.
    #[must_use]
    pub fn forwarded(&self, method: &Method, vnfm: &Authority, headers: &mut HeaderMap) -> Forwarding {
        let sent = Instant::now();
        Forwarding { sent, span: self.span.as_ref().map(|span| span.forwarded(method, vnfm, headers)) }
    }

    /// The VNFM has answered, or has not.
    pub fn returned(&mut self, forwarding: Forwarding, answer: Result<StatusCode, &Fault>) {
        if let Some(span) = forwarding.span {
            span.end(answer);
        }
        self.line.micros.upstream = micros(forwarding.sent.elapsed());
        self.line.upstream_status = answer.ok().map(|status| status.as_u16());
    }

    /// The client gets an answer with this status.
    pub fn answered(&mut self, status: StatusCode) {
        self.line.status = Some(status.as_u16());
    }

    /// So many bytes of the answer's body are on their way to the client.
    pub fn sent(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.line.response_bytes = self.line.response_bytes.saturating_add(bytes);
    }

    /// The server that asks gets all of an answer for the client at once.
    pub fn answered_with(&mut self, answer: &Response<Bytes>) {
        self.answered(answer.status());
        self.sent(answer.body().len());
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        line.micros.total = micros(self.arrival.moment.elapsed());
        let sent = |sent| self.reporter.decisions.as_ref().and_then(|decisions| decisions.begin(sent, &line));
        match sent(Sent::Line) {
            Some(outgoing) => line.write_and(self.reporter.log, |text| outgoing.send(text)),
            None => line.write(self.reporter.log),
        }
        if let Some(record) = self.record.take() {
            let also = sent(Sent::Record).map(|outgoing| -> Also { Box::new(|text| outgoing.send(text.to_owned())) });
            record.offer(line.handling(), also);
        }
        if let Some(span) = self.span.take() {
            span.end(&line);
        }
        self.reporter.metrics.requests.ended(line, &self.upstream);
    }
}

/// What is known of a request that is refused.
pub(super) struct Refused<'a> {
    pub method: &'a str,
    pub target: &'a str,
    pub caller: Option<&'a Caller>,
    pub body_complete: bool,
}

/// A request on its way to the VNFM.
pub struct Forwarding {
    sent: Instant,
    span: Option<UpstreamSpan>,
}
