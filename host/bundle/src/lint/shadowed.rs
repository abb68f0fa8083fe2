//! Rules that can never be the first to fail, because another asks the same.

use std::collections::BTreeSet;

use solgate_document::diagnostic::Report;
use solgate_engine::ir::{Require, RuleKind, Severity, SeveritySpec};

use super::Written;

/// Most options whose combinations are tried out.
const MAX_OPTIONS: usize = 8;

pub(super) fn check(rules: &[Written<'_>], report: &mut Report) {
    for (index, later) in rules.iter().enumerate() {
        for earlier in rules.iter().take(index) {
            let Some(operation) = common_operation(earlier, later) else { continue };
            if !are_both_on(&earlier.rule.severity, &later.rule.severity) {
                continue;
            }
            let (by, of) = match (&earlier.rule.kind, &later.rule.kind) {
                (RuleKind::Exists { fact: a }, RuleKind::Exists { fact: b }) if a == b => (earlier, later),
                (RuleKind::IfMatch { facts: a }, RuleKind::IfMatch { facts: b }) if a == b => (earlier, later),
                (RuleKind::Require(a), RuleKind::Require(b)) if covers(a, b) => (earlier, later),
                (RuleKind::Require(a), RuleKind::Require(b)) if covers(b, a) => (later, earlier),
                _ => continue,
            };
            report
                .warning(
                    of.at,
                    format!(
                        "`{}` can never be the first to fail in `{operation}`: whenever it fails, `{}` also fails",
                        of.rule.id, by.rule.id
                    ),
                )
                .hint("remove one of the two, or name other `operations`")
                .related(by.at, "the other rule");
        }
    }
}

fn common_operation<'a>(a: &Written<'a>, b: &Written<'a>) -> Option<&'a str> {
    a.operations.iter().map(|op| op.def.id.as_str()).find(|id| b.operations.iter().any(|op| op.def.id == *id))
}

/// Whether `a` fails whenever `b` does, and no later.
fn covers(a: &Require, b: &Require) -> bool {
    let guards = a.when.is_none() || a.when.as_deref().map(str::trim) == b.when.as_deref().map(str::trim);
    guards
        && a.stage <= b.stage
        && a.require.trim() == b.require.trim()
        && a.variables == b.variables
        && a.for_each == b.for_each
}

/// Whether any setting of the options has both rules on.
fn are_both_on(a: &SeveritySpec, b: &SeveritySpec) -> bool {
    let names: BTreeSet<&str> = a.by_option.iter().chain(&b.by_option).map(|(name, _)| name.as_str()).collect();
    let names: Vec<&str> = names.into_iter().take(MAX_OPTIONS).collect();
    (0..1_usize << names.len()).any(|setting| {
        let is_true =
            |name: &str| names.iter().position(|known| *known == name).is_some_and(|at| setting >> at & 1 == 1);
        let severity = |spec: &SeveritySpec| {
            spec.by_option.iter().find(|(name, _)| is_true(name)).map_or(spec.default, |(_, severity)| *severity)
        };
        severity(a) != Severity::Off && severity(b) != Severity::Off
    })
}
