//! What the VNFM is to answer for the facts of a policy, for the engine.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use solgate_engine::ir::FactDef;

use super::presence::{answer, followed};
use super::{Api, SCHEMAS};

/// By the names of facts, a schema of the members that rules may read, without anything
/// that tells nothing about their types.
pub(crate) fn answers<'f>(api: &Api<'_>, facts: impl Iterator<Item = &'f FactDef>) -> BTreeMap<String, Value> {
    facts.filter_map(|fact| Some((fact.name.clone(), of(api, fact)?))).collect()
}

fn of(api: &Api<'_>, fact: &FactDef) -> Option<Value> {
    let schema = followed(api.root, answer(api, &fact.path)?);
    let mut top = typed(schema.to_json());
    if fact.list {
        let item = typed(followed(api.root, schema.get("items")?).to_json());
        top.as_object_mut()?.insert("items".to_owned(), of_members(item, &fact.members));
    } else {
        top = of_members(top, &fact.members);
    }
    let mut reached = Map::new();
    let mut open = Vec::new();
    references(&top, &mut open);
    while let Some(name) = open.pop() {
        if let Some(schema) = api.schemas.get(&name).filter(|_| !reached.contains_key(&name)) {
            let schema = typed(schema.to_json());
            references(&schema, &mut open);
            reached.insert(name, schema);
        }
    }
    if !reached.is_empty() {
        top.as_object_mut()?.insert("components".to_owned(), json!({ "schemas": reached }));
    }
    Some(top)
}

/// The schema of an object, of whose members only these are there.
fn of_members(mut schema: Value, members: &[String]) -> Value {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|name, _| members.contains(name));
    }
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| members.iter().any(|member| name == member));
    }
    schema
}

/// A schema without its words, formats and extensions.
fn typed(schema: Value) -> Value {
    const WORDS: [&str; 9] =
        ["description", "title", "example", "examples", "default", "format", "deprecated", "readOnly", "writeOnly"];
    match schema {
        Value::Object(members) => {
            let kept =
                members.into_iter().filter(|(name, _)| !WORDS.contains(&name.as_str()) && !name.starts_with("x-"));
            let kept = kept.map(|(name, value)| {
                // Here names are the author's.
                let has_names = matches!(name.as_str(), "properties" | "patternProperties" | "$defs");
                let value = match value {
                    Value::Object(schemas) if has_names => {
                        schemas.into_iter().map(|(name, schema)| (name, typed(schema))).collect()
                    }
                    value => typed(value),
                };
                (name, value)
            });
            Value::Object(kept.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(typed).collect()),
        other => other,
    }
}

/// The names of the schemas that one refers to.
fn references(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(SCHEMAS));
            names.extend(reference.map(str::to_owned));
            members.values().for_each(|member| references(member, names));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, names)),
        _ => {}
    }
}
