//! A decision as a record: the verdict, and everything that it depended on, so that the
//! request can be judged again. `solgate serve --decision-log` writes records, one JSON
//! object per line; `solgate import-cases` makes test cases from them, and `solgate
//! replay` judges them again.
//!
//! A record holds no secret. [`redact`] replaces credentials, members that the policy's
//! schemas mark as secret or that have the name of one, and what is secret in a text, by
//! values of the same shape. So rules about their presence or form still come to the same
//! verdict.
//!
//! What was refused before any policy was asked has a record, too: see
//! [`RefusedRequest`]. Records may form a [`chain`].

pub mod chain;
mod line;
pub mod redact;
mod refused;
mod replay;
mod take;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::Caller;

pub use chain::RecordedChain;
pub use line::{FindingLine, Outcome};
pub use refused::RefusedRequest;
pub use replay::{NotReplayed, Replay};
pub use take::{Bodies, Decided, Handling};

/// The format that is written. It grows by members that a reader may ignore; when
/// it changes in any other way, so does this number.
pub const FORMAT: u32 = 1;

/// One decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// The request id, as in the log of `solgate serve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the request was received, to the millisecond (RFC 3339): the policy's
    /// time.
    pub time: String,
    /// The trace that the request belongs to (W3C Trace Context), if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The operation that the request was recognised as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What it is about, such as `vnf_instances/1`; absent for a collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    pub request: RecordedRequest,
    #[serde(default)]
    pub context: RecordedContext,
    /// The policies that had a say, in the order in which they were asked.
    pub policies: Vec<RecordedPolicy>,
    /// Tells one way in which the gate was set from another; see
    /// [`Gate::settings_digest`](crate::gate::Gate::settings_digest).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub settings_digest: String,
    /// Overrides of severities that rules fell under which the request broke.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<RecordedOverride>,
    /// In the order in which they were fetched; of several answers to one question
    /// the last counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<RecordedFact>,
    pub verdict: RecordedVerdict,
    /// What the VNFM answered; absent if the request did not get there, or by way of
    /// another server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_status: Option<u16>,
    /// How the VNFM failed after the verdict, such as `upstream.timeout`; absent if it did
    /// not, or if another server asked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_fault: Option<String>,
    /// Why fields, body and facts are missing, and a long target is cut; absent if nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<String>,
    /// What the record follows, if the log is a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<RecordedChain>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedRequest {
    pub method: String,
    /// As received; values of query parameters with the name of a secret, or with a
    /// secret in them, are redacted.
    pub target: String,
    /// Name in lower case and value of the fields that a policy asks for, in the
    /// order received; credentials are redacted.
    pub fields: Vec<(String, String)>,
    /// Of the body, as far as the gate read it.
    pub body_bytes: usize,
    /// False if the gate stopped reading at the policy's limit.
    pub body_complete: bool,
    /// Absent if bodies are not written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<RecordedBody>,
}

/// The bytes of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RecordedBody {
    /// It is UTF-8.
    Text {
        text: String,
        /// JSON Pointers of the values that were replaced.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        redacted: Vec<String>,
    },
    /// It is not UTF-8 (RFC 4648, 4). This version writes no such body.
    Base64 { base64: String },
    /// It was not written down, for this reason.
    Withheld {
        withheld: String,
        /// Of its bytes, in lower-case hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<String>,
    },
}

/// What a verdict depends on beside request and facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedContext {
    #[serde(default)]
    pub mode: RecordedMode,
    /// What became of a fact that was unavailable.
    #[serde(default)]
    pub fact_failure: RecordedFactFailure,
    /// Options that differed from the policy's defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Value>,
    /// Rules whose severity differed: `off`, `audit`, `warn` or `deny`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub severity: BTreeMap<String, crate::gate::Severity>,
    /// Whom the request came from; absent if the door had verified nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<RecordedCaller>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordedMode {
    #[default]
    Enforce,
    Monitor,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordedFactFailure {
    #[default]
    Deny,
    Pass,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordedCaller {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificate_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_address: Option<String>,
}

impl From<&Caller> for RecordedCaller {
    fn from(caller: &Caller) -> Self {
        Self {
            subject: caller.subject.clone(),
            tenant: caller.tenant.clone(),
            roles: caller.roles.clone(),
            scopes: caller.scopes.clone(),
            certificate_names: caller.certificate_names.clone(),
            source_address: caller.source_address.clone(),
        }
    }
}

/// A rule whose severity the operator had changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedOverride {
    pub rule: String,
    /// The one that held.
    pub severity: crate::gate::Severity,
    /// Why, in the operator's words.
    pub reason: String,
    /// When it ends (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedPolicy {
    pub name: String,
    /// Lower-case hexadecimal SHA-256 over the bundle's source.
    pub digest: String,
}

/// A fact as the policy got it: reduced to the members of its template, secrets
/// redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedFact {
    pub name: String,
    /// Decoded values of the template's variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    pub outcome: FactOutcome,
    /// The answer was not fetched for this request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FactOutcome {
    /// 200, with `etag` and `body`.
    Found,
    /// 404.
    Absent,
    /// 401 or 403.
    Withheld,
    /// No usable answer.
    Unavailable,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedVerdict {
    pub allowed: bool,
    /// Of the answer; absent if the request was allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The rule, or fault of the gate, that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// A fault of the gate, such as a fact that was unavailable: no policy has
    /// denied the request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fault: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<RecordedViolation>,
    /// Failures that did not deny; in monitor mode also those that would have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<RecordedFinding>,
}

impl RecordedVerdict {
    /// That of the gate itself, with this status and id.
    fn fault(status: u16, id: &str) -> Self {
        let (status, rule) = (Some(status), Some(id.to_owned()));
        Self { allowed: false, status, rule, fault: true, violations: Vec::new(), findings: Vec::new() }
    }

    /// Whether the client, and the operator's log, would have been told the same.
    #[must_use]
    pub fn tells_the_same_as(&self, other: &Self) -> bool {
        let sorted = |verdict: &Self| {
            let mut violations: Vec<String> = verdict.violations.iter().map(|one| format!("{one:?}")).collect();
            let mut findings: Vec<String> = verdict.findings.iter().map(|one| format!("{one:?}")).collect();
            violations.sort_unstable();
            findings.sort_unstable();
            (violations, findings)
        };
        (self.allowed, self.status) == (other.allowed, other.status) && sorted(self) == sorted(other)
    }
}

/// A rule that failed and what it is about, without the detail, which repeats
/// parts of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedViolation {
    pub rule: String,
    /// JSON Pointer into the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Of the query or the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFinding {
    pub severity: crate::gate::Severity,
    pub status: u16,
    #[serde(flatten)]
    pub violation: RecordedViolation,
}

/// Why a line is not a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("it is not a record of a decision: {0}")]
    NotARecord(serde_json::Error),
    #[error("it has format {0}, which a later version of Solgate has written; this one reads {FORMAT}")]
    Later(u32),
}

impl Record {
    /// Reads one line.
    ///
    /// # Errors
    /// If the line is not a record, or is a record of a later format.
    pub fn parse(line: &str) -> Result<Self, RecordError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        // The format first: a later one may have other members.
        let Format { format } = serde_json::from_str(line).map_err(RecordError::NotARecord)?;
        if format != FORMAT {
            return Err(RecordError::Later(format));
        }
        serde_json::from_str(line).map_err(RecordError::NotARecord)
    }

    /// The record as one line, without its end.
    #[must_use]
    pub fn line(&self) -> String {
        // Texts, numbers and JSON values only: serialising cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}
