//! The files beside the request: facts and caller, in JSON or YAML.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::net::IpAddr;
use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use solgate::request::Caller;

use super::input::bounded;
use crate::check::error::CheckError;

/// Deepest nesting of a document.
const DEPTH: usize = 128;

/// Reads a file as one document; `.json` is JSON, everything else YAML, of
/// which JSON is a part.
pub fn read(path: &Path) -> Result<Value, CheckError> {
    let bad = |message: String| CheckError::Document { path: path.to_owned(), message };
    let content =
        File::open(path).and_then(bounded).map_err(|error| CheckError::Read { path: path.to_owned(), error })?;
    let content = String::from_utf8(content).map_err(|_| bad("not UTF-8: save the file as UTF-8".to_owned()))?;
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        return serde_json::from_str::<NoMemberTwice>(&content)
            .and_then(|_| serde_json::from_str(&content))
            .map_err(|error| bad(format!("not JSON: {error}; correct it there")));
    }
    let documents = Yaml::load_from_str(&content).map_err(|error| {
        let (line, column) = (error.marker().line(), error.marker().col().saturating_add(1));
        bad(format!("not YAML: {} at line {line} column {column}; correct it there", error.info()))
    })?;
    match documents.as_slice() {
        [document] => value(document, DEPTH).map_err(bad),
        [] => Err(bad("the file is empty: expected one document".to_owned())),
        _ => Err(bad("the file holds several documents: expected one, without `---` after its start".to_owned())),
    }
}

fn value(node: &Yaml<'_>, depth: usize) -> Result<Value, String> {
    let depth = depth.checked_sub(1).ok_or_else(|| format!("nested deeper than {DEPTH} levels"))?;
    Ok(match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(boolean)) => Value::Bool(*boolean),
        Yaml::Value(Scalar::Integer(integer)) => Value::from(*integer),
        Yaml::Value(Scalar::FloatingPoint(float)) => Number::from_f64(float.into_inner())
            .map(Value::Number)
            .ok_or_else(|| "a number is infinite or not a number: JSON has no such value".to_owned())?,
        Yaml::Value(Scalar::String(text)) => Value::String(text.clone().into_owned()),
        Yaml::Sequence(items) => Value::Array(items.iter().map(|item| value(item, depth)).collect::<Result<_, _>>()?),
        Yaml::Mapping(members) => {
            let mut map = Map::new();
            for (key, member) in members {
                let Yaml::Value(Scalar::String(key)) = key else {
                    return Err("a key is not a text: put it into quotes".to_owned());
                };
                map.insert(key.clone().into_owned(), value(member, depth)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(..) => return Err("a tag (!name) has no meaning here: remove it".to_owned()),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            return Err("a value cannot be read: put it into quotes".to_owned());
        }
    })
}

/// Any JSON text in which no object has a member twice.
struct NoMemberTwice;

impl<'de> Deserialize<'de> for NoMemberTwice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for NoMemberTwice {
    type Value = Self;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format_args!("the member {name:?} occurs twice")));
            }
            seen.insert(name);
            members.next_value::<Self>()?;
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}

/// Reads whom a request is said to come from.
pub fn caller(path: &Path) -> Result<Caller, CheckError> {
    caller_of(&read(path)?).map_err(|message| CheckError::Document { path: path.to_owned(), message })
}

/// Whom a request is said to come from, of a document that is at hand.
///
/// # Errors
/// In words, what is wrong with it.
pub fn caller_of(document: &Value) -> Result<Caller, String> {
    let Value::Object(members) = document else {
        return Err(format!("not a caller: expected a mapping with {MEMBERS}"));
    };
    let mut caller = Caller::default();
    for (name, value) in members {
        let text = || value.as_str().map(str::to_owned).ok_or("a text");
        let texts = || {
            let texts: Option<Vec<String>> =
                value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            texts
        };
        let texts = || texts().ok_or("a list of texts");
        let read = match name.as_str() {
            "subject" => text().map(|text| caller.subject = Some(text)),
            "tenant" => text().map(|text| caller.tenant = Some(text)),
            "roles" => texts().map(|texts| caller.roles = texts),
            "scopes" => texts().map(|texts| caller.scopes = texts),
            "certificateNames" => texts().map(|texts| caller.certificate_names = texts),
            "sourceAddress" => text()
                .ok()
                .filter(|text| text.parse::<IpAddr>().is_ok())
                .map(|text| caller.source_address = Some(text))
                .ok_or("an IP address"),
            _ => return Err(format!("a caller has no member {name:?}; it has {MEMBERS}")),
        };
        read.map_err(|expected| format!("{name}: expected {expected}, found {value}"))?;
    }
    Ok(caller)
}

/// What a caller may have.
const MEMBERS: &str = "subject, tenant, roles, scopes, certificateNames, sourceAddress";
