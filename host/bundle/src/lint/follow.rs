//! A rule's expressions in the order of evaluation.

use solgate_document::source::Sources;
use solgate_document::yaml::Node;

use crate::expression::{Flow, Known, Origin, Read};
use crate::types;

/// What the expressions of a rule read.
pub(super) struct Followed {
    /// All reads; those of the detail come last.
    pub reads: Vec<Read>,
    /// How many of them belong to what decides.
    pub deciding: usize,
    /// What the text of the detail is made of.
    pub detail: Vec<Origin>,
}

pub(super) fn follow(rule: &Node, sources: &Sources) -> Followed {
    let mut flow = Flow::default();
    let guard = rule.get("when");
    let variables_first = guard.is_some_and(types::reads_variables);
    let mut known = Known::default();
    if variables_first {
        define(rule, &mut flow, &known, sources);
    }
    if let Some(guard) = guard {
        let (_, truths) = flow.expression(guard, &known, sources);
        known = known.and(&truths.when_true);
    }
    if !variables_first {
        define(rule, &mut flow, &known, sources);
    }
    if let Some(items) = rule.get("forEach") {
        let (list, _) = flow.expression(items, &known, sources);
        flow.go_through(&list);
    }
    if let Some(require) = rule.get("require") {
        let (_, truths) = flow.expression(require, &known, sources);
        known = known.and(&truths.when_false);
    }
    let deciding = flow.reads.len();
    let detail = rule.get("otherwise").and_then(|otherwise| otherwise.get("detail"));
    let detail = detail.map(|detail| flow.expression(detail, &known, sources).0).unwrap_or_default();
    Followed { reads: flow.reads, deciding, detail }
}

fn define(rule: &Node, flow: &mut Flow, known: &Known, sources: &Sources) {
    for (key, node) in rule.get("variables").and_then(Node::as_map).unwrap_or_default() {
        let (value, truths) = flow.expression(node, known, sources);
        flow.define(&key.name, value, truths);
    }
}
