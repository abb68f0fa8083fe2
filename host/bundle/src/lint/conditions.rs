//! Conditions that are the same for every request.

use solgate_document::diagnostic::Report;
use solgate_engine::ir::{Severity, SeveritySpec};

use super::Written;
use crate::expression::parsed;

/// A guard that never holds, and a requirement that always does. A requirement
/// that never holds is a way to refuse an operation.
pub(super) fn check(rule: &Written<'_>, report: &mut Report) {
    let Some(require) = rule.require() else { return };
    // Such a rule stands there to be read.
    if rule.rule.severity == (SeveritySpec { default: Severity::Off, by_option: Vec::new() }) {
        return;
    }
    let off = "`severity: off` switches a rule off";
    if require.when.as_deref().and_then(constant) == Some(false) {
        report.warning(rule.at_member("when"), "this guard is never true, so the rule never runs").hint(off);
    }
    if constant(&require.require) == Some(true) {
        report.warning(rule.at_member("require"), "this is always true, so the rule never fails").hint(off);
    }
}

/// The value of an expression of a sound rule that reads nothing.
fn constant(source: &str) -> Option<bool> {
    parsed(source).ok().and_then(|parsed| parsed.constant())
}
