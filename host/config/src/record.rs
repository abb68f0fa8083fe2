//! Where whole decisions are recorded.

use std::path::PathBuf;

use solgate::record::Bodies;
use solgate::record::redact::SecretNames;

/// Where records go, and what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordConfig {
    pub file: PathBuf,
    pub bodies: Bodies,
    /// What is a secret by its name.
    pub names: SecretNames,
    /// Whether each record says which one it follows.
    pub chain: bool,
}

impl RecordConfig {
    /// Records in this file, without bodies.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self { file, bodies: Bodies::default(), names: SecretNames::default(), chain: false }
    }
}
