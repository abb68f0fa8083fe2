//! Documents as `jsonschema` looks at them.

use std::borrow::Cow;

use jsonschema::{
    JsonType, ValidationError,
    error::ValidationErrorKind,
    json::{self, NodeIdentity, cmp::equal_numbers},
};
use serde_json::{Map, Number, Value};

use crate::json::{Allowance, Array, Document, Items, Kind, Members, Node, Object};

/// Characters of a text that an error gets: a few more than any detail shows.
const SHOWN: usize = 80;

/// What an error shows of a value: nothing of what is in arrays and objects, and
/// the beginning of a text. There may be many errors about all of a body.
pub(super) fn shown(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Array(_) => Value::Array(Vec::new()),
        Kind::Object(_) => Value::Object(Map::new()),
        Kind::Text(text) => {
            let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(at, _)| at);
            Value::String(text.get(..end).unwrap_or_default().to_owned())
        }
        _ => Node::to_value(node),
    }
}

/// Whether an error was made when the allowance was spent. It then may be none: the
/// value was not looked at to its end.
pub(super) fn is_beyond(error: &ValidationError<'_>) -> bool {
    let unseen = is_unseen(error);
    unseen && branches(error).is_none_or(|branches| branches.iter().flatten().all(is_beyond))
}

/// Whether an error does not have what it is about.
pub(super) fn is_unseen(error: &ValidationError<'_>) -> bool {
    matches!(error.instance().as_ref(), Value::Array(items) if !items.is_empty())
}

/// The errors of each alternative. They are looked for when it is known that it fails,
/// so that any that was made in time shows that it does.
pub(super) fn branches<'e>(error: &'e ValidationError<'_>) -> Option<&'e [Vec<ValidationError<'static>>]> {
    match error.kind() {
        ValidationErrorKind::AnyOf { context }
        | ValidationErrorKind::OneOfNotValid { context }
        | ValidationErrorKind::OneOfMultipleValid { context } => Some(context),
        _ => None,
    }
}

/// The items of an array or the members of an object, as far as they are to be
/// looked at.
pub(super) struct Allowed<'a, I> {
    content: I,
    allowance: &'a Allowance,
}

impl<I: Iterator> Iterator for Allowed<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        if self.allowance.is_spent() { None } else { self.content.next() }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.content.size_hint().1)
    }
}

/// The representation of JSON that bodies are validated in.
pub(super) struct Tape;

impl json::Json for Tape {
    type Node<'a> = Node<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = Document<'static>;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(buffer: &mut Document<'static>, string: &str, f: impl FnOnce(Node<'_>) -> T) -> T {
        buffer.set_text(string);
        f(buffer.root())
    }
}

impl<'a> json::Node<'a, Tape> for Node<'a> {
    type Object = Object<'a>;
    type Array = Array<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Object<'a>> {
        match self.kind() {
            Kind::Object(object) => Some(object),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<Array<'a>> {
        match self.kind() {
            Kind::Array(array) => Some(array),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.as_str().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        match self.kind() {
            Kind::Number(number) => Some(number),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.kind(), Kind::Null)
    }

    fn json_type(&self) -> JsonType {
        match self.kind() {
            Kind::Null => JsonType::Null,
            Kind::Bool(_) => JsonType::Boolean,
            Kind::Number(_) => JsonType::Number,
            Kind::Text(_) => JsonType::String,
            Kind::Array(_) => JsonType::Array,
            Kind::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        equal(*self, expected)
    }

    /// For an error of a body: what it is about, or, where no more are looked for,
    /// what says so.
    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(if Node::allowance(*self).spend() { shown(*self) } else { Value::Array(vec![Value::Null]) })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        let (document, at) = Node::identity(*self);
        Some(NodeIdentity::tagged(document, at))
    }
}

impl<'a> json::Object<'a, Tape> for Object<'a> {
    type Node = Node<'a>;
    type MemberName = &'a str;
    type MembersIter = Allowed<'a, Members<'a>>;

    fn len(&self) -> usize {
        Object::len(self)
    }

    fn get(&self, key: &Box<str>) -> Option<Node<'a>> {
        Object::get(self, key)
    }

    fn members(&self) -> Self::MembersIter {
        Allowed { content: Object::members(self), allowance: Object::allowance(self) }
    }
}

impl<'a> json::Array<'a, Tape> for Array<'a> {
    type Node = Node<'a>;
    type ElementsIter = Allowed<'a, Items<'a>>;

    fn len(&self) -> usize {
        Array::len(self)
    }

    fn elements(&self) -> Self::ElementsIter {
        Allowed { content: Array::items(self), allowance: Array::allowance(self) }
    }

    fn is_unique(&self) -> bool {
        let values: Vec<Value> = self.items().map(Node::to_value).collect();
        json::unique::is_unique(&values)
    }
}

/// Equality as JSON Schema has it: 1 is 1.0, and the order of members does not matter.
fn equal(node: Node<'_>, expected: &Value) -> bool {
    match (node.kind(), expected) {
        (Kind::Null, Value::Null) => true,
        (Kind::Bool(value), Value::Bool(expected)) => value == *expected,
        (Kind::Number(number), Value::Number(expected)) => equal_numbers(number, expected),
        (Kind::Text(text), Value::String(expected)) => text == expected,
        (Kind::Array(array), Value::Array(expected)) => {
            array.len() == expected.len() && array.items().zip(expected).all(|(item, expected)| equal(item, expected))
        }
        (Kind::Object(object), Value::Object(expected)) => {
            object.len() == expected.len()
                && object
                    .members()
                    .all(|(name, value)| expected.get(name).is_some_and(|expected| equal(value, expected)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    use jsonschema::Draft;
    use serde_json::json;

    use super::*;

    /// Most keywords there are, on members with few names.
    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["a", "b"],
            "properties": {
                "a": {"enum": ["x", 1, [1, {"x": 1}], {"a": 1, "b": "x"}, null]},
                "b": {"type": ["string", "integer", "array"], "minLength": 2, "maxLength": 3, "pattern": "^é?[xy]"},
                "c": {"const": {"x": [1.0, "y"], "y": null}},
                "d": {"type": "array", "uniqueItems": true, "minItems": 1, "maxItems": 3, "items": {"$ref": "#/$defs/any"}},
                "e": {"oneOf": [{"type": "string"}, {"type": "object", "required": ["x"]}, {"minimum": 1, "type": "number"}]},
                "f": {"type": "object", "additionalProperties": false, "properties": {"x": {"type": "boolean"}}},
                "g": {"minProperties": 1, "maxProperties": 2, "propertyNames": {"maxLength": 1}},
                "h": {"anyOf": [{"$ref": "#"}, {"type": "null"}]},
                "i": {"not": {"type": "object"}, "contains": {"const": 1}, "prefixItems": [{"type": "integer"}]},
                "j": {"type": "number", "multipleOf": 0.5, "exclusiveMaximum": 3},
                "k": {"if": {"required": ["x"]}, "then": {"required": ["y"], "properties": {"y": true}}, "unevaluatedProperties": false, "properties": {"x": true}},
                "l": {"dependentRequired": {"x": ["y"]}, "patternProperties": {"^x": {"type": "string", "format": "ipv4"}}},
            },
            "$defs": {"any": {"type": ["object", "array", "number", "string"], "properties": {"x": {"$ref": "#/$defs/any"}}}},
        })
    }

    fn value(random: &mut fastrand::Rng, depth: usize) -> Value {
        match random.u8(..if depth == 0 { 8 } else { 14 }) {
            0 => Value::Null,
            1 => json!(random.bool()),
            2..=3 => [json!(1), json!(1.0), json!(2.5), json!(-3), json!(u64::MAX)][random.usize(..5)].clone(),
            4..=7 => ["x", "y", "éx", "xyz", "127.0.0.1"][random.usize(..5)].into(),
            8..=9 => (0..random.usize(..5)).map(|_| value(random, depth.saturating_sub(1))).collect(),
            _ => (0..random.usize(..4))
                .map(|_| {
                    let name = ["a", "b", "x", "y", "xx", "a/b"][random.usize(..6)];
                    (name.to_owned(), value(random, depth.saturating_sub(1)))
                })
                .collect(),
        }
    }

    /// A body that is often valid in some parts.
    fn body(random: &mut fastrand::Rng) -> Value {
        let apt = json!({
            "a": {"b": "x", "a": 1.0}, "b": "xy", "c": {"y": null, "x": [1, "y"]}, "d": [1, 2, {"x": "y"}],
            "e": {"x": 1}, "f": {"x": true}, "g": {"y": 1}, "h": {"a": "x", "b": "éx"}, "i": [1], "j": 2.5,
            "k": {"x": 1, "y": 2}, "l": {"x": "127.0.0.1", "y": 1},
        });
        let mut members = apt.as_object().unwrap().clone();
        for name in "abcdefghijkl".chars() {
            match random.u8(..24) {
                0 => drop(members.remove(name.encode_utf8(&mut [0; 4]))),
                1..=2 => drop(members.insert(name.into(), value(random, 3))),
                _ => {}
            }
        }
        Value::Object(members)
    }

    #[test]
    fn bodies_have_the_faults_that_they_have_as_values() {
        let of_values = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        let of_values = of_values.build(&schema()).unwrap();
        let of_tapes = jsonschema::options_for::<Tape>().with_draft(Draft::Draft202012).should_validate_formats(true);
        let of_tapes = of_tapes.build(&schema()).unwrap();
        let shown = |error: ValidationError<'_>| {
            let instance = error.instance();
            let instance =
                if instance.is_array() || instance.is_object() { Value::Null } else { instance.clone().into_owned() };
            let paths = [error.instance_path().as_str().to_owned(), error.evaluation_path().as_str().to_owned()];
            (error.kind().keyword().to_owned(), paths, instance)
        };
        let mut random = fastrand::Rng::with_seed(11);
        let mut valid = 0;
        for _ in 0..3_000 {
            let body = body(&mut random);
            let document = Document::from(&body);
            let expected: Vec<_> = of_values.iter_errors(&body).map(shown).collect();
            let found: Vec<_> = of_tapes.iter_errors(document.root()).map(shown).collect();
            assert_eq!(found, expected, "{body}");
            assert_eq!(of_tapes.is_valid(document.root()), of_values.is_valid(&body), "{body}");
            valid = if expected.is_empty() { 1 + valid } else { valid };
        }
        assert!(valid > 50, "{valid}");
    }
}
