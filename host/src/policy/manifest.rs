//! What a policy says of itself.

use std::collections::BTreeMap;

use serde_json::Value;
pub use solgate_engine::Secret;
pub use solgate_engine::ir::Severity;

use crate::facts::FactTemplate;

/// A policy's answer to `describe`, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    /// Lower-case hexadecimal SHA-256 over the bundle's source.
    pub digest: String,
    /// Names, in lower case, of the header fields that reach the policy.
    pub fields: Vec<String>,
    /// Paths below which the policy judges.
    pub api_roots: Vec<String>,
    pub operations: Vec<Operation>,
    /// By name.
    pub facts: BTreeMap<String, FactTemplate>,
    /// By name.
    pub options: BTreeMap<String, OptionDefinition>,
    pub rules: Vec<RuleSummary>,
    /// Largest body that is judged, in bytes.
    pub body_limit: usize,
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

#[derive(Debug, Clone, PartialEq)]
pub struct OptionDefinition {
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

impl Manifest {
    /// The API root that the path of `target` lies below: the longest one.
    #[must_use]
    pub fn api_root(&self, target: &str) -> Option<&str> {
        let path = target.split('?').next().unwrap_or(target);
        let path = decode_unreserved(path);
        self.api_roots
            .iter()
            .map(String::as_str)
            .filter(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
            .max_by_key(|root| root.len())
    }

    /// The id of the operation that a request is, for logs and metrics.
    #[must_use]
    pub fn operation(&self, method: &str, target: &str) -> Option<&str> {
        let root = self.api_root(target)?;
        let path = decode_unreserved(target.split('?').next().unwrap_or(target));
        let rest = path.get(root.len()..)?;
        self.operations
            .iter()
            .filter(|operation| operation.method == method && matches(&operation.path, rest))
            // A literal segment is nearer than a variable.
            .min_by_key(|operation| operation.path.matches('{').count())
            .map(|operation| operation.id.as_str())
    }
}

fn matches(template: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let mut wanted = template.split('/');
    loop {
        match (wanted.next(), segments.next()) {
            (None, None) => return true,
            (Some(want), Some(have)) if want == have || (want.starts_with('{') && !have.is_empty()) => {}
            _ => return false,
        }
    }
}

/// Decodes the percent-encoded unreserved characters of a path (RFC 3986, 2.3).
pub(crate) fn decode_unreserved(path: &str) -> std::borrow::Cow<'_, str> {
    if !path.contains('%') {
        return path.into();
    }
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let octet = after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).map(char::from);
        match octet {
            Some(c) if c.is_ascii_alphanumeric() || "-._~".contains(c) => {
                decoded.push(c);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                decoded.push('%');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            name: "p".to_owned(),
            version: "1".to_owned(),
            digest: String::new(),
            fields: vec![],
            api_roots: vec!["/vnflcm/v2".to_owned(), "/telco/api/vnflcm/v2".to_owned()],
            operations: [("get", "GET", "/a/{id}"), ("special", "GET", "/a/x"), ("task", "POST", "/a/{id}/task")]
                .map(|(id, method, path)| Operation { id: id.into(), method: method.into(), path: path.into() })
                .into(),
            facts: BTreeMap::new(),
            options: BTreeMap::new(),
            rules: vec![],
            body_limit: 1,
            secrets: vec![],
        }
    }

    #[test]
    fn a_target_belongs_to_the_longest_root_and_the_nearest_operation() {
        let cases = [
            ("GET", "/vnflcm/v2/a/1", Some("/vnflcm/v2"), Some("get")),
            ("GET", "/vnflcm/v%32/a/1?x=/y", Some("/vnflcm/v2"), Some("get")),
            ("GET", "/vnflcm/v2/a/x", Some("/vnflcm/v2"), Some("special")),
            ("POST", "/telco/api/vnflcm/v2/a/1/%74ask", Some("/telco/api/vnflcm/v2"), Some("task")),
            ("POST", "/vnflcm/v2/a/1%2Ftask", Some("/vnflcm/v2"), None),
            ("POST", "/vnflcm/v2/a//task", Some("/vnflcm/v2"), None),
            ("GET", "/vnflcm/v22/a/1", None, None),
            ("GET", "/vnflcm/v2%", None, None),
            ("GET", "/vnflcm/v2%e9", None, None),
        ];
        for (method, target, root, operation) in cases {
            assert_eq!(manifest().api_root(target), root, "{target}");
            assert_eq!(manifest().operation(method, target), operation, "{method} {target}");
        }
    }
}
