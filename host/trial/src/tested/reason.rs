//! Why a case fails: the rules that came out otherwise than it expects, with their
//! expressions and the values of their parts.

use std::collections::BTreeSet;

use solgate_author::explain::reason::{lines, outcome};
use solgate_bundle::watch::traces;
use solgate_cases::{Case, Difference, NoVerdict, Verdict};
use solgate_engine::Engine;
use solgate_engine::ir::Rule;
use solgate_engine::trace::{RuleResult, RuleTrace, Trace};
use solgate_engine::verdict::Severity;

/// Most rules that are shown for one case.
const MOST: usize = 8;

/// Why a rule came out as it did.
pub struct Reason {
    pub rule: String,
    /// What became of the rule, in words.
    pub what: String,
    /// The expressions of the rule, and what their parts are.
    pub lines: Vec<String>,
}

/// The rules that a case's failure is about: those that could not be evaluated, those that
/// failed against its expectation, and those that did not.
pub fn of_differences(engine: &Engine, case: &Case, differences: &[Difference]) -> Vec<Reason> {
    let traces = traces(engine, case);
    let mut reasons = Vec::new();
    let (mut unexpected, mut missing) = (BTreeSet::new(), BTreeSet::new());
    let mut names_rules = false;
    for difference in differences {
        if let Difference::Names { of, expected, found } = difference
            && *of != solgate_cases::Names::Asks
        {
            names_rules |= *of == solgate_cases::Names::Rules;
            unexpected.extend(found.difference(expected).cloned());
            missing.extend(expected.difference(found).cloned());
        }
    }
    let is_denied = differences.iter().any(|one| matches!(one, Difference::Verdict { found: Verdict::Deny(_), .. }));
    for rule in entries(&traces) {
        let error = match &rule.result {
            RuleResult::NotEvaluated { error, .. } => Some(format!("could not be evaluated: {error}")),
            RuleResult::Failed if unexpected.contains(&rule.rule) => Some("failed".to_owned()),
            RuleResult::Failed if is_denied && !names_rules && rule.severity == Severity::Deny => {
                Some("failed".to_owned())
            }
            result if missing.contains(&rule.rule) => Some(format!("did not fail: {}", outcome(result))),
            _ => None,
        };
        missing.remove(&rule.rule);
        let reason = error.map(|what| reason(engine, rule, what));
        // Of a rule without a condition the answer says all that there is to say.
        let is_told = |reason: &Reason| reason.lines.is_empty() && rule.result == RuleResult::Failed;
        reasons.extend(reason.filter(|reason| !is_told(reason)));
    }
    for rule in missing {
        let what = unseen(engine, &rule, &traces);
        reasons.push(Reason { rule, what, lines: Vec::new() });
    }
    reasons.truncate(MOST);
    reasons
}

/// The rules that wait for a fact that a case does not give.
pub fn of_no_verdict(engine: &Engine, case: &Case, reason: &NoVerdict) -> Vec<Reason> {
    let NoVerdict::FactMissing(fact) = reason else { return Vec::new() };
    let traces = traces(engine, case);
    let waits = |rule: &&RuleTrace| matches!(&rule.result, RuleResult::Waits { facts } if facts.contains(fact));
    let stages = traces.last().into_iter().flat_map(|trace| &trace.stages);
    let rules = stages.flat_map(|stage| &stage.rules).filter(waits).take(MOST);
    rules.map(|rule| self::reason(engine, rule, format!("reads {fact}"))).collect()
}

fn reason(engine: &Engine, rule: &RuleTrace, what: String) -> Reason {
    Reason { rule: rule.rule.clone(), what, lines: lines(rule, definition(engine, &rule.rule)) }
}

fn definition<'e>(engine: &'e Engine, rule: &str) -> Option<&'e Rule> {
    engine.bundle().rules.iter().find(|known| known.id == rule)
}

/// What became of each rule in the end, in the order in which they were looked at.
fn entries(traces: &[Trace]) -> Vec<&RuleTrace> {
    let mut entries: Vec<&RuleTrace> = Vec::new();
    let rules = traces.iter().flat_map(|trace| &trace.stages).flat_map(|stage| &stage.rules);
    for rule in rules {
        match entries.iter_mut().find(|known| known.rule == rule.rule) {
            Some(known) if !matches!(known.result, RuleResult::Failed) => *known = rule,
            Some(_) => {}
            None => entries.push(rule),
        }
    }
    entries
}

/// Why a rule was not even looked at.
fn unseen(engine: &Engine, rule: &str, traces: &[Trace]) -> String {
    let last = traces.last();
    let operation = last.and_then(|trace| trace.operation.as_deref());
    match (definition(engine, rule), operation) {
        (Some(definition), Some(operation))
            if !definition.operations.is_empty() && !definition.operations.iter().any(|known| known == operation) =>
        {
            format!("was not looked at: it is not for the operation {operation}")
        }
        (_, None) => "was not looked at: the request leads to no operation".to_owned(),
        _ => match last.and_then(|trace| trace.ended_by) {
            Some(stage) => format!("was not looked at: the stage {} denied before", stage.name()),
            None => "was not looked at: the request has nothing that it is about".to_owned(),
        },
    }
}
