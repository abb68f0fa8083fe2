//! What the names that expressions know stand for.

use std::collections::HashMap;

use solgate_document::yaml::Node;
use solgate_engine::ir::{ItemKind, OptionDef, OptionKind};

use super::Surroundings;
use super::kinds::Kinds;
use super::schema::Described;
use super::sure::{Definition, Sure, Told};
use super::value::{Parts, Value};
use crate::openapi::answer;
use crate::policy::{Fact, Policy};
use crate::variables::DATA;

/// The names of one rule's expressions.
pub(super) struct Names<'a, 'n> {
    surroundings: &'a Surroundings<'a, 'n>,
    /// `variables` defined so far.
    pub variables: Vec<(String, Value<'n>)>,
    /// `item`, inside of `forEach`.
    pub item: Option<Value<'n>>,
    /// Variables of macros, innermost last.
    pub bound: Vec<(String, Value<'n>)>,
    /// The same variables as `variables`, and how they are made.
    pub definitions: Vec<(String, Definition)>,
    /// What is certain at this point.
    pub sure: Sure,
    /// What the conditions of this expression tell, by their nodes.
    pub conditions: HashMap<u64, Told>,
}

impl<'a, 'n> Names<'a, 'n> {
    pub fn new(surroundings: &'a Surroundings<'a, 'n>) -> Self {
        Self {
            surroundings,
            variables: Vec::new(),
            item: None,
            bound: Vec::new(),
            definitions: Vec::new(),
            sure: Sure::default(),
            conditions: HashMap::new(),
        }
    }

    pub fn policy(&self) -> &'n Policy {
        self.surroundings.policy
    }

    pub fn value(&self, name: &str) -> Value<'n> {
        if let Some((_, value)) = self.bound.iter().rev().find(|(known, _)| known == name) {
            return value.clone();
        }
        let Surroundings { policy, operations, .. } = self.surroundings;
        if let Some(fact) = policy.fact(name) {
            return self.fact(fact);
        }
        let texts = |all: Vec<String>| if all.is_empty() { Value::of(Kinds::TEXT) } else { Value::one_of(all) };
        match name {
            "body" => self.body(),
            "variables" => Value::object(self.variables.clone()),
            DATA if !policy.data.is_empty() => {
                Value::object(policy.data.iter().map(|data| (data.def.name.clone(), described(&data.schema))).collect())
            }
            "options" => Value::object(policy.options.iter().map(|def| (def.name.clone(), option(def))).collect()),
            "method" => texts(operations.iter().map(|op| op.def.method.clone()).collect()),
            "operation" => texts(operations.iter().map(|op| op.def.id.clone()).collect()),
            "apiRoot" => Value::of(Kinds::TEXT),
            "receivedAt" | "bodyBytes" | "index" => Value::of(Kinds::NUMBER),
            "now" => Value::of(Kinds::TIMESTAMP),
            "headers" | "query" | "path" => map_of(Value::of(Kinds::TEXT)),
            "caller" => {
                let texts = || Value::list(Value::of(Kinds::TEXT));
                let text = || Value::of(Kinds::TEXT);
                let members = [
                    ("subject", text()),
                    ("tenant", text()),
                    ("sourceAddress", text()),
                    ("roles", texts()),
                    ("scopes", texts()),
                    ("certificateNames", texts()),
                ];
                Value::object(members.map(|(name, value)| (name.to_owned(), value)).into())
            }
            "item" => self.item.clone().unwrap_or(Value::ANY),
            "int" | "uint" | "double" | "bool" | "string" | "bytes" | "list" | "map" | "null_type" | "type" => {
                Value::of(Kinds::TYPE)
            }
            _ => Value::ANY,
        }
    }

    /// Whether there are bodies in which a member that is null counts as absent, so that a
    /// rule may well ask for null.
    pub fn have_nulls(&self) -> bool {
        let mut bodies = self.surroundings.operations.iter().filter_map(|op| op.def.body.as_ref());
        bodies.any(|body| body.null_is_absent)
    }

    /// Of several operations, the body of any.
    fn body(&self) -> Value<'n> {
        let schemas = self.surroundings.operations.iter().filter_map(|op| op.schema);
        let schemas: Vec<_> = schemas.collect();
        if schemas.is_empty() {
            return Value::of(Kinds::MAP);
        }
        Described::new(self.surroundings.api, schemas).map_or(Value::ANY, Value::described)
    }

    fn fact(&self, fact: &Fact) -> Value<'n> {
        let schema = answer(self.surroundings.api, &fact.def.path);
        let described = schema.and_then(|schema| Described::new(self.surroundings.api, [schema]));
        match described.map(Value::described) {
            Some(value) if value.kinds.meets(if fact.def.list { Kinds::LIST } else { Kinds::MAP }) => value,
            _ if fact.def.list => Value::list(Value::of(Kinds::MAP)),
            _ => Value::of(Kinds::MAP),
        }
    }
}

fn described(schema: &Node) -> Value<'_> {
    Described::alone(schema).map_or(Value::ANY, Value::described)
}

/// An object, all of whose values are like this one.
fn map_of(value: Value<'_>) -> Value<'_> {
    Value { parts: Parts::Items(Box::new(value)), ..Value::of(Kinds::MAP) }
}

fn option(def: &OptionDef) -> Value<'static> {
    let values: Option<Vec<String>> = def.values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
    match def.kind {
        OptionKind::Boolean => Value::of(Kinds::BOOL),
        OptionKind::Integer => Value::of(Kinds::NUMBER),
        OptionKind::String => match values {
            Some(values) if !values.is_empty() => Value::one_of(values),
            _ => Value::of(Kinds::TEXT),
        },
        OptionKind::Strings => Value::list(match values {
            Some(values) if !values.is_empty() => Value::one_of(values),
            _ => Value::of(Kinds::TEXT),
        }),
        OptionKind::Map(of) => map_of(match of {
            ItemKind::String => Value::of(Kinds::TEXT),
            ItemKind::Number => Value::of(Kinds::NUMBER),
            ItemKind::Boolean => Value::of(Kinds::BOOL),
            ItemKind::Strings => Value::list(Value::of(Kinds::TEXT)),
        }),
    }
}
