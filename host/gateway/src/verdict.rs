//! Asks the gate about one request, and notes what it says: the part of a door that
//! is the same wherever a request came from.

use std::sync::Arc;
use std::time::Instant;

use solgate::Request;
use solgate::fault::Fault;
use solgate::gate::{Decision, Gate, Observer};
use solgate::policy::Policy;
use solgate::record::Handling;
use solgate_telemetry::decision_log::Record;
use solgate_telemetry::record_file::{HeldRecord, RecordFile};
use solgate_telemetry::spans::RequestSpan;

use super::current_gate::CurrentGate;
use super::metrics::Metrics;
use super::overrides;
use super::policy_metrics::Role;

/// Where a verdict is noted.
#[derive(Clone, Copy)]
pub struct Notes<'a> {
    pub metrics: &'a Metrics,
    pub record_file: Option<&'a RecordFile>,
    /// The request's, if spans are made.
    pub span: Option<&'a RequestSpan>,
}

impl Notes<'_> {
    /// Judges a request and enters the decision in its line. What is returned beside
    /// the decision waits for the request's end, to be recorded.
    pub async fn judge(
        self,
        current: &CurrentGate,
        gate: &Arc<Gate>,
        request: &Request,
        line: &mut Record,
    ) -> (Decision, Option<HeldRecord>) {
        let mut watching = Watching { notes: self, faults: Vec::new() };
        let decision = match self.span.and_then(|span| span.facts(gate.facts())) {
            Some(traced) => gate.judge_observed(request, &traced, &mut watching).await,
            None => gate.judge_observed(request, &**gate.facts(), &mut watching).await,
        };
        line.decided(&decision);
        let named = line.rule.iter().chain(line.findings.iter().map(|finding| &finding.rule));
        let unknown = |rule: &&String| !gate.declares(rule) && !watching.faults.contains(&rule.as_str());
        line.undeclared = named.filter(unknown).cloned().collect();
        if let Some(caller) = &request.caller {
            line.called_by(caller);
        }
        line.settings_digest = Some(Arc::clone(gate.settings_digest()));
        line.overrides = overrides::used(&current.upstream.gate, gate, &decision);
        if let Some(shadow) = &current.shadow {
            shadow.offer(line, gate, request, &decision);
        }
        self.metrics.judged(&decision);
        let held = self.record_file.and_then(|file| file.hold(gate, request, &decision));
        (decision, held)
    }
}

/// What the line of a request that has ended adds to the record of its decision.
#[must_use]
pub fn handling(line: &Record) -> Handling {
    Handling {
        id: Some(line.id.clone()),
        trace_id: line.trace_id.map(|id| id.to_string()),
        overrides: line.overrides.clone(),
        upstream_status: line.upstream_status,
        upstream_fault: line.upstream_fault.map(str::to_owned),
    }
}

/// Notes what happens while a request is judged.
struct Watching<'a> {
    notes: Notes<'a>,
    /// The ids of those that there were.
    faults: Vec<&'static str>,
}

impl Observer for Watching<'_> {
    fn evaluated(&mut self, policy: &Policy, begun: Instant, ended: Instant) {
        if let Some(span) = self.notes.span {
            span.evaluated(policy.id(), begun, ended);
        }
    }

    fn failed(&mut self, fault: &Fault) {
        self.notes.metrics.policies(Role::Live).fault(fault);
        self.faults.push(fault.id());
    }
}
