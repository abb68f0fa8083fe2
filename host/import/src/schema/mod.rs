//! Schemas of OpenAPI 2.0 to 3.1 as JSON Schema 2020-12 that a bundle can have.

mod format;
mod keyword;
mod mend;

use serde_json::{Map, Value as Json, json};
use solgate_bundle::sound::{Members, dead_branches};
use solgate_document::suggest::list;
use solgate_document::yaml::{Key, Node, Value};

use crate::context::{Context, Dialect, SCHEMAS};
use crate::words::one_line;

/// Where a schema stands, as far as that changes what its `required` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It holds in any case.
    Holds,
    /// One of several alternatives.
    Alternative,
    /// Of `not` and `if`: nothing is asked for.
    Condition,
}

/// Members beside a `$ref` that say something to a reader.
const WORDS: [&str; 10] =
    ["$ref", "description", "title", "summary", "example", "examples", "default", "deprecated", "externalDocs", "xml"];

impl<'d> Context<'d> {
    pub fn schema(&mut self, node: &'d Node) -> Json {
        self.schema_in(node, None, Role::Holds)
    }

    fn schema_in(&mut self, node: &'d Node, around: Option<&Members<'d>>, role: Role) -> Json {
        let members = match &node.value {
            Value::Bool(value) => return Json::Bool(*value),
            Value::Map(members) => members,
            _ => {
                self.report
                    .warning(node.at, format!("a schema is a mapping, but here is {}", node.kind()))
                    .hint("the bundle allows every value here");
                return json!({});
            }
        };
        if let Some(reference) = node.get("$ref").filter(|reference| reference.as_str().is_some()) {
            return self.reference(node, members, reference, around);
        }
        let out = self.members(node, members, around, role);
        Json::Object(self.mended(node, out, role))
    }

    /// A `$ref`, with what stands beside it.
    fn reference(
        &mut self,
        node: &'d Node,
        members: &'d [(Key, Node)],
        reference: &'d Node,
        around: Option<&Members<'d>>,
    ) -> Json {
        let documents = self.documents;
        let mut out = Map::new();
        if let Some(target) = documents.target(reference, &mut self.report) {
            let name = self.component(&target);
            out.insert("$ref".to_owned(), Json::String(format!("{SCHEMAS}{name}")));
        }
        if let Some(text) = node.get("description").and_then(Node::as_str) {
            out.insert("description".to_owned(), Json::String(one_line(text)));
        }
        let is_null = nullable(node);
        let others: Vec<&(Key, Node)> = members
            .iter()
            .filter(|(key, _)| {
                let name = key.name.as_str();
                !WORDS.contains(&name)
                    && !name.starts_with("x-")
                    && !matches!(name, "nullable" | "readOnly" | "writeOnly")
            })
            .collect();
        if let Some((first, _)) = others.first() {
            if self.dialect < Dialect::V31 {
                let names: Vec<&str> = others.iter().map(|(key, _)| key.name.as_str()).collect();
                let is_wrong = solgate_bundle::sound::fault(node, &self.follow()).is_some();
                let more = if is_wrong { "; with it, no value would fit" } else { "" };
                self.report
                    .warning(first.at, format!("{} beside `$ref` says nothing before OpenAPI 3.1", list(&names)))
                    .hint(format!("left out{more}"));
            } else {
                let mut beside = self.members(node, members, around, Role::Holds);
                beside = self.mended(node, beside, Role::Holds);
                beside.remove("$ref");
                out.extend(beside);
            }
        }
        if is_null {
            let description = out.remove("description");
            let mut either = json!({ "anyOf": [out, { "type": "null" }] });
            if let (Some(text), Some(members)) = (description, either.as_object_mut()) {
                members.insert("description".to_owned(), text);
            }
            return either;
        }
        Json::Object(out)
    }

    /// Every keyword that means something.
    fn members(
        &mut self,
        node: &'d Node,
        members: &'d [(Key, Node)],
        around: Option<&Members<'d>>,
        role: Role,
    ) -> Map<String, Json> {
        let described = Members::of(node, around, &self.follow());
        let mut out = Map::new();
        for (key, value) in members {
            match key.name.as_str() {
                "allOf" => self.list(key, value, Some(&described), role, &mut out),
                "anyOf" | "oneOf" => self.alternatives(node, key, value, &described, &mut out),
                "not" | "if" => {
                    let schema = self.schema_in(value, Some(&described), Role::Condition);
                    out.insert(key.name.clone(), schema);
                }
                "then" | "else" => {
                    let schema = self.schema_in(value, Some(&described), Role::Alternative);
                    out.insert(key.name.clone(), schema);
                }
                "required" => self.required(node, value, &described, role, &mut out),
                "$ref" => {}
                _ => self.keyword(node, key, value, &described, &mut out),
            }
        }
        if nullable(node) {
            allow_null(&mut out);
        }
        out
    }

    fn list(
        &mut self,
        key: &'d Key,
        value: &'d Node,
        described: Option<&Members<'d>>,
        role: Role,
        out: &mut Map<String, Json>,
    ) {
        match value.as_list() {
            Some(items) if !items.is_empty() => {
                let schemas = items.iter().map(|item| self.schema_in(item, described, role)).collect();
                out.insert(key.name.clone(), Json::Array(schemas));
            }
            _ => self.odd(key, value, "a list of schemas"),
        }
    }

    fn alternatives(
        &mut self,
        node: &'d Node,
        key: &'d Key,
        value: &'d Node,
        described: &Members<'d>,
        out: &mut Map<String, Json>,
    ) {
        let (all, dead) = dead_branches(node, &key.name, described, &self.follow());
        if all > 0 && all == dead {
            self.report
                .warning(
                    key.at,
                    format!("each alternative of `{}` requires a member that is not described here", key.name),
                )
                .hint("left out: with it, no request that the file describes would pass");
            return;
        }
        self.list(key, value, Some(described), Role::Alternative, out);
    }

    /// Something that is not what its keyword takes.
    fn odd(&mut self, key: &Key, value: &Node, expected: &str) {
        self.report
            .warning(value.at, format!("`{}` is {expected}, but here is {}", key.name, value.kind()))
            .hint("left out");
    }
}

/// Whether a schema before OpenAPI 3.1 allows null beside its type.
fn nullable(node: &Node) -> bool {
    ["nullable", "x-nullable"]
        .iter()
        .any(|name| matches!(node.get(name).map(|node| &node.value), Some(Value::Bool(true))))
}

/// Makes null one of the values that a schema allows.
fn allow_null(out: &mut Map<String, Json>) {
    if let Some(Json::Array(values)) = out.get_mut("enum")
        && !values.contains(&Json::Null)
    {
        values.push(Json::Null);
    }
    match out.get_mut("type") {
        Some(Json::Array(types)) => {
            if !types.contains(&json!("null")) {
                types.push(json!("null"));
            }
        }
        Some(name) => {
            let name = name.take();
            out.insert("type".to_owned(), json!([name, "null"]));
        }
        None => {
            let description = out.remove("description");
            let schema = std::mem::take(out);
            if !schema.is_empty() {
                out.insert("anyOf".to_owned(), json!([schema, { "type": "null" }]));
            }
            if let Some(text) = description {
                out.insert("description".to_owned(), text);
            }
        }
    }
}
