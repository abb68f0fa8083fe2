//! What is reported of a request: metadata for Envoy's access log, Envoy's own counters, a
//! line, and a record.

use std::sync::Arc;
use std::time::Instant;

use solgate::Request;
use solgate::fault::Fault;
use solgate::gate::{Decision, Gate};
use solgate::record::{Outcome, RefusedRequest};
use solgate::trace_context;
use solgate_config::LogFormat;
use solgate_telemetry::line::{RequestLine, micros};
use solgate_telemetry::overrides;
use solgate_telemetry::record_file::HeldRecord;

use crate::door::Door;
use crate::envoy::{Making, Metric, Stream};

/// Where the decision stands among the dynamic metadata of a request.
const NAMESPACE: &str = "solgate";

/// What Envoy counts, for all requests of a filter.
pub struct Metrics {
    allow: Metric,
    deny: Metric,
    fault: Metric,
    unjudged: Metric,
    abandoned: Metric,
    /// Requests that were judged, in part at least, on a thread of the module's.
    aside: Metric,
    facts: Metric,
    facts_failed: Metric,
    evaluation: Metric,
}

impl Metrics {
    pub fn define(making: &Making) -> Self {
        Self {
            allow: making.counter("solgate_requests_allow"),
            deny: making.counter("solgate_requests_deny"),
            fault: making.counter("solgate_requests_fault"),
            unjudged: making.counter("solgate_requests_unjudged"),
            abandoned: making.counter("solgate_requests_abandoned"),
            aside: making.counter("solgate_judged_aside"),
            facts: making.counter("solgate_facts"),
            facts_failed: making.counter("solgate_facts_failed"),
            evaluation: making.histogram("solgate_evaluation_us"),
        }
    }

    pub fn aside(&self, stream: &Stream) {
        stream.count(self.aside);
    }

    fn outcome(&self, outcome: Outcome) -> Metric {
        match outcome {
            Outcome::Allow => self.allow,
            Outcome::Deny => self.deny,
            Outcome::Fault => self.fault,
            Outcome::Unjudged => self.unjudged,
            Outcome::Abandoned => self.abandoned,
        }
    }
}

/// One request and what becomes of it, written down when this is dropped.
pub struct Exchange {
    line: RequestLine,
    record: Option<HeldRecord>,
    begun: Instant,
    log: LogFormat,
}

impl Exchange {
    pub fn begin(id: String, request: &Request, log: LogFormat) -> Self {
        let address = request.caller.as_ref().and_then(|caller| caller.source_address.as_deref());
        let peer = address.and_then(|address| address.parse().ok());
        let mut line = RequestLine::new(id, peer, request.received_at, &request.method, &request.target);
        line.within = trace_context::parent(&request.headers);
        Self { line, record: None, begun: Instant::now(), log }
    }

    /// So many bytes of the body have come.
    pub fn received(&mut self, bytes: usize) {
        self.line.request_bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    }

    /// The gate is off.
    pub fn unjudged(&mut self, gate: &Gate, request: &Request) {
        self.line.unjudged(gate, request);
    }

    /// The gate has decided.
    pub fn decided(&mut self, door: &Door, gate: &Arc<Gate>, request: &Request, decision: &Decision) {
        self.line.decided(decision);
        if let Some(caller) = &request.caller {
            self.line.called_by(caller);
        }
        self.line.settings_digest = Some(Arc::clone(gate.settings_digest()));
        self.line.overrides = overrides::used(door.gate.config(), gate, decision);
        self.record = door.records().and_then(|records| records.hold(gate, request, decision));
    }

    /// The request ends with a fault of the gate.
    pub fn failed(&mut self, door: &Door, gate: &Gate, request: &Request, fault: &Fault) {
        self.line.failed(fault);
        if self.record.is_some() || !self.line.policies.is_empty() {
            return;
        }
        self.line.asked(gate, &request.method, &request.target);
        if let Some(caller) = &request.caller {
            self.line.called_by(caller);
        }
        let refused = RefusedRequest {
            method: &request.method,
            target: &request.target,
            operation: self.line.operation.clone(),
            resource: self.line.resource.clone(),
            caller: request.caller.as_ref(),
            body_bytes: request.body.len(),
            body_complete: request.body_complete,
            received_at: request.received_at,
        };
        self.record = door.records().and_then(|records| records.refused(&refused, fault));
    }

    /// Tells Envoy.
    pub fn show(&self, stream: &Stream, metrics: &Metrics) {
        let line = &self.line;
        let entries = [
            ("id", Some(line.id.as_str())),
            ("verdict", Some(line.verdict.as_str())),
            ("operation", line.operation.as_deref()),
            ("rule", line.rule.as_deref()),
        ];
        let entries: Vec<(&str, &str)> =
            entries.into_iter().filter_map(|(key, value)| value.map(|value| (key, value))).collect();
        stream.set_metadata(NAMESPACE, &entries);
        for finding in &line.findings {
            stream.add_metadata(
                NAMESPACE,
                "findings",
                &format!("{} {} {}", finding.severity, finding.rule, finding.at),
            );
        }
        for policy in &line.policies {
            stream.add_metadata(NAMESPACE, "policies", &format!("{} {}", policy.name, policy.digest));
        }
        stream.count(metrics.outcome(line.verdict));
        for fact in &line.facts {
            stream.count(metrics.facts);
            if fact.outcome == "unavailable" {
                stream.count(metrics.facts_failed);
            }
        }
        if line.micros.evaluation > 0 {
            stream.record(metrics.evaluation, line.micros.evaluation);
        }
    }

    /// The client has been answered, or has left.
    pub fn ended(&mut self, stream: &Stream, metrics: &Metrics) {
        let status = stream.number(crate::abi::RESPONSE_CODE).and_then(|status| u16::try_from(status).ok());
        self.line.status = status.filter(|status| *status > 0);
        if self.line.verdict == Outcome::Abandoned {
            stream.count(metrics.abandoned);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.line.micros.total = micros(self.begun.elapsed());
        self.line.write(self.log);
        if let Some(record) = self.record.take() {
            record.offer(self.line.handling(), None);
        }
    }
}
