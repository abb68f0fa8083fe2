//! Conditions that are the same for every request.

use cel::{Context, Program, Value};
use solgate_engine::cel_env::check_expression;
use solgate_engine::ir::{Severity, SeveritySpec};

use super::Written;
use crate::diagnostic::Report;

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

/// The value of an expression that reads nothing.
fn constant(source: &str) -> Option<bool> {
    let info = check_expression(source).ok()?;
    if !info.variables.is_empty() {
        return None;
    }
    match Program::compile(source).ok()?.execute(&Context::default()) {
        Ok(Value::Bool(value)) => Some(value),
        _ => None,
    }
}
