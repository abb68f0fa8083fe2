//! The words that lines and records have in common, whoever writes them.

use serde::Serialize;

use crate::gate::Finding;
use crate::problem::Location;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The client left before there was a verdict.
    #[default]
    Abandoned,
    /// The gate of the upstream is off.
    Unjudged,
    Allow,
    Deny,
    /// The transport or the VNFM failed; no policy had the last word.
    Fault,
}

impl Outcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Unjudged => "unjudged",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Fault => "fault",
        }
    }
}

/// A finding, as lines and the log of an embedding program have it.
#[derive(Debug, Clone, Serialize)]
pub struct FindingLine {
    pub severity: &'static str,
    pub status: u16,
    pub rule: String,
    /// JSON Pointer, or the name of a field or parameter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub at: String,
}

impl From<&Finding> for FindingLine {
    fn from(finding: &Finding) -> Self {
        let at = match &finding.violation.location {
            Location::Request => String::new(),
            Location::Body(at) | Location::Header(at) | Location::Query(at) | Location::Path(at) => at.clone(),
        };
        Self { severity: finding.severity.name(), status: finding.status, rule: finding.violation.rule.clone(), at }
    }
}
