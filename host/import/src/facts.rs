//! What a policy can ask for: resources that a GET reads, and that other methods act on.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use solgate_bundle::VARIABLES;

use crate::context::Context;
use crate::operations::Resource;
use crate::tree::followed;
use crate::words::{camel, words};

pub(crate) struct Fact {
    pub name: String,
    /// In words, such as `ns instance`.
    pub called: String,
    pub path: String,
    pub members: Vec<String>,
    /// The operations that act on it.
    pub operations: Vec<String>,
    /// Its own GET.
    pub read_by: String,
}

/// Names with a meaning in expressions, beside [`VARIABLES`].
const TAKEN: [&str; 3] = ["data", "optional", "math"];

pub(crate) fn facts(resources: &[Resource<'_>]) -> Vec<Fact> {
    let mut found: Vec<Fact> = Vec::new();
    for resource in resources {
        let Some(variable) =
            resource.path.rsplit('/').next().and_then(|last| last.strip_prefix('{')?.strip_suffix('}'))
        else {
            continue;
        };
        let Some(get) = resource.operations.iter().find(|operation| operation.method == "get") else { continue };
        let below = format!("{}/", resource.path);
        let is_at = |other: &&Resource<'_>| other.path == resource.path || other.path.starts_with(&below);
        let others = resources.iter().filter(is_at).flat_map(|resource| &resource.operations);
        let acting = others.filter(|operation| !matches!(operation.method.as_str(), "get" | "head" | "options"));
        // The resource that is deepest in the path is the one that is acted on.
        let operations: Vec<String> = acting.map(|operation| operation.id.clone()).collect();
        if operations.is_empty() {
            continue;
        }
        let name = name_of(&resource.path, variable);
        let called = name.join(" ");
        let mut name = camel(&name);
        let is_taken = VARIABLES.iter().chain(&TAKEN).any(|taken| *taken == name);
        if is_taken || found.iter().any(|fact| fact.name == name) {
            name = camel(&words(&resource.path.replace(['{', '}'], "")));
        }
        if found.iter().any(|fact| fact.name == name) {
            continue;
        }
        let read_by = get.id.clone();
        found.push(Fact { name, called, path: resource.path.clone(), members: Vec::new(), operations, read_by });
    }
    found
}

/// `nsInstanceId` is of an ns instance; `id` below `/vnf_instances` of a vnf instance.
fn name_of(path: &str, variable: &str) -> Vec<String> {
    let mut name = words(variable);
    if name.last().is_some_and(|last| matches!(last.as_str(), "id" | "uuid" | "identifier")) {
        name.pop();
    }
    if name.is_empty() {
        let collection = path.rsplit('/').find(|segment| !segment.is_empty() && !segment.starts_with('{'));
        name = words(collection.unwrap_or("resource"));
        if let Some(last) = name.last_mut() {
            *last = singular(last);
        }
    }
    name
}

fn singular(word: &str) -> String {
    match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

impl<'d> Context<'d> {
    /// Fills in the members of facts. Returns the schemas of their answers by the id of the
    /// operation that reads them: what rules may read, and no more.
    pub fn answers(&mut self, resources: &[Resource<'d>], facts: &mut [Fact]) -> BTreeMap<String, Json> {
        let mut found = BTreeMap::new();
        for fact in facts {
            let operations = resources.iter().flat_map(|resource| &resource.operations);
            let schema =
                operations.filter(|operation| operation.id == fact.read_by).find_map(|operation| operation.answer);
            let documents = self.documents;
            let schema = schema.and_then(|schema| documents.resolve(schema, &mut self.report));
            let properties = schema.and_then(|schema| schema.get("properties")).and_then(|node| node.as_map());
            let mut members = Map::new();
            for (key, node) in properties.unwrap_or_default() {
                let Some(named) = documents.resolve(node, &mut self.report) else { continue };
                let is_scalar = named
                    .get("type")
                    .is_some_and(|kind| matches!(kind.text.as_str(), "string" | "integer" | "number" | "boolean"));
                let lower = key.name.to_ascii_lowercase();
                let is_state = lower.ends_with("state") || lower.ends_with("status");
                if is_scalar && (lower == "id" || is_state) {
                    fact.members.push(key.name.clone());
                }
                let mut schema = if is_scalar { self.schema(node) } else { json!({}) };
                // What the types of expressions follow from.
                crate::tree::without_words(&mut schema);
                if is_scalar || !schema.is_boolean() {
                    members.insert(key.name.clone(), schema);
                }
            }
            if fact.members.is_empty() {
                fact.members.push(members.keys().next().cloned().unwrap_or_else(|| "id".to_owned()));
            }
            if members.is_empty() {
                continue;
            }
            let required = schema.and_then(|schema| schema.get("required")).and_then(|node| node.as_list());
            let required: Vec<&str> = required
                .unwrap_or_default()
                .iter()
                .map(|node| node.text.as_str())
                .filter(|name| members.contains_key(*name))
                .collect();
            let mut schema = Map::new();
            schema.insert("type".to_owned(), json!("object"));
            if !required.is_empty() {
                schema.insert("required".to_owned(), json!(required));
            }
            schema.insert("properties".to_owned(), Json::Object(members));
            found.insert(fact.read_by.clone(), Json::Object(schema));
        }
        found
    }
}

/// What a fact of a case is: the members that it must have.
pub(crate) fn example(fact: &Fact, answer: Option<&Json>, components: &Map<String, Json>, id: &str) -> Json {
    let mut members = Map::new();
    for name in &fact.members {
        let schema =
            answer.and_then(|answer| answer.get("properties")?.get(name)).map(|schema| followed(components, schema));
        let listed = schema.and_then(|schema| schema.get("enum")?.get(0));
        let value = match (name.as_str(), listed) {
            ("id", _) => json!(id),
            (_, Some(value)) => value.clone(),
            _ => match schema.and_then(|schema| schema.get("type")).and_then(Json::as_str) {
                Some("integer" | "number") => json!(1),
                Some("boolean") => json!(true),
                _ => json!("x"),
            },
        };
        members.insert(name.clone(), value);
    }
    Json::Object(members)
}
