//! In what two OpenAPI documents differ that a bundle is made of.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Change, Part, compare, schemas};

/// Members that are the author's, or that decide nothing.
const OF_THE_AUTHOR: [&str; 7] =
    ["operationId", "responses", "description", "summary", "tags", "title", "externalDocs"];

/// The operations, by method and path, and the named schemas in which two documents of a
/// bundle (openapi.yaml) differ, without the rules that they name and without words.
#[must_use]
pub fn of_documents(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(Part::Operation, &operations(before), &operations(after), &mut found);
    schemas::compare(&named(before), &named(after), &mut found);
    found
}

fn operations(document: &Value) -> Vec<(String, Value)> {
    const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let mut found = Vec::new();
    for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let mut value = plain(operation);
            let list = |value: &Value| value.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
            let parameters: Vec<Value> = list(item).iter().chain(&list(operation)).map(plain).collect();
            if let Some(members) = value.as_object_mut() {
                members.retain(|name, _| !OF_THE_AUTHOR.contains(&name.as_str()));
                if !parameters.is_empty() {
                    members.insert("parameters".to_owned(), Value::Array(parameters));
                }
            }
            found.push((format!("{} {path}", method.to_ascii_uppercase()), value));
        }
    }
    found
}

fn named(document: &Value) -> BTreeMap<String, Value> {
    let schemas = document.get("components").and_then(|components| components.get("schemas"));
    let schemas = schemas.and_then(Value::as_object).cloned().unwrap_or_default();
    schemas.into_iter().map(|(name, schema)| (name, plain(&schema))).collect()
}

/// Without the extensions of a bundle.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !matches!(name.as_str(), "x-rule" | "x-rule-map" | "x-ages"));
            Value::Object(kept.map(|(name, value)| (name.clone(), plain(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => json!(items.iter().map(plain).collect::<Vec<_>>()),
        other => other.clone(),
    }
}
