//! Why a rule came out as it did, in lines: its expressions, and what their parts are.

use solgate_engine::ir::{Require, Rule, RuleKind};
use solgate_engine::trace::{Because, FaultPlace, Lacking, RuleResult, RuleTrace};

/// The lines below a rule that failed, could not be evaluated, or did not apply; none if
/// there is nothing to show.
#[must_use]
pub fn lines(rule: &RuleTrace, definition: Option<&Rule>) -> Vec<String> {
    let Some(require) = definition.and_then(require) else { return Vec::new() };
    let mut lines = match &rule.result {
        RuleResult::Excluded => require.when.iter().map(|when| format!("when {}", flat(when))).collect(),
        RuleResult::Failed | RuleResult::Held { .. } | RuleResult::NotEvaluated { place: None, .. } => whole(require),
        RuleResult::NotEvaluated { place: Some(place), .. } => faulty(require, place),
        _ => return Vec::new(),
    };
    lines.extend(rule.values.iter().map(|part| format!("{} is {}", part.expression, part.value)));
    lines
}

/// What became of a rule that neither failed nor has an error, in words.
#[must_use]
pub fn outcome(result: &RuleResult) -> String {
    match result {
        RuleResult::Off => "it is off".to_owned(),
        RuleResult::Excluded => "its `when` does not hold".to_owned(),
        RuleResult::NotApplicable(because) => reason(*because).to_owned(),
        RuleResult::Held { items: Some(0) } => "its `forEach` has no items".to_owned(),
        RuleResult::Held { .. } => "it holds".to_owned(),
        RuleResult::Failed => "it failed".to_owned(),
        RuleResult::NotEvaluated { error, .. } => error.clone(),
        RuleResult::Waits { facts } => format!("it waits for {}", facts.join(", ")),
        RuleResult::LeftOut { fact, answer } => format!("it looks at {fact}, and {}", lacking(*answer)),
    }
}

pub(super) fn reason(because: Because) -> &'static str {
    match because {
        Because::NoIfMatch => "the request has no If-Match field",
        Because::NoEtag => "the VNFM or NFVO sent no ETag",
        Because::UnreadableBody => "the body could not be read",
        Because::InvalidBody => "it cannot be evaluated on a body that its schema refuses",
    }
}

pub(super) fn lacking(answer: Lacking) -> &'static str {
    match answer {
        Lacking::Absent => "the VNFM or NFVO does not know it",
        Lacking::Withheld => "the caller may not read it",
        Lacking::Unavailable => "the VNFM or NFVO gave no usable answer",
        Lacking::Unasked => "what it is asked for by is not there",
    }
}

pub(super) fn require(rule: &Rule) -> Option<&Require> {
    match &rule.kind {
        RuleKind::Require(require) => Some(require),
        _ => None,
    }
}

fn whole(require: &Require) -> Vec<String> {
    let mut lines = variables(require, None);
    lines.extend(require.for_each.iter().map(|list| format!("for each of {}", flat(list))));
    lines.push(format!("require {}", flat(&require.require)));
    lines
}

/// The member that cannot be evaluated, and the variables before it.
fn faulty(require: &Require, place: &FaultPlace) -> Vec<String> {
    let member = place.member.as_str();
    let mut lines = variables(require, Some(member));
    let source = match member {
        "when" => require.when.as_deref(),
        "forEach" => require.for_each.as_deref(),
        "require" => Some(require.require.as_str()),
        _ => None,
    };
    lines.extend(source.map(|source| format!("{member} {}", flat(source))));
    let item = place.item.map_or_else(String::new, |item| format!(", for the item {item} of {}", for_each(require)));
    match &place.part {
        Some(part) => lines.push(format!("in {member} this cannot be evaluated: {part}{item}")),
        None => lines.push(format!("{member} cannot be evaluated{item}")),
    }
    lines
}

fn for_each(require: &Require) -> String {
    require.for_each.as_deref().map(flat).unwrap_or_default()
}

/// The variables of a rule, up to one that cannot be evaluated.
fn variables(require: &Require, until: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    if until == Some("when") && !require.when.as_deref().is_some_and(|when| when.contains("variables.")) {
        return lines;
    }
    for (name, expression) in &require.variables {
        let name = format!("variables.{name}");
        lines.push(format!("{} = {}", name.trim_start_matches("variables."), flat(expression)));
        if until == Some(name.as_str()) {
            break;
        }
    }
    lines
}

/// An expression on one line.
pub(super) fn flat(expression: &str) -> String {
    expression.split_whitespace().collect::<Vec<_>>().join(" ")
}
