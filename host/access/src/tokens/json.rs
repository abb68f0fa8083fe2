//! JSON in which no member occurs twice, at any level: readers differ in which of two they
//! take.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// The object that a text holds; `None` if it holds something else, or a member twice.
pub fn object(text: &[u8]) -> Option<Map<String, Value>> {
    let Unambiguous = serde_json::from_slice(text).ok()?;
    match serde_json::from_slice(text).ok()? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// Any value that is read alike by everybody.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Unambiguous;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unambiguous, A::Error> {
        while let Some(Unambiguous) = list.next_element()? {}
        Ok(Unambiguous)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Unambiguous, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(de::Error::custom("a member occurs twice"));
            }
            let Unambiguous = members.next_value()?;
        }
        Ok(Unambiguous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_occurs_twice() {
        let table = [
            (r#"{"a": 1, "b": [null, true, -1, 1.5, "x", {"a": 1}], "c": {"a": {}}}"#, true),
            (r#"{"a": 1, "a": 1}"#, false),
            (r#"{"a": 1, "\u0061": 1}"#, false),
            (r#"{"b": [{"a": 1, "c": {"d": 1, "d": 2}}]}"#, false),
            ("[]", false),
            ("{} {}", false),
            (r#"{"a": 1e999}"#, false),
        ];
        for (text, good) in table {
            assert_eq!(object(text.as_bytes()).is_some(), good, "{text}");
        }
    }
}
