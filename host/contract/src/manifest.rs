//! How a policy describes itself.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::api_root::{self, API_VERSIONS};
pub use crate::option_kind::{ItemKind, MAP_ENTRIES, MAP_NAME, OptionKind};
use crate::ownership::Claim;
use crate::uri;
pub use crate::verdict::Severity;

/// A policy's answer to `describe`, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    /// Lower-case hexadecimal SHA-256 over the bundle's source.
    pub digest: String,
    /// Names, in lower case, of the header fields that reach the policy.
    pub fields: Vec<String>,
    /// Paths below which the policy judges; a segment in braces stands for any other.
    pub api_roots: Vec<String>,
    pub operations: Vec<Operation>,
    /// By name.
    pub facts: BTreeMap<String, FactTemplate>,
    /// By name.
    pub options: BTreeMap<String, OptionDefinition>,
    pub rules: Vec<RuleSummary>,
    pub limits: Limits,
    /// Where bodies may hold secrets.
    pub secrets: Vec<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The operationId.
    pub id: String,
    pub method: String,
    /// Path template below the API root.
    pub path: String,
}

/// How a policy's manifest says that a fact is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactTemplate {
    pub name: String,
    /// Below the API root; variables stand in braces.
    pub path: String,
    /// Query parameters in order; a flag has no value; values may hold variables.
    pub query: Vec<(String, Option<String>)>,
    /// Asked again without the query if the VNFM answers 400 to it.
    pub plain_on_400: bool,
    /// Top-level members to keep (of each item, for a list).
    pub members: Vec<String>,
    /// The answer is an array, which may come in pages.
    pub list: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct OptionDefinition {
    pub kind: OptionKind,
    pub default: Value,
    /// If not empty, the only values allowed.
    pub values: Vec<Value>,
    pub doc: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSummary {
    pub id: String,
    pub severity: Severity,
    pub status: u16,
    pub title: String,
    pub clause: Option<String>,
    pub operations: Vec<String>,
}

/// The largest requests that are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of a body, in bytes.
    pub body_bytes: u64,
    /// Length of a request target, in bytes.
    pub target_bytes: u32,
    /// Nesting of arrays and objects in a body.
    pub depth: u32,
}

/// A place in a body, and whether what is below it is a secret. Of several that
/// a member lies below, the longest counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// A JSON Pointer (RFC 6901); a step `*` stands for any.
    pub pointer: String,
    /// False for what is an exception, because it has a few known values.
    pub secret: bool,
}

impl Manifest {
    /// The API root that the path of `target` lies below, as that path has it: with a
    /// segment in place of each variable.
    #[must_use]
    pub fn api_root(&self, target: &str) -> Option<Cow<'_, str>> {
        let path = uri::decode_unreserved(uri::split_target(target).0);
        let below = api_root::find(self.api_roots.iter().map(String::as_str), &path)?;
        let root = self.api_roots.get(below.root)?;
        Some(if root.contains('{') { Cow::Owned(plain(below.prefix)) } else { Cow::Borrowed(root) })
    }

    /// What the policy judges.
    #[must_use]
    pub fn claim(&self) -> Claim<'_, String> {
        let versions = self.operations.iter().any(|operation| operation.path == API_VERSIONS);
        Claim { roots: &self.api_roots, versions }
    }
}

/// The same path without characters that only some take as a part of a segment.
fn plain(path: &str) -> String {
    path.replace(';', "%3B")
}
