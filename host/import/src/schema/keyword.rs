//! One keyword after the other.

use jsonschema::PatternOptions;
use serde_json::{Map, Number, Value as Json, json};
use solgate_bundle::sound::{Members, undeclared};
use solgate_document::suggest::nearest;
use solgate_document::yaml::{Key, Node, Value};

use super::Role;
use super::format::{Mapped, mapped};
use crate::context::{Context, Dialect};
use crate::words::one_line;

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// For other readers, or of no use in a policy.
const UNUSED: [&str; 20] = [
    "example",
    "examples",
    "externalDocs",
    "xml",
    "$comment",
    "$schema",
    "$id",
    "id",
    "$defs",
    "definitions",
    "nullable",
    "summary",
    "collectionFormat",
    "allowEmptyValue",
    "default",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "$anchor",
    "readOnly",
];

/// Keywords that are left for `nearest` to find.
const KNOWN: [&str; 30] = [
    "type",
    "enum",
    "const",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "pattern",
    "format",
    "items",
    "uniqueItems",
    "properties",
    "additionalProperties",
    "patternProperties",
    "required",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "description",
    "title",
    "deprecated",
    "discriminator",
];

impl<'d> Context<'d> {
    pub(super) fn keyword(
        &mut self,
        node: &'d Node,
        key: &'d Key,
        value: &'d Node,
        described: &Members<'d>,
        out: &mut Map<String, Json>,
    ) {
        let name = key.name.as_str();
        let mut put = |value: Json| {
            out.insert(name.to_owned(), value);
        };
        match name {
            "description" | "title" => {
                if let Some(text) = value.as_str() {
                    put(Json::String(one_line(text)));
                }
            }
            "deprecated" | "writeOnly" | "uniqueItems" => match value.value {
                Value::Bool(value) => put(Json::Bool(value)),
                _ => self.odd(key, value, "true or false"),
            },
            "const" => put(value.to_json()),
            "type" => self.types(key, value, out),
            "enum" => self.values(node, key, value, out),
            "minimum" | "maximum" | "multipleOf" => match number(value) {
                Some(number) => put(Json::Number(number)),
                None => self.odd(key, value, "a number"),
            },
            "exclusiveMinimum" | "exclusiveMaximum" => self.exclusive(node, key, value, out),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" | "minContains"
            | "maxContains" => match number(value).filter(|number| number.as_u64().is_some()) {
                Some(number) => put(Json::Number(number)),
                None => self.odd(key, value, "a whole number"),
            },
            "pattern" => self.pattern(key, value, out),
            "format" => self.format(node, value, out),
            "items" => match &value.value {
                Value::Map(_) | Value::Bool(_) => put(self.schema(value)),
                Value::List(items) => {
                    let items = items.iter().map(|item| self.schema(item)).collect::<Vec<_>>();
                    if !items.is_empty() {
                        out.insert("prefixItems".to_owned(), Json::Array(items));
                    }
                }
                _ => self.odd(key, value, "the schema of each item"),
            },
            "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems" | "contains" | "propertyNames" => {
                match &value.value {
                    Value::Map(_) | Value::Bool(_) => put(self.schema(value)),
                    _ => self.odd(key, value, "a schema"),
                }
            }
            "prefixItems" => self.list(key, value, None, Role::Holds, out),
            "properties" | "patternProperties" | "dependentSchemas" => self.named(key, value, described, out),
            "dependentRequired" => put(value.to_json()),
            "discriminator" => {
                self.report
                    .warning(key.at, "`discriminator` decides nothing: which schema holds is said by the schemas alone")
                    .hint(
                        "left out; each alternative needs a `const` or an `enum` of its own to be told from the others",
                    );
            }
            _ if UNUSED.contains(&name) || name.starts_with("x-") => {}
            _ => {
                let meant = nearest(name, &KNOWN).map(|meant| format!("left out; did you mean `{meant}`?"));
                self.report
                    .warning(key.at, format!("`{name}` is no keyword of a schema, and checks nothing"))
                    .maybe_hint(meant)
                    .hint_if_none("left out");
            }
        }
    }

    fn types(&mut self, key: &Key, value: &'d Node, out: &mut Map<String, Json>) {
        let nodes = value.as_list().unwrap_or(std::slice::from_ref(value));
        let mut names: Vec<&str> = Vec::new();
        for node in nodes {
            let name = match node.text.as_str() {
                // Swagger 2.0.
                "file" => "string",
                "" if matches!(node.value, Value::Null) && nodes.len() > 1 => "null",
                name => name,
            };
            let folded = name.to_ascii_lowercase();
            let candidates = ["bool", "boolean", "int", "integer", "str", "string", "list", "array", "map", "object"];
            match TYPES.iter().find(|known| **known == name) {
                Some(known) if names.contains(known) => {}
                Some(known) => names.push(known),
                None => {
                    let meant = TYPES.iter().find(|known| **known == folded).copied().or_else(|| {
                        let short = candidates.iter().position(|short| *short == folded)?;
                        candidates.get(short.saturating_add(1)).copied()
                    });
                    let draft = self.report.warning(node.at, format!("`{name}` is not the name of a type"));
                    match meant {
                        Some(meant) => {
                            draft.hint(format!("taken for `{meant}`"));
                            names.extend(
                                TYPES.iter().find(|known| **known == meant).filter(|known| !names.contains(known)),
                            );
                        }
                        None => {
                            draft.hint("left out");
                            return;
                        }
                    }
                }
            }
        }
        match names.as_slice() {
            [] => self.odd(key, value, "the name of a type"),
            [name] => {
                out.insert("type".to_owned(), json!(name));
            }
            names => {
                out.insert("type".to_owned(), json!(names));
            }
        }
    }

    fn values(&mut self, node: &Node, key: &Key, value: &'d Node, out: &mut Map<String, Json>) {
        let Some(items) = value.as_list().filter(|items| !items.is_empty()) else {
            self.odd(key, value, "a list of values");
            return;
        };
        let is_text = node.get("type").is_some_and(|node| node.text == "string");
        let mut values: Vec<Json> = Vec::new();
        let mut add = |value: Json| {
            if !values.contains(&value) {
                values.push(value);
            }
        };
        for item in items {
            if is_text && matches!(item.value, Value::Bool(_) | Value::Number(_)) {
                self.report
                    .warning(item.at, format!("`{}` is {} here, and the type is `string`", item.text, item.kind()))
                    .hint(format!("taken for the text \"{}\"", item.text));
                add(Json::String(item.text.clone()));
            } else {
                add(item.to_json());
            }
            if let Some(meant) = self.meant.get(&item.at) {
                add(Json::String(meant.clone()));
            }
        }
        out.insert("enum".to_owned(), Json::Array(values));
    }

    /// A bound since OpenAPI 3.1, before that a word about the other bound.
    fn exclusive(&mut self, node: &Node, key: &Key, value: &Node, out: &mut Map<String, Json>) {
        if let Some(number) = number(value) {
            out.insert(key.name.clone(), Json::Number(number));
            return;
        }
        let bound = if key.name == "exclusiveMinimum" { "minimum" } else { "maximum" };
        match (&value.value, node.get(bound).and_then(number)) {
            (Value::Bool(true), Some(number)) => {
                out.insert(key.name.clone(), Json::Number(number));
            }
            (Value::Bool(false), _) => {}
            (Value::Bool(true), None) => {
                self.report.warning(key.at, format!("`{}` says nothing without `{bound}`", key.name)).hint("left out");
            }
            _ => self.odd(key, value, if self.dialect < Dialect::V31 { "true or false" } else { "a number" }),
        }
    }

    fn pattern(&mut self, key: &Key, value: &Node, out: &mut Map<String, Json>) {
        let Some(pattern) = value.as_str() else {
            self.odd(key, value, "text");
            return;
        };
        let built =
            jsonschema::options().with_pattern_options(PatternOptions::regex()).build(&json!({ "pattern": pattern }));
        if built.is_ok() {
            out.insert("pattern".to_owned(), json!(pattern));
        } else {
            self.report
                .warning(value.at, "this pattern is not one that is matched in linear time")
                .hint("left out; look-around and back-references become a rule with `require:`");
        }
    }

    fn format(&mut self, node: &Node, value: &Node, out: &mut Map<String, Json>) {
        let Some(format) = value.as_str() else { return };
        let text = node.get("description").map_or("", |node| node.text.as_str());
        let found = mapped(format, text);
        let hint = match &found {
            Mapped::Same => {
                out.insert("format".to_owned(), json!(format));
                return;
            }
            Mapped::Named(name) => format!("taken for `{name}`"),
            Mapped::Written(keyword, _) => format!("written as `{keyword}`"),
            Mapped::Unknown => "left out; a `pattern` would check the value".to_owned(),
        };
        match found {
            Mapped::Named(name) => {
                out.insert("format".to_owned(), json!(name));
            }
            Mapped::Written(keyword, value) => {
                out.entry(keyword).or_insert(value);
            }
            Mapped::Same | Mapped::Unknown => {}
        }
        self.report.warning(value.at, format!("the format `{format}` is none of JSON Schema's")).hint(hint);
    }

    /// Schemas by name.
    fn named(&mut self, key: &Key, value: &'d Node, described: &Members<'d>, out: &mut Map<String, Json>) {
        let Some(members) = value.as_map() else {
            self.odd(key, value, "a mapping of schemas");
            return;
        };
        let mut schemas = Map::new();
        for (name, node) in members {
            let schema = match key.name.as_str() {
                "dependentSchemas" => self.schema_in(node, Some(described), Role::Alternative),
                _ => self.schema(node),
            };
            schemas.insert(name.name.clone(), schema);
        }
        out.insert(key.name.clone(), Json::Object(schemas));
    }

    pub(super) fn required(
        &mut self,
        node: &'d Node,
        value: &'d Node,
        described: &Members<'d>,
        role: Role,
        out: &mut Map<String, Json>,
    ) {
        if let Value::Bool(_) = value.value {
            self.report
                .warning(
                    value.at,
                    "`required` is a list of names in the schema of the object, and no word about a member",
                )
                .hint("left out");
            return;
        }
        let Some(items) = value.as_list() else {
            self.report
                .warning(value.at, format!("`required` is a list of names, but here is {}", value.kind()))
                .hint("left out");
            return;
        };
        let missing = if role == Role::Condition { Vec::new() } else { undeclared(node, described) };
        for name in &missing {
            let names: Vec<&str> = described.names.iter().copied().collect();
            let meant = nearest(&name.text, &names).map(|meant| format!(" (did you mean `{meant}`?)"));
            let meant = meant.unwrap_or_default();
            let (message, hint) = match role {
                Role::Alternative => (
                    format!("an alternative requires `{}`, and no such member is described{meant}", name.text),
                    "kept: a request may have members that the file does not describe",
                ),
                _ => (
                    format!("`{}` is required, and no such member is described{meant}", name.text),
                    "left out: with it, no request that the file describes would pass",
                ),
            };
            self.report.warning(name.at, message).hint(hint);
        }
        let is_kept = |item: &&Node| {
            item.as_str().is_some() && (role == Role::Alternative || !missing.iter().any(|name| name.at == item.at))
        };
        let mut names: Vec<&str> = Vec::new();
        for item in items.iter().filter(is_kept) {
            if !names.contains(&item.text.as_str()) {
                names.push(&item.text);
            }
        }
        if !names.is_empty() {
            out.insert("required".to_owned(), json!(names));
        }
    }
}

fn number(node: &Node) -> Option<Number> {
    match &node.value {
        Value::Number(number) => Some(number.clone()),
        _ => None,
    }
}
