//! Schemas as they are written into a bundle.

use serde_json::{Map, Value as Json};

use crate::context::SCHEMAS;

/// The schemas directly below one, without following `$ref`.
pub(crate) fn below_mut(schema: &mut Json) -> Vec<&mut Json> {
    let mut found = Vec::new();
    for (keyword, value) in schema.as_object_mut().into_iter().flatten() {
        match (keyword.as_str(), value) {
            ("properties" | "patternProperties" | "dependentSchemas", Json::Object(members)) => {
                found.extend(members.values_mut());
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Json::Array(items)) => found.extend(items),
            (
                "additionalProperties"
                | "unevaluatedProperties"
                | "propertyNames"
                | "items"
                | "unevaluatedItems"
                | "contains"
                | "not"
                | "if"
                | "then"
                | "else",
                value,
            ) => found.push(value),
            _ => {}
        }
    }
    found
}

/// Removes what schemas say to readers.
pub(crate) fn without_words(schema: &mut Json) {
    if let Some(members) = schema.as_object_mut() {
        members.remove("description");
        members.remove("title");
    }
    below_mut(schema).into_iter().for_each(without_words);
}

/// The name of the component that a schema is.
pub(crate) fn reference(schema: &Json) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix(SCHEMAS)
}

/// The schema itself, or what its `$ref` leads to.
pub(crate) fn followed<'s>(components: &'s Map<String, Json>, schema: &'s Json) -> &'s Json {
    let mut current = schema;
    for _ in 0..16 {
        match reference(current).and_then(|name| components.get(name)) {
            Some(next) => current = next,
            None => break,
        }
    }
    current
}

/// The names of the components that a value refers to.
pub(crate) fn references(value: &Json, found: &mut Vec<String>) {
    match value {
        Json::Object(members) => {
            found.extend(reference(value).map(str::to_owned));
            members.values().for_each(|value| references(value, found));
        }
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
