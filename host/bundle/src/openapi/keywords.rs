//! The keywords of JSON Schema 2020-12, and the schemas below a schema.

use solgate_document::yaml::{Key, Node, Value};

/// Whether a keyword can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Fails by itself.
    Assertion,
    /// Only what is below it fails.
    Applicator,
    /// Says something to a reader.
    Annotation,
}

/// Every keyword that a schema of a bundle may have.
pub(super) const KEYWORDS: &[(&str, Role)] = &[
    ("type", Role::Assertion),
    ("enum", Role::Assertion),
    ("const", Role::Assertion),
    ("multipleOf", Role::Assertion),
    ("maximum", Role::Assertion),
    ("exclusiveMaximum", Role::Assertion),
    ("minimum", Role::Assertion),
    ("exclusiveMinimum", Role::Assertion),
    ("maxLength", Role::Assertion),
    ("minLength", Role::Assertion),
    ("pattern", Role::Assertion),
    ("maxItems", Role::Assertion),
    ("minItems", Role::Assertion),
    ("uniqueItems", Role::Assertion),
    ("contains", Role::Assertion),
    ("maxContains", Role::Assertion),
    ("minContains", Role::Assertion),
    ("maxProperties", Role::Assertion),
    ("minProperties", Role::Assertion),
    ("required", Role::Assertion),
    ("dependentRequired", Role::Assertion),
    ("propertyNames", Role::Assertion),
    ("not", Role::Assertion),
    ("anyOf", Role::Assertion),
    ("oneOf", Role::Assertion),
    ("format", Role::Assertion),
    ("properties", Role::Applicator),
    ("patternProperties", Role::Applicator),
    ("additionalProperties", Role::Applicator),
    ("unevaluatedProperties", Role::Applicator),
    ("dependentSchemas", Role::Applicator),
    ("items", Role::Applicator),
    ("prefixItems", Role::Applicator),
    ("unevaluatedItems", Role::Applicator),
    ("allOf", Role::Applicator),
    ("if", Role::Applicator),
    ("then", Role::Applicator),
    ("else", Role::Applicator),
    ("$ref", Role::Applicator),
    ("$defs", Role::Annotation),
    ("$comment", Role::Annotation),
    ("$schema", Role::Annotation),
    ("title", Role::Annotation),
    ("description", Role::Annotation),
    ("default", Role::Annotation),
    ("deprecated", Role::Annotation),
    ("readOnly", Role::Annotation),
    ("writeOnly", Role::Annotation),
    ("example", Role::Annotation),
    ("examples", Role::Annotation),
    ("contentEncoding", Role::Annotation),
    ("contentMediaType", Role::Annotation),
    ("contentSchema", Role::Annotation),
    ("discriminator", Role::Annotation),
    ("externalDocs", Role::Annotation),
    ("xml", Role::Annotation),
    ("x-rule", Role::Annotation),
    ("x-ages", Role::Annotation),
    ("x-since", Role::Annotation),
    ("x-until", Role::Annotation),
];

/// Formats of OpenAPI that say how a value is stored or shown; nothing to check.
pub(super) const SILENT_FORMATS: &[&str] = &["binary", "byte", "double", "float", "int32", "int64"];

pub(super) fn role(keyword: &str) -> Option<Role> {
    KEYWORDS.iter().find(|(known, _)| *known == keyword).map(|(_, role)| *role)
}

/// A schema directly below another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Below<'n> {
    pub keyword: &'n Key,
    pub schema: &'n Node,
}

/// The schemas directly below one, without following `$ref`.
pub(super) fn below(schema: &Node) -> Vec<Below<'_>> {
    let mut found = Vec::new();
    for (keyword, node) in schema.as_map().unwrap_or_default() {
        let add = |schema| Below { keyword, schema };
        match keyword.name.as_str() {
            "properties" | "patternProperties" | "$defs" | "dependentSchemas" => {
                let entries = node.as_map().unwrap_or_default();
                found.extend(entries.iter().map(|(_, schema)| add(schema)));
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                found.extend(node.as_list().unwrap_or_default().iter().map(add));
            }
            "additionalProperties"
            | "unevaluatedProperties"
            | "propertyNames"
            | "items"
            | "unevaluatedItems"
            | "contains"
            | "not"
            | "if"
            | "then"
            | "else" => found.push(add(node)),
            _ => {}
        }
    }
    found
}

/// Whether this schema refuses everything.
pub(super) fn is_false(schema: &Node) -> bool {
    matches!(schema.value, Value::Bool(false))
}
