//! Names that stand for choices, in the file and on the command line.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::{Deserialize, Serialize, de};
use solgate::gate::{FactFailure, Severity};

/// What becomes of a request if a fact is not to be had.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "FactFailure", rename_all = "camelCase")]
pub enum FactFailureName {
    /// The request is refused.
    Deny,
    /// It goes on without the fact, with a warning.
    Pass,
}

/// What becomes of a request that breaks a rule.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(remote = "Severity", rename_all = "camelCase")]
pub enum SeverityName {
    /// The request is refused.
    Deny,
    /// It passes with a warning.
    Warn,
    /// It passes, and only the log says so.
    Audit,
    /// The rule is not asked.
    Off,
}

/// Reads one of the names of `T`.
///
/// # Errors
/// The names of which one was expected.
pub fn named<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, OneOf> {
    T::deserialize(BorrowedStrDeserializer::new(text))
}

/// The names of which one is expected; displayed, "a, b or c".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneOf(pub &'static [&'static str]);

impl fmt::Display for OneOf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => out.write_str("nothing"),
            [one] => out.write_str(one),
            [first @ .., last] => write!(out, "{} or {last}", first.join(", ")),
        }
    }
}

impl std::error::Error for OneOf {}

impl de::Error for OneOf {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, names: &'static [&'static str]) -> Self {
        Self(names)
    }
}

/// A [`FactFailure`] by its name.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct NamedFactFailure(#[serde(with = "FactFailureName")] pub FactFailure);

/// A [`Severity`] by its name.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct NamedSeverity(#[serde(with = "SeverityName")] pub Severity);
