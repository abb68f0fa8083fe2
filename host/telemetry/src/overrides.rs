//! What the operator has relaxed, as lines and records name it.

use solgate::gate::{Decision, Gate, Setting, Verdict};
use solgate::policy::PolicyId;
use solgate::record::RecordedOverride;
use solgate_config::{GateConfig, SeverityOverride};

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
        // An override may be for the rule of one policy, whose name it then begins with.
        let of_policy = |policy: &PolicyId| rule.strip_prefix(&*policy.name)?.strip_prefix('.');
        let bare: Vec<&str> = decision.policies.iter().filter_map(|policy| of_policy(policy)).collect();
        violations.into_iter().any(|violation| violation.rule == rule || bare.contains(&violation.rule.as_str()))
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
