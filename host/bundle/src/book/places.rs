//! Where in a body, and in which operations, a rule of the schema can fail.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use solgate_document::pointer;
use solgate_engine::ir::{Bundle, Operation};

/// What can break a rule without an expression.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    /// Ids of operations.
    pub operations: BTreeSet<String>,
    /// JSON Pointers into the body, `*` for any item or member.
    pub pointers: BTreeSet<String>,
    /// Header fields.
    pub fields: BTreeSet<String>,
}

/// The places of each rule that a schema, a header parameter or a media type
/// names, by rule id.
pub(crate) fn places(bundle: &Bundle) -> BTreeMap<String, Places> {
    let mut walk = Walk { bundle, places: BTreeMap::new(), entered: Vec::new() };
    for operation in &bundle.operations {
        for header in &operation.headers {
            walk.at(&header.rule, operation).fields.insert(header.name.clone());
        }
        if let Some(body) = &operation.body {
            walk.at(&body.media_type_rule, operation).fields.insert("Content-Type".to_owned());
            for rule in body.media_types.iter().filter_map(|media_type| media_type.rule.as_ref()) {
                walk.at(rule, operation).fields.insert("Content-Type".to_owned());
            }
            if let Some(schema) = bundle.schemas.get(&body.schema) {
                walk.schema(schema, "", operation);
            }
        }
    }
    walk.places
}

struct Walk<'b> {
    bundle: &'b Bundle,
    places: BTreeMap<String, Places>,
    /// Schemas on the way, which may refer back to themselves.
    entered: Vec<&'b str>,
}

impl<'b> Walk<'b> {
    fn at(&mut self, rule: &str, operation: &Operation) -> &mut Places {
        let rule = operation.rule_map.get(rule).map_or(rule, String::as_str);
        let places = self.places.entry(rule.to_owned()).or_default();
        places.operations.insert(operation.id.clone());
        places
    }

    fn schema(&mut self, schema: &'b Value, pointer: &str, operation: &Operation) {
        let Some(members) = schema.as_object() else { return };
        for (keyword, value) in members {
            match (keyword.as_str(), value) {
                ("x-rule", Value::String(rule)) => self.name(rule, pointer, operation),
                ("x-rule", Value::Object(rules)) => {
                    let rules = rules.iter().filter(|(keyword, _)| *keyword != "detail");
                    for rule in rules.filter_map(|(_, rule)| rule.as_str()) {
                        self.name(rule, pointer, operation);
                    }
                }
                ("$ref", Value::String(target)) => self.follow(target, pointer, operation),
                ("properties", Value::Object(schemas)) => {
                    for (name, schema) in schemas {
                        let name = pointer::escape(name);
                        self.schema(schema, &format!("{pointer}/{name}"), operation);
                    }
                }
                ("dependentSchemas", Value::Object(schemas)) => {
                    schemas.values().for_each(|schema| self.schema(schema, pointer, operation));
                }
                ("patternProperties", Value::Object(schemas)) => {
                    schemas.values().for_each(|schema| self.schema(schema, &format!("{pointer}/*"), operation));
                }
                ("prefixItems", Value::Array(schemas)) => {
                    schemas.iter().for_each(|schema| self.schema(schema, &format!("{pointer}/*"), operation));
                }
                ("items" | "additionalProperties" | "unevaluatedItems" | "unevaluatedProperties", schema) => {
                    self.schema(schema, &format!("{pointer}/*"), operation);
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                    schemas.iter().for_each(|schema| self.schema(schema, pointer, operation));
                }
                // What is below `not`, `if`, `contains` and `propertyNames` does not fail by itself.
                ("then" | "else", schema) => self.schema(schema, pointer, operation),
                _ => {}
            }
        }
    }

    fn name(&mut self, rule: &str, pointer: &str, operation: &Operation) {
        self.at(rule, operation).pointers.insert(pointer.to_owned());
    }

    fn follow(&mut self, target: &'b str, pointer: &str, operation: &Operation) {
        let name = target.strip_prefix("#/components/schemas/").unwrap_or(target);
        if self.entered.contains(&name) {
            return;
        }
        let bundle = self.bundle;
        let mut steps = pointer::steps(name);
        let first = steps.next().and_then(|name| bundle.schemas.get(&name));
        let found = steps.try_fold(first, |schema, step| schema.map(|schema| schema.get(&step)));
        if let Some(Some(schema)) = found {
            self.entered.push(name);
            self.schema(schema, pointer, operation);
            self.entered.pop();
        }
    }
}
