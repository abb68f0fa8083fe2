//! Lets serde read what [`yaml`](crate::yaml) has parsed. An error knows its place, says
//! what was expected, and never repeats a text of the file: it may be a secret.

use std::fmt;

use saphyr::{AnnotatedMapping, MarkedYaml, Scalar, YamlData};
use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use solgate_document::suggest::nearest;

use crate::members::REQUIRED;
use crate::names::OneOf;
use crate::yaml::{ConfigError, Node};

type Mapping<'a> = AnnotatedMapping<'a, MarkedYaml<'a>>;

/// What serde finds wrong; the nearest node that knows its place adds it.
#[derive(Debug)]
pub struct Error {
    what: What,
    place: Option<ConfigError>,
}

#[derive(Debug)]
enum What {
    Message(String),
    /// A member that must be there is not.
    Missing(&'static str),
}

impl Error {
    fn new(message: String) -> Self {
        Self { what: What::Message(message), place: None }
    }

    /// The error, which is about `node` unless it is known better.
    pub fn at(self, node: Node<'_>) -> ConfigError {
        let Self { what, place } = self;
        place.unwrap_or_else(|| node.error(what.to_string()))
    }

    fn placed(self, node: Node<'_>) -> Self {
        let what = What::Message(self.what.to_string());
        Self { what, place: Some(self.at(node)) }
    }

    /// The same, about a member of the type `owner`.
    fn of(self, owner: &str) -> Self {
        match self {
            Self { what: What::Missing(member), place: None } => {
                let known = REQUIRED.iter().find(|(kind, name, _)| (*kind, *name) == (owner, member));
                let hint = known.map(|(_, _, hint)| format!(": {hint}")).unwrap_or_default();
                Self::new(format!("{member} is missing{hint}"))
            }
            other => other,
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => out.write_str(message),
            Self::Missing(member) => write!(out, "{member} is missing"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(out)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Map => "a mapping",
            Unexpected::Seq => "a list",
            Unexpected::Unit => "nothing",
            Unexpected::Bool(value) => &value.to_string(),
            Unexpected::Signed(value) => &value.to_string(),
            Unexpected::Unsigned(value) => &value.to_string(),
            Unexpected::Float(value) => &value.to_string(),
            Unexpected::Str(_) => "a different value",
            _ => "something else",
        };
        Self::new(format!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, known: &'static [&'static str]) -> Self {
        Self::invalid_type(Unexpected::Str(found), &OneOf(known).to_string().as_str())
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let hint = match nearest(name, known) {
            Some(other) => format!("did you mean {other}?"),
            None => format!("known here: {}", known.join(", ")),
        };
        Self::new(format!("unknown member {name}; {hint}"))
    }

    fn missing_field(member: &'static str) -> Self {
        Self { what: What::Missing(member), place: None }
    }
}

impl<'de> de::Deserializer<'de> for Node<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let read = match self.data() {
            YamlData::Value(Scalar::Null) => visitor.visit_unit(),
            YamlData::Value(Scalar::Boolean(value)) => visitor.visit_bool(*value),
            YamlData::Value(Scalar::Integer(value)) => visitor.visit_i64(*value),
            YamlData::Value(Scalar::FloatingPoint(value)) => visitor.visit_f64(value.into_inner()),
            YamlData::Value(Scalar::String(text)) => visitor.visit_borrowed_str(text),
            YamlData::Sequence(items) => visitor.visit_seq(Items(items.iter().map(|item| self.at(item)))),
            YamlData::Mapping(members) => visitor.visit_map(self.members(members)),
            _ => Err(de::Error::invalid_type(Unexpected::Other("something else"), &visitor)),
        };
        read.map_err(|error| error.placed(self))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.data() {
            YamlData::Value(Scalar::Boolean(value)) => visitor.visit_bool(*value),
            _ => self.another(&"true or false"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.data() {
            YamlData::Value(Scalar::String(_)) => self.deserialize_any(visitor),
            _ => self.another(&"a text"),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.data() {
            YamlData::Sequence(_) => self.deserialize_any(visitor),
            _ => self.another(&"a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.data() {
            YamlData::Mapping(_) => self.deserialize_any(visitor),
            _ => self.another(&"a mapping"),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let YamlData::Mapping(members) = self.data() else { return self.another(&"a mapping") };
        let read = visitor.visit_map(self.members(members));
        read.map_err(|error| error.of(name).placed(self))
    }

    /// A member that is there has a value: `null` stands for none of ours.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.data() {
            YamlData::Value(Scalar::String(text)) => {
                visitor.visit_enum(text.as_ref().into_deserializer()).map_err(|error: Error| error.placed(self))
            }
            _ => self.another(&OneOf(names).to_string().as_str()),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf unit unit_struct
        tuple tuple_struct ignored_any
    }
}

impl<'de> Node<'de> {
    fn members(self, of: &'de Mapping<'de>) -> Members<impl Iterator<Item = (Self, Self)>, Self> {
        Members { rest: of.iter().map(move |(name, value)| (self.at(name), self.at(value))), value: None }
    }

    /// Something else than what is expected.
    fn another<T>(self, expected: &dyn de::Expected) -> Result<T, Error> {
        let found = match self.data() {
            YamlData::Value(Scalar::Null) => Unexpected::Unit,
            YamlData::Value(Scalar::Boolean(value)) => Unexpected::Bool(*value),
            YamlData::Value(Scalar::Integer(value)) => Unexpected::Signed(*value),
            YamlData::Value(Scalar::FloatingPoint(value)) => Unexpected::Float(value.into_inner()),
            YamlData::Value(Scalar::String(text)) => Unexpected::Str(text),
            YamlData::Sequence(_) => Unexpected::Seq,
            YamlData::Mapping(_) => Unexpected::Map,
            _ => Unexpected::Other("something else"),
        };
        Err(<Error as de::Error>::invalid_type(found, expected).placed(self))
    }
}

/// The members of a mapping.
struct Members<I, T> {
    rest: I,
    value: Option<T>,
}

impl<'de, I: Iterator<Item = (Node<'de>, Node<'de>)>> MapAccess<'de> for Members<I, Node<'de>> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(value);
        seed.deserialize(key).map(Some).map_err(|error| error.placed(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = self.value.take().ok_or_else(|| de::Error::custom("a value without its name"))?;
        seed.deserialize(value).map_err(|error| error.placed(value))
    }
}

/// The items of a list.
struct Items<I>(I);

impl<'de, I: Iterator<Item = Node<'de>>> SeqAccess<'de> for Items<I> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some(item) = self.0.next() else { return Ok(None) };
        seed.deserialize(item).map(Some).map_err(|error| error.placed(item))
    }
}
