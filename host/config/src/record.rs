//! Where whole decisions are recorded.

use std::path::PathBuf;

use solgate::record::Bodies;

/// Where records go, and what is in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordConfig {
    pub file: PathBuf,
    pub bodies: Bodies,
}
