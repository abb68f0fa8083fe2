//! Puts the values of the bundle's functions in the place of their calls.

use solgate_document::diagnostic::Report;
use solgate_document::yaml::{Node, Value};

use super::Written;
use crate::expression;
use crate::policy::{Policy, connect};

/// The expressions of rules, and the variables that they share, become what they would be
/// without functions.
pub(crate) fn expand(rules: &mut [Written], policy: &mut Policy, report: &mut Report) {
    let functions = &mut policy.functions;
    for (name, value) in functions.own_values(&report.sources) {
        if let Err(error) = expression::parse(&value) {
            expression::refuse(&value, &error, functions, report);
            functions.is_refused(&name);
        }
    }
    if functions.iter().next().is_some() {
        for shared in &mut policy.shared {
            functions.expand(&mut shared.node, report);
        }
        for rule in rules {
            expressions(rule.node_mut(), &mut |node| functions.expand(node, report));
        }
        functions.warn_of_unused(report);
    }
    connect(&mut policy.shared, report);
}

/// Calls something for each expression of a rule.
fn expressions(rule: &mut Node, visit: &mut impl FnMut(&mut Node)) {
    for name in ["when", "forEach", "require"] {
        rule.get_mut(name).into_iter().for_each(&mut *visit);
    }
    rule.get_mut("otherwise").and_then(|otherwise| otherwise.get_mut("detail")).into_iter().for_each(&mut *visit);
    if let Some(Value::Map(variables)) = rule.get_mut("variables").map(|variables| &mut variables.value) {
        variables.iter_mut().for_each(|(_, node)| visit(node));
    }
}
