//! Reads YAML with positions, strictly: an unknown member is an error that
//! names its line and the member that was probably meant.

use std::fmt;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use solgate_document::suggest::nearest;

/// What is wrong with a configuration file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    pub file: PathBuf,
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}: {}", self.file.display(), self.line, self.column, self.message)
    }
}

impl std::error::Error for ConfigError {}

/// A place in a YAML file.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    file: &'a Path,
    yaml: &'a MarkedYaml<'a>,
}

/// Parses `text` and gives its only document to `read`.
///
/// # Errors
/// The text is not YAML, holds no or several documents, or `read` objects.
pub fn read<T>(
    file: &Path,
    text: &str,
    read: impl FnOnce(Node<'_>) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let fail = |line, column, message| ConfigError { file: file.to_owned(), line, column, message };
    let documents = MarkedYaml::load_from_str(text).map_err(|error| {
        let marker = error.marker();
        fail(marker.line(), marker.col().saturating_add(1), format!("not valid YAML: {}", error.info()))
    })?;
    match documents.as_slice() {
        [yaml] => read(Node { file, yaml }),
        [] => Err(fail(1, 1, "the file is empty".to_owned())),
        _ => Err(fail(1, 1, "expected one YAML document, found several".to_owned())),
    }
}

impl<'a> Node<'a> {
    /// An error about this place.
    pub fn error(&self, message: impl Into<String>) -> ConfigError {
        let start = self.yaml.span.start;
        ConfigError {
            file: self.file.to_owned(),
            line: start.line(),
            column: start.col().saturating_add(1),
            message: message.into(),
        }
    }

    fn at(&self, yaml: &'a MarkedYaml<'a>) -> Self {
        Self { file: self.file, yaml }
    }

    /// The members, of which all must be among `known`.
    ///
    /// # Errors
    /// Not a mapping, or one with an unknown member.
    pub fn members(&self, known: &[&str]) -> Result<Vec<(&'a str, Self)>, ConfigError> {
        let members = self.entries()?;
        for (name, _, key) in &members {
            if !known.contains(name) {
                let hint = match nearest(name, known) {
                    Some(other) => format!("did you mean {other}?"),
                    None => format!("known here: {}", known.join(", ")),
                };
                return Err(key.error(format!("unknown member {name}; {hint}")));
            }
        }
        Ok(members.into_iter().map(|(name, value, _)| (name, value)).collect())
    }

    /// Names, values and the places of the names.
    ///
    /// # Errors
    /// Not a mapping with texts as keys.
    pub fn entries(&self) -> Result<Vec<(&'a str, Self, Self)>, ConfigError> {
        let YamlData::Mapping(mapping) = &self.yaml.data else {
            return Err(self.expected("a mapping"));
        };
        mapping
            .iter()
            .map(|(key, value)| {
                let key = self.at(key);
                Ok((key.text()?, self.at(value), key))
            })
            .collect()
    }

    /// Whether it has members.
    pub fn is_mapping(&self) -> bool {
        matches!(self.yaml.data, YamlData::Mapping(_))
    }

    /// # Errors
    /// Not a list.
    pub fn items(&self) -> Result<Vec<Self>, ConfigError> {
        match &self.yaml.data {
            YamlData::Sequence(items) => Ok(items.iter().map(|item| self.at(item)).collect()),
            _ => Err(self.expected("a list")),
        }
    }

    /// # Errors
    /// Not a text.
    pub fn text(&self) -> Result<&'a str, ConfigError> {
        match &self.yaml.data {
            YamlData::Value(Scalar::String(text)) => Ok(text),
            _ => Err(self.expected("a text")),
        }
    }

    /// # Errors
    /// Neither true nor false.
    pub fn boolean(&self) -> Result<bool, ConfigError> {
        match &self.yaml.data {
            YamlData::Value(Scalar::Boolean(value)) => Ok(*value),
            _ => Err(self.expected("true or false")),
        }
    }

    /// # Errors
    /// Not a whole number from 1.
    pub fn positive(&self) -> Result<usize, ConfigError> {
        match &self.yaml.data {
            YamlData::Value(Scalar::Integer(number)) if *number > 0 => {
                usize::try_from(*number).map_err(|_| self.expected("a smaller number"))
            }
            _ => Err(self.expected("a whole number from 1")),
        }
    }

    /// A number, whole or not, whose text `parse` understands.
    ///
    /// # Errors
    /// No number, or `parse` does not understand it.
    pub fn number<T>(&self, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, ConfigError> {
        let text = match &self.yaml.data {
            YamlData::Value(Scalar::Integer(number)) => number.to_string(),
            YamlData::Value(Scalar::FloatingPoint(number)) => number.to_string(),
            _ => return Err(self.expected(expected)),
        };
        parse(&text).ok_or_else(|| self.expected(expected))
    }

    /// A text that `parse` understands; `expected` says what that would be.
    ///
    /// # Errors
    /// `parse` does not understand it.
    pub fn parse<T>(&self, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, ConfigError> {
        self.text().ok().and_then(parse).ok_or_else(|| self.expected(expected))
    }

    /// The value as JSON.
    ///
    /// # Errors
    /// Something that JSON does not have.
    pub fn json(&self) -> Result<serde_json::Value, ConfigError> {
        use serde_json::Value;
        Ok(match &self.yaml.data {
            YamlData::Value(Scalar::Null) => Value::Null,
            YamlData::Value(Scalar::Boolean(value)) => Value::Bool(*value),
            YamlData::Value(Scalar::Integer(value)) => Value::from(*value),
            YamlData::Value(Scalar::FloatingPoint(value)) => Value::from(value.into_inner()),
            YamlData::Value(Scalar::String(value)) => Value::from(value.as_ref()),
            YamlData::Sequence(_) => Value::Array(self.items()?.iter().map(Self::json).collect::<Result<_, _>>()?),
            _ => return Err(self.expected("a value or a list of values")),
        })
    }

    /// An error that says what should be here. A text itself is not repeated:
    /// it may be a secret.
    fn expected(&self, what: &str) -> ConfigError {
        let found = match &self.yaml.data {
            YamlData::Mapping(_) => "a mapping",
            YamlData::Sequence(_) => "a list",
            YamlData::Value(Scalar::Null) => "nothing",
            YamlData::Value(Scalar::Boolean(value)) => &value.to_string(),
            YamlData::Value(Scalar::Integer(value)) => &value.to_string(),
            YamlData::Value(Scalar::FloatingPoint(value)) => &value.to_string(),
            YamlData::Value(Scalar::String(_)) => "a different value",
            _ => "something else",
        };
        self.error(format!("expected {what}, found {found}"))
    }
}
