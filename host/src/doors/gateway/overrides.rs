//! What the operator has relaxed: gates that are off, and severities, some of
//! them until a certain time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::config::UpstreamConfig;
use super::current_gate::CurrentGate;
use super::decision_log::severity_name;
use super::gate_config::{GateConfig, GateMode, SeverityOverride};
use crate::gate::{Decision, Gate, Setting, Verdict};
use crate::record::RecordedOverride;

/// The clock may be set, so the end of an override is looked at this often.
const LOOK: Duration = Duration::from_secs(30);

/// What is relaxed is easily forgotten: it is named at every start.
pub fn report(upstreams: &[UpstreamConfig], now: SystemTime) {
    for upstream in upstreams.iter().filter(|upstream| upstream.gate.mode == GateMode::Off) {
        let upstream = upstream.url.authority().map(tracing::field::display);
        tracing::warn!(upstream, "the gate is off: requests pass without being judged");
    }
    for change in upstreams.iter().flat_map(|upstream| &upstream.gate.severities) {
        if change.has_expired(now) {
            expired(change);
        } else {
            let until = change.until.map(|until| humantime::format_rfc3339_seconds(until).to_string());
            tracing::info!(
                rule = change.rule,
                severity = severity_name(change.severity),
                reason = change.reason,
                until,
                "override holds"
            );
        }
    }
}

/// Ends each override at its time, for as long as the server runs.
pub async fn expire(gates: Vec<Arc<CurrentGate>>) {
    let mut looked = SystemTime::now();
    while let Some(next) = next_end(&gates, looked) {
        let left = next.duration_since(SystemTime::now()).unwrap_or_default();
        tokio::time::sleep(left.min(LOOK)).await;
        let now = SystemTime::now();
        for gate in &gates {
            let ended = || {
                gate.upstream
                    .gate
                    .severities
                    .iter()
                    .filter(|change| change.has_expired(now) && !change.has_expired(looked))
            };
            if ended().next().is_some() {
                gate.apply_settings(now);
                ended().for_each(expired);
            }
        }
        looked = now;
    }
}

/// The overrides in force under which a rule falls that the request has broken. One
/// that turns its rule off is never among them: the rule is not asked.
#[must_use]
pub fn used(config: &GateConfig, gate: &Gate, decision: &Decision) -> Vec<RecordedOverride> {
    if config.severities.is_empty() {
        return Vec::new();
    }
    let denied = match &decision.verdict {
        Verdict::Deny(problem) => problem.violations.as_slice(),
        Verdict::Allow => &[],
    };
    let broken = |rule: &str| {
        let violations = denied.iter().chain(decision.findings.iter().map(|finding| &finding.violation));
        violations.into_iter().any(|violation| violation.rule == rule)
    };
    let holds = |change: &SeverityOverride| {
        let wanted = Setting::Severity { rule: change.rule.clone(), severity: change.severity };
        gate.settings().contains(&wanted)
    };
    let used = config.severities.iter().filter(|change| broken(&change.rule) && holds(change));
    used.map(|change| RecordedOverride {
        rule: change.rule.clone(),
        severity: change.severity,
        reason: change.reason.clone(),
        until: change.until.map(|until| humantime::format_rfc3339_seconds(until).to_string()),
    })
    .collect()
}

/// The next time after `now` at which an override ends.
fn next_end(gates: &[Arc<CurrentGate>], now: SystemTime) -> Option<SystemTime> {
    let changes = gates.iter().flat_map(|gate| &gate.upstream.gate.severities);
    changes.filter_map(|change| change.until).filter(|until| *until > now).min()
}

fn expired(change: &SeverityOverride) {
    tracing::warn!(
        rule = change.rule,
        severity = severity_name(change.severity),
        reason = change.reason,
        "override has expired and does not hold; remove it"
    );
}
