//! Asks a gate about one request, and notes what it says.

use std::sync::Arc;
use std::time::Instant;

use solgate::Request;
use solgate::fault::Fault;
use solgate::gate::{Decision, Gate, Observer};
use solgate::policy::Policy;
use solgate_telemetry::decisions::Sent;
use solgate_telemetry::overrides;
use solgate_telemetry::spans::RequestSpan;

use super::exchange::Exchange;
use crate::policy_metrics::{PolicyMetrics, Role};
use crate::routes::Route;

/// Has the gate judge a request and notes the decision: in the line, for the shadow,
/// among the metrics, and for the record, which waits for the end of the request.
pub async fn judge<F>(exchange: &mut Exchange, route: &Route<F>, gate: &Arc<Gate>, request: &Request) -> Decision {
    let Exchange { span, reporter, .. } = &mut *exchange;
    let span = span.as_ref();
    let mut noting = Noting { policies: reporter.metrics.policies(Role::Live), span, faults: Vec::new() };
    let decision = match span.and_then(|span| span.facts(gate.facts())) {
        Some(traced) => gate.judge_observed(request, &traced, &mut noting).await,
        None => gate.judge_observed(request, &**gate.facts(), &mut noting).await,
    };
    let faults = noting.faults;
    note(exchange, route, gate, request, &decision, &faults);
    decision
}

/// Notes a decision: in the line, for the shadow, among the metrics, and for the record.
/// The faults are those that there were.
pub fn note<F>(
    exchange: &mut Exchange,
    route: &Route<F>,
    gate: &Arc<Gate>,
    request: &Request,
    decision: &Decision,
    faults: &[&'static str],
) {
    let Exchange { line, record, reporter, .. } = exchange;
    line.decided(decision);
    let named = line.rule.iter().chain(line.findings.iter().map(|finding| &finding.rule));
    let unknown = |rule: &&String| !gate.declares(rule) && !faults.contains(&rule.as_str());
    line.undeclared = named.filter(unknown).cloned().collect();
    if let Some(caller) = &request.caller {
        line.called_by(caller);
    }
    line.settings_digest = Some(Arc::clone(gate.settings_digest()));
    line.overrides = overrides::used(&route.gate.upstream.gate, gate, decision);
    if let Some(shadow) = &route.shadow {
        let decisions = reporter.decisions.as_ref();
        let outgoing = decisions.and_then(|decisions| decisions.begin(Sent::ShadowLine, line));
        shadow.offer(line, gate, request, decision, outgoing);
    }
    reporter.metrics.requests.judged(decision);
    *record = reporter.records.as_ref().and_then(|records| records.hold(gate, request, decision));
}

/// Notes what happens while a request is judged.
struct Noting<'a> {
    policies: &'a PolicyMetrics,
    span: Option<&'a RequestSpan>,
    /// The ids of those that there were.
    faults: Vec<&'static str>,
}

impl Observer for Noting<'_> {
    fn evaluated(&mut self, policy: &Policy, begun: Instant, ended: Instant) {
        if let Some(span) = self.span {
            span.evaluated(policy.id(), begun, ended);
        }
    }

    fn failed(&mut self, fault: &Fault) {
        self.policies.fault(fault);
        self.faults.push(fault.id());
    }
}
