//! `x-since` and `x-until`: what of a schema there is in a version of the API.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use solgate_contract::version::{ApiVersion, Releases};

use super::trace::{Trace, resolve};

const X_SINCE: &str = "x-since";
const X_UNTIL: &str = "x-until";

/// The versions from which on there is something else than before.
pub(super) fn changes(node: &Value, found: &mut BTreeSet<ApiVersion>) {
    match node {
        Value::Object(members) => {
            for (key, value) in members {
                match key.as_str() {
                    X_SINCE => found.extend(versions(value)),
                    X_UNTIL => found.extend(versions(value).map(ApiVersion::next)),
                    _ => changes(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| changes(item, found)),
        _ => {}
    }
}

/// The versions that an annotation names: of the schema, or of each of its values.
fn versions(annotation: &Value) -> impl Iterator<Item = ApiVersion> {
    let by_value = annotation.as_object().into_iter().flatten().map(|(_, version)| version);
    std::iter::once(annotation).chain(by_value).filter_map(Value::as_str).filter_map(ApiVersion::plain)
}

/// A schema without what the version does not have. Annotations stay.
pub(super) fn in_version(node: &Value, version: ApiVersion) -> Value {
    let Value::Object(members) = node else { return node.clone() };
    let mut kept = Map::new();
    for (key, value) in members {
        let value = match (key.as_str(), value) {
            ("properties" | "patternProperties" | "$defs" | "schemas" | "dependentSchemas", Value::Object(schemas)) => {
                let there = schemas.iter().filter(|(_, schema)| is_there(schema, version));
                Value::Object(there.map(|(name, schema)| (name.clone(), in_version(schema, version))).collect())
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                let there = schemas.iter().filter(|schema| is_there(schema, version));
                let there: Vec<Value> = there.map(|schema| in_version(schema, version)).collect();
                // None of them is left to choose from.
                if there.is_empty() {
                    continue;
                }
                Value::Array(there)
            }
            ("enum", Value::Array(values)) => {
                let of = |annotation: &str, value: &Value| {
                    node.get(annotation)?.get(value.as_str()?)?.as_str().and_then(ApiVersion::plain)
                };
                let is_there =
                    |value: &&Value| Releases { since: of(X_SINCE, value), until: of(X_UNTIL, value) }.have(version);
                Value::Array(values.iter().filter(is_there).cloned().collect())
            }
            ("required", Value::Array(names)) => {
                let is_there = |name: &&Value| {
                    let member = name.as_str().and_then(|name| node.get("properties")?.get(name));
                    member.is_none_or(|schema| is_there(schema, version))
                };
                Value::Array(names.iter().filter(is_there).cloned().collect())
            }
            (
                "components"
                | "items"
                | "additionalProperties"
                | "unevaluatedProperties"
                | "unevaluatedItems"
                | "propertyNames"
                | "contains"
                | "not"
                | "if"
                | "then"
                | "else",
                schema,
            ) => {
                if !is_there(schema, version) {
                    continue;
                }
                in_version(schema, version)
            }
            (_, value) => value.clone(),
        };
        kept.insert(key.clone(), value);
    }
    Value::Object(kept)
}

fn is_there(schema: &Value, version: ApiVersion) -> bool {
    let of = |annotation: &str| schema.get(annotation).and_then(Value::as_str).and_then(ApiVersion::plain);
    Releases { since: of(X_SINCE), until: of(X_UNTIL) }.have(version)
}

/// The version that first had what a fault is about, if `x-since` names one.
pub(super) fn since(trace: &Trace<'_>) -> Option<ApiVersion> {
    trace.steps.iter().filter_map(|step| since_of(step.node)).max()
}

/// The same of a member that is missing.
pub(super) fn since_missing(root: &Value, trace: &Trace<'_>, property: &str) -> Option<ApiVersion> {
    let own = trace.innermost().filter_map(|step| {
        let member = step.node.get("properties")?.get(property)?;
        let referred = member.get("$ref").and_then(Value::as_str).and_then(|target| resolve(root, target));
        since_of(member).max(referred.and_then(since_of))
    });
    own.max().max(since(trace))
}

fn since_of(node: &Value) -> Option<ApiVersion> {
    node.get(X_SINCE)?.as_str().and_then(ApiVersion::plain)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_has_what_its_version_has() {
        let schema = json!({
            "required": ["old", "new", "free"],
            "properties": {
                "old": {"x-until": "2.0.0", "type": "string"},
                "new": {"x-since": "2.3.0", "items": {"x-since": "2.10.0", "type": "string"}},
                "x-since": {"type": "string"},
            },
            "anyOf": [{"required": ["a"]}, {"x-since": "2.3.0", "required": ["b"]}],
            "oneOf": [{"x-since": "2.3.0"}],
            "enum": ["A", "B", 1, "C"],
            "x-since": {"B": "2.3.0"},
            "x-until": {"C": "2.0.0"},
        });
        let mut found = BTreeSet::new();
        changes(&schema, &mut found);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["2.0.1", "2.3.0", "2.10.0"]);
        let at = |version| in_version(&schema, ApiVersion::parse(version).unwrap());
        let old = at("2.0.0");
        assert_eq!(old["required"], json!(["old", "free"]));
        assert_eq!(old["properties"], json!({"old": schema["properties"]["old"], "x-since": {"type": "string"}}));
        assert_eq!(old["anyOf"], json!([{"required": ["a"]}]));
        assert_eq!(old.get("oneOf"), None);
        assert_eq!(old["enum"], json!(["A", 1, "C"]));
        let new = at("2.9.0");
        assert_eq!(new["required"], json!(["new", "free"]));
        assert_eq!(new["properties"]["new"], json!({"x-since": "2.3.0"}));
        assert_eq!(new["enum"], json!(["A", "B", 1]));
        assert_eq!(new["anyOf"], schema["anyOf"]);
        assert_eq!(at("2.10.0")["properties"]["new"], schema["properties"]["new"]);
    }
}
