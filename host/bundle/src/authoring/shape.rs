//! What the JSON Schema of a file says about a place in it.

use std::sync::LazyLock;

use serde_json::Value as Json;
use solgate_document::yaml::Node;

use super::spot::Step;
use crate::schemas::FileKind;

/// The schemas, parsed.
static POLICY: LazyLock<Json> = LazyLock::new(|| parsed(FileKind::Policy));
static RULES: LazyLock<Json> = LazyLock::new(|| parsed(FileKind::Rules));
static TESTS: LazyLock<Json> = LazyLock::new(|| parsed(FileKind::Tests));

fn parsed(kind: FileKind) -> Json {
    serde_json::from_str(kind.schema()).unwrap_or_default()
}

fn root(kind: FileKind) -> &'static Json {
    match kind {
        FileKind::Policy => &POLICY,
        FileKind::Rules => &RULES,
        FileKind::Tests => &TESTS,
    }
}

/// Deepest chain of references and alternatives that is followed.
const DEPTH: usize = 12;

/// The schemas that may hold for one value.
pub(super) struct Shape {
    root: &'static Json,
    schemas: Vec<&'static Json>,
}

/// A member that a mapping can have.
#[derive(Debug)]
pub(super) struct Named {
    pub name: &'static str,
    pub doc: Option<&'static str>,
    /// Its value is a mapping or a list, written on lines of its own.
    pub is_nested: bool,
}

impl Shape {
    /// Of the value at the end of a path through a document.
    pub fn at(kind: FileKind, tree: &Node, path: &[Step]) -> Self {
        let root = root(kind);
        let mut shape = Self { root, schemas: Vec::new() };
        shape.add(root, Some(tree), 0);
        let mut node = Some(tree);
        for step in path {
            let below: Vec<&'static Json> = shape.schemas.iter().flat_map(|schema| below(schema, step)).collect();
            node = node.and_then(|node| match step {
                Step::Member(name) => node.get(name),
                Step::Item(index) => node.as_list().and_then(|items| items.get(*index)),
            });
            shape.schemas.clear();
            for schema in below {
                shape.add(schema, node, 0);
            }
        }
        shape
    }

    /// Adds a schema and all that may hold beside it.
    fn add(&mut self, schema: &'static Json, node: Option<&Node>, depth: usize) {
        if depth > DEPTH || self.schemas.iter().any(|known| std::ptr::eq(*known, schema)) {
            return;
        }
        self.schemas.push(schema);
        let depth = depth.saturating_add(1);
        if let Some(found) =
            schema.get("$ref").and_then(Json::as_str).and_then(|text| self.root.pointer(text.strip_prefix('#')?))
        {
            self.add(found, node, depth);
        }
        for name in ["allOf", "anyOf", "oneOf"] {
            for one in schema.get(name).and_then(Json::as_array).into_iter().flatten() {
                self.add(one, node, depth);
            }
        }
        if let Some(condition) = schema.get("if") {
            let holds = node.and_then(|node| holds(condition, node));
            for (name, is_for) in [("then", true), ("else", false)] {
                if let Some(one) = schema.get(name).filter(|_| holds.is_none_or(|holds| holds == is_for)) {
                    self.add(one, node, depth);
                }
            }
        }
    }

    /// The members that are named.
    pub fn members(&self) -> Vec<Named> {
        let mut found: Vec<Named> = Vec::new();
        for (name, schema) in
            self.schemas.iter().filter_map(|schema| schema.get("properties").and_then(Json::as_object)).flatten()
        {
            // `true` only says that a name is allowed.
            if schema.is_object() && found.iter().all(|known| known.name != name) {
                let mut shape = Self { root: self.root, schemas: Vec::new() };
                shape.add(schema, None, 0);
                found.push(Named { name, doc: shape.doc(), is_nested: shape.is_nested() });
            }
        }
        found
    }

    /// What the value is for.
    pub fn doc(&self) -> Option<&'static str> {
        self.schemas.iter().find_map(|schema| schema.get("description").and_then(Json::as_str))
    }

    /// What holds if nothing is written.
    pub fn default(&self) -> Option<&'static Json> {
        self.schemas.iter().find_map(|schema| schema.get("default"))
    }

    /// The only values, if they are named.
    pub fn values(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let shown = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for schema in &self.schemas {
            let named = schema.get("enum").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            found.extend(named.iter().chain(schema.get("const")).map(shown));
            if schema.get("type").is_some_and(|kind| kind == "boolean") {
                found.extend(["true".to_owned(), "false".to_owned()]);
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        found.retain(|value| seen.insert(value.clone()));
        found
    }

    /// Whether the value is an expression.
    pub fn is_expression(&self) -> bool {
        self.schemas
            .iter()
            .any(|schema| schema.get("$ref").and_then(Json::as_str).is_some_and(|name| name.ends_with("/expression")))
    }

    fn is_nested(&self) -> bool {
        let is = |name: &str| self.schemas.iter().any(|schema| schema.get("type").is_some_and(|kind| kind == name));
        (is("object") || is("array")) && !is("string") && self.values().is_empty()
    }
}

fn below(schema: &'static Json, step: &Step) -> Vec<&'static Json> {
    let found = match step {
        Step::Member(name) => {
            schema.get("properties").and_then(|all| all.get(name)).or_else(|| schema.get("additionalProperties"))
        }
        Step::Item(_) => schema.get("items"),
    };
    found.into_iter().collect()
}

/// Whether a condition holds, of those that our schemas have.
fn holds(condition: &Json, node: &Node) -> Option<bool> {
    if let Some(inner) = condition.get("not") {
        return holds(inner, node).map(|holds| !holds);
    }
    let names = condition.get("required")?.as_array()?;
    Some(names.iter().filter_map(Json::as_str).all(|name| node.get(name).is_some()))
}
