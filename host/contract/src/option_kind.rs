//! The types of options.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Most entries of an option that is a map: settings go with every request. Larger tables
/// are data of a bundle.
pub const MAP_ENTRIES: usize = 1000;
/// Longest name of an entry, in bytes.
pub const MAP_NAME: usize = 1000;

/// The type of an option's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OptionKind {
    Boolean,
    Integer,
    String,
    /// A list of strings.
    Strings,
    /// An object, all of whose members are of one type.
    Map(ItemKind),
}

/// The type of the values in a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ItemKind {
    String,
    /// With or without a fraction.
    Number,
    Boolean,
    Strings,
}

impl ItemKind {
    pub const NAMES: [(&'static str, Self); 4] =
        [("string", Self::String), ("number", Self::Number), ("boolean", Self::Boolean), ("strings", Self::Strings)];

    /// Whether this is such a value.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Strings => is_strings(value),
        }
    }

    /// What such values are, for a message.
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Strings => "a list of texts",
        }
    }

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

impl OptionKind {
    /// Whether this is such a value.
    #[must_use]
    pub fn fits(self, value: &Value) -> bool {
        match self {
            Self::Boolean => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::String => value.is_string(),
            Self::Strings => is_strings(value),
            Self::Map(of) => value.as_object().is_some_and(|members| members.values().all(|value| of.fits(value))),
        }
    }

    /// What such values are, for a message: "`x` is {}".
    #[must_use]
    pub fn described(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Integer => "an integer",
            Self::String => "text",
            Self::Strings => "a list of texts",
            Self::Map(ItemKind::String) => "a mapping of texts",
            Self::Map(ItemKind::Number) => "a mapping of numbers",
            Self::Map(ItemKind::Boolean) => "a mapping of true and false",
            Self::Map(ItemKind::Strings) => "a mapping of lists of texts",
        }
    }

    /// A value that is given as text, as on a command line: the items of a list are separated
    /// by commas, and so are the entries of a map, each `name=value`. A map can also be a JSON
    /// object, and has to be one if its values are lists.
    #[must_use]
    pub fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Boolean => text.parse().ok().map(Value::Bool),
            Self::Integer => text.parse::<i64>().ok().map(Value::from),
            Self::String => Some(Value::from(text)),
            Self::Strings if text.trim().is_empty() => Some(Value::Array(Vec::new())),
            Self::Strings => {
                let items: Vec<&str> = text.split(',').map(str::trim).collect();
                (!items.contains(&"")).then(|| Value::from(items))
            }
            Self::Map(_) if text.trim_start().starts_with('{') => {
                serde_json::from_str(text).ok().filter(|value| self.fits(value))
            }
            Self::Map(_) if text.trim().is_empty() => Some(Value::Object(Map::new())),
            Self::Map(of) => {
                let mut members = Map::new();
                for entry in text.split(',') {
                    let (name, value) = entry.split_once('=')?;
                    let value = match of {
                        ItemKind::String => Value::from(value.trim()),
                        ItemKind::Number | ItemKind::Boolean => serde_json::from_str(value).ok()?,
                        ItemKind::Strings => return None,
                    };
                    if !of.fits(&value) || members.insert(name.trim().to_owned(), value).is_some() {
                        return None;
                    }
                }
                Some(Value::Object(members))
            }
        }
    }

    /// The same as it is told in the manifest, beside or in place of allowed values: of a
    /// type that its default does not tell, an object that no value can be.
    #[must_use]
    pub fn told(self) -> Option<Value> {
        match self {
            Self::Boolean | Self::Integer | Self::String | Self::Strings => None,
            Self::Map(of) => Some(json!({ "type": "map", "of": of.name() })),
        }
    }

    /// The type of an option whose manifest has this default and these values, and those
    /// of the values that are some.
    #[must_use]
    pub fn of(default: &Value, mut values: Vec<Value>) -> (Self, Vec<Value>) {
        if default.is_object() {
            let of = values.iter().find_map(|value| value.get("of")?.as_str());
            let of = of.and_then(|of| ItemKind::NAMES.iter().find(|(name, _)| *name == of));
            let kind = Self::Map(of.map_or(ItemKind::String, |(_, kind)| *kind));
            values.retain(|value| !value.is_object());
            return (kind, values);
        }
        let kind = match default {
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Integer,
            Value::Array(_) => Self::Strings,
            _ => Self::String,
        };
        (kind, values)
    }
}

fn is_strings(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_string))
}
