//! Where in a body the schemas say that there are secrets: `writeOnly` members
//! and passwords. Whoever writes requests down leaves these out.

use std::collections::BTreeMap;

use serde_json::Value;
use solgate_contract::manifest::Secret;

use super::trace::resolve;
use crate::json::push_segment;

/// The secrets in the bodies that these schemas describe.
pub(crate) fn secrets<'s>(names: impl Iterator<Item = &'s String>, schemas: &BTreeMap<String, Value>) -> Vec<Secret> {
    let root = serde_json::json!({"components": {"schemas": schemas}});
    let mut search = Search { root: &root, open: Vec::new(), found: BTreeMap::new() };
    for name in names {
        if let Some(schema) = root.pointer("/components/schemas").and_then(|schemas| schemas.get(name)) {
            search.visit(schema, "", false);
        }
    }
    search.found.into_iter().map(|(pointer, secret)| Secret { pointer, secret }).collect()
}

struct Search<'r> {
    root: &'r Value,
    /// References on the way here: a schema may hold itself.
    open: Vec<&'r str>,
    found: BTreeMap<String, bool>,
}

impl<'r> Search<'r> {
    fn visit(&mut self, schema: &'r Value, pointer: &str, mut inside: bool) {
        if is_secret(schema) {
            inside = true;
            self.found.insert(pointer.to_owned(), true);
        } else if inside && has_known_values(schema) {
            self.found.entry(pointer.to_owned()).or_insert(false);
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str)
            && !self.open.contains(&target)
            && let Some(referred) = resolve(self.root, target)
        {
            self.open.push(target);
            self.visit(referred, pointer, inside);
            self.open.pop();
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for branch in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.visit(branch, pointer, inside);
            }
        }
        for branch in ["if", "then", "else"].into_iter().filter_map(|keyword| schema.get(keyword)) {
            self.visit(branch, pointer, inside);
        }
        for (name, member) in members(schema, "properties") {
            let mut below = pointer.to_owned();
            push_segment(&mut below, name);
            self.visit(member, &below, inside);
        }
        let any = format!("{pointer}/*");
        for below in ["items", "additionalProperties"].into_iter().filter_map(|keyword| schema.get(keyword)) {
            self.visit(below, &any, inside);
        }
        for (_, below) in members(schema, "patternProperties") {
            self.visit(below, &any, inside);
        }
    }
}

fn members<'r>(schema: &'r Value, keyword: &str) -> impl Iterator<Item = (&'r String, &'r Value)> {
    schema.get(keyword).and_then(Value::as_object).into_iter().flatten()
}

fn is_secret(schema: &Value) -> bool {
    schema.get("writeOnly") == Some(&Value::Bool(true))
        || schema.get("format").and_then(Value::as_str) == Some("password")
}

/// What can only be one of a few values, which the schema names, hides nothing.
fn has_known_values(schema: &Value) -> bool {
    ["enum", "const"].iter().any(|keyword| schema.get(keyword).is_some())
}
