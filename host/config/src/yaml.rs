//! Reads YAML with positions.

use std::fmt;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

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

    /// What stands here.
    pub fn data(&self) -> &'a YamlData<'a, MarkedYaml<'a>> {
        &self.yaml.data
    }

    /// Another place in the same file.
    pub fn at(&self, yaml: &'a MarkedYaml<'a>) -> Self {
        Self { file: self.file, yaml }
    }

    /// The place that a JSON Pointer leads to from here, or as far as it does.
    pub fn find(&self, pointer: &str) -> Self {
        let Some(rest) = pointer.strip_prefix('/') else { return *self };
        let (step, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let next = match self.data() {
            YamlData::Mapping(members) => {
                members.iter().find(|(name, _)| self.at(name).is(step)).map(|(_, value)| value)
            }
            YamlData::Sequence(items) => step.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        };
        next.map_or(*self, |yaml| self.at(yaml).find(rest))
    }

    fn is(&self, wanted: &str) -> bool {
        matches!(self.data(), YamlData::Value(Scalar::String(text)) if text == wanted)
    }
}
