//! Values that do not have the type with which an expression was checked: what the VNFM
//! answers against its own API, and a body that breaks a schema whose rule only warns.
//!
//! An expression whose types fit can be evaluated for all values that have them, so nothing
//! is looked at before it is evaluated, and nothing is spent on values that are right. Only
//! once an evaluation has failed is it asked whether the values are to blame.

use super::{call::Call, content::Content};
use crate::{
    cel_env::{FactValue, parse_expression},
    ir::{Require, RuleKind},
    rules::Expression,
    schema,
};

/// What does not have its type.
pub(super) enum Misfit {
    /// The body, at this place.
    Body(String),
    /// A fact, by its index.
    Fact(usize),
}

/// The value because of which a rule could not be evaluated, if a value it is.
#[cold]
pub(super) fn find(
    call: &Call<'_>,
    expression: &Expression,
    content: Option<&Content<'_>>,
    facts: &[FactValue<'_>],
) -> Option<Misfit> {
    let faults = content.map(Content::faults).unwrap_or_default();
    if expression.reads_body && !faults.is_empty() {
        let read = read_in_body(require(call, expression)?);
        // Of a body that is wrong throughout not every place is known.
        let is_all = faults.len() < call.violations();
        let fault = faults.iter().find(|fault| read.iter().any(|path| overlap(path, fault)));
        if let Some(fault) = fault.or_else(|| faults.first().filter(|_| !is_all)) {
            return Some(Misfit::Body(fault.clone()));
        }
    }
    let mut read = expression.guard_facts.iter().chain(&expression.facts).chain(&expression.on_demand).copied();
    read.find(|fact| {
        call.bundle.ir.facts.get(*fact).is_some_and(|definition| {
            let value = facts.iter().find(|value| value.name == definition.name);
            let schema = call.bundle.ir.answers.get(&definition.name);
            value.zip(schema).is_some_and(|(value, schema)| !schema::fits(schema, value.body.root()))
        })
    })
    .map(Misfit::Fact)
}

fn require<'c>(call: &'c Call<'_>, expression: &Expression) -> Option<&'c Require> {
    let id = &call.bundle.rules.get(expression.rule)?.id;
    call.bundle.ir.rules.iter().find_map(|rule| match &rule.kind {
        RuleKind::Require(require) if rule.id == *id => Some(&**require),
        _ => None,
    })
}

/// The paths in the body that a rule reads; `[]` stands for any item.
fn read_in_body(require: &Require) -> Vec<Vec<String>> {
    let variables = require.variables.iter().map(|(_, source)| source);
    let sources = require.when.iter().chain(variables).chain(&require.for_each).chain([&require.require]);
    let mut paths = Vec::new();
    for parsed in sources.filter_map(|source| parse_expression(source).ok()) {
        let info = parsed.info();
        if info.whole.iter().any(|name| name == "body") {
            paths.push(Vec::new());
        }
        let of_body =
            info.selections.iter().filter(|selection| selection.path.first().is_some_and(|root| root == "body"));
        paths.extend(of_body.map(|selection| selection.path.iter().skip(1).cloned().collect()));
    }
    paths
}

/// Whether one of two places lies in the other, or both are the same.
fn overlap(path: &[String], pointer: &str) -> bool {
    let segments = pointer.split('/').skip(1);
    path.iter()
        .zip(segments)
        .all(|(step, segment)| step == "[]" || *step == segment.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn a_place_in_the_other_is_told_from_one_beside_it() {
        let path = |steps: &[&str]| steps.iter().map(|step| (*step).to_owned()).collect::<Vec<_>>();
        assert!(overlap(&path(&["a", "[]", "b"]), "/a/0/b") && overlap(&path(&["a", "[]", "b"]), "/a"));
        assert!(overlap(&path(&["a"]), "/a/0/b") && overlap(&path(&[]), "/x") && overlap(&path(&["a"]), ""));
        assert!(overlap(&path(&["a/b"]), "/a~1b"));
        assert!(!overlap(&path(&["a", "[]", "b"]), "/a/0/c") && !overlap(&path(&["a"]), "/b"));
    }
}
