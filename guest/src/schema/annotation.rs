//! `x-rule`: the rule that a fault of a schema node breaks.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::trace::{Trace, resolve};
use crate::error::InitError;

const X_RULE: &str = "x-rule";

/// Rules by name, as one operation sees them.
pub(super) struct Names {
    rules: BTreeMap<String, usize>,
}

/// The rule of a fault and, perhaps, its ready-made explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found<'s> {
    pub rule: usize,
    pub detail: Option<&'s str>,
}

impl Names {
    /// All rules, with those that the operation's map renames.
    pub(super) fn new(
        rules: &BTreeMap<String, usize>,
        map: &BTreeMap<String, String>,
        operation: &str,
    ) -> Result<Self, InitError> {
        let mut names = rules.clone();
        for (from, to) in map {
            let index = rules.get(to).ok_or_else(|| InitError::UnknownRule {
                rule: to.clone(),
                place: format!("the x-rule-map of the operation {operation}"),
            })?;
            names.insert(from.clone(), *index);
        }
        Ok(Self { rules: names })
    }

    fn find<'s>(&self, annotation: &'s Value, id: &str) -> Option<Found<'s>> {
        let rule = *self.rules.get(id)?;
        Some(Found { rule, detail: annotation.get("detail").and_then(Value::as_str) })
    }
}

/// The rule of a fault of `keyword` at the end of a trace: that of the innermost
/// node with an annotation that says something about it.
pub(super) fn rule_of<'s>(trace: &Trace<'s>, keyword: &str, names: &Names) -> Option<Found<'s>> {
    let depth = trace.last()?.depth;
    trace.steps.iter().rev().find_map(|step| {
        let annotation = step.node.get(X_RULE)?;
        let id = match annotation {
            Value::String(id) => Some(id.as_str()),
            // Rules for single keywords are about the value of that very node.
            _ => Some(keyword)
                .filter(|_| step.depth == depth && keyword != "detail")
                .and_then(|keyword| text(annotation, keyword))
                .or_else(|| text(annotation, "id")),
        };
        names.find(annotation, id?)
    })
}

/// The rule of a missing member: its own schema names it, else the object's.
pub(super) fn rule_of_missing<'s>(
    root: &'s Value,
    trace: &Trace<'s>,
    property: &str,
    names: &Names,
) -> Option<Found<'s>> {
    let own = trace.innermost().find_map(|step| {
        let mut schema = step.node.get("properties")?.get(property);
        // A member's schema may be a chain of references.
        for _ in 0..8 {
            let Some(node) = schema else { break };
            if let Some(annotation) = node.get(X_RULE) {
                let id =
                    annotation.as_str().or_else(|| text(annotation, "required")).or_else(|| text(annotation, "id"));
                if let Some(found) = id.and_then(|id| names.find(annotation, id)) {
                    return Some(found);
                }
            }
            schema = node.get("$ref").and_then(Value::as_str).and_then(|target| resolve(root, target));
        }
        None
    });
    own.or_else(|| rule_of(trace, "required", names))
}

fn text<'s>(annotation: &'s Value, member: &str) -> Option<&'s str> {
    annotation.get(member).and_then(Value::as_str)
}

/// Checks the form of every annotation below a schema, and that its rules exist
/// under the names that `known` accepts.
pub(crate) fn check(node: &Value, pointer: &str, known: &dyn Fn(&str) -> bool) -> Result<(), InitError> {
    match node {
        Value::Object(members) => {
            for (key, value) in members {
                let below = format!("{pointer}/{key}");
                if key == X_RULE && (value.is_string() || value.is_object()) {
                    check_one(value, &below, known)?;
                } else if !matches!(key.as_str(), "enum" | "const" | "default" | "example" | "examples") {
                    check(value, &below, known)?;
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(item, &format!("{pointer}/{index}"), known)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The rules that the annotations below a node name, in no order.
pub(super) fn rules(node: &Value, names: &Names) -> Vec<usize> {
    let found = RefCell::new(Vec::new());
    // The form was checked when the bundle was compiled.
    let _ = check(node, "", &|id| {
        found.borrow_mut().extend(names.rules.get(id));
        true
    });
    found.into_inner()
}

fn check_one(annotation: &Value, pointer: &str, known: &dyn Fn(&str) -> bool) -> Result<(), InitError> {
    let ids: Vec<&Value> = match annotation {
        // A member that happens to be named x-rule has a schema, not a rule.
        Value::Object(members) if members.contains_key("type") && members.values().any(|value| !value.is_string()) => {
            return Ok(());
        }
        Value::Object(members) => {
            members.iter().filter(|(key, _)| *key != "detail" && *key != "clause").map(|(_, id)| id).collect()
        }
        _ => vec![annotation],
    };
    for id in ids {
        let id = id.as_str().ok_or_else(|| InitError::Annotation { pointer: pointer.to_owned() })?;
        if !known(id) {
            return Err(InitError::UnknownRule { rule: id.to_owned(), place: format!("the schema node {pointer}") });
        }
    }
    Ok(())
}
