//! What goes into an evaluation and what comes out of it: the contract of
//! `wit/policy.wit` in Rust, borrowed where it is input.

use serde::{Deserialize, Serialize};

/// How bad a failure of a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The rule does not run.
    Off,
    /// A failure is recorded and has no other effect.
    Audit,
    /// A failure is reported beside the verdict.
    Warn,
    /// A failure denies the request.
    Deny,
}

impl Severity {
    /// All of them by the names that people write, the gravest first.
    pub const NAMES: [(&'static str, Self); 4] =
        [("deny", Self::Deny), ("warn", Self::Warn), ("audit", Self::Audit), ("off", Self::Off)];

    /// The severity of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, severity)| *severity)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Audit => "audit",
            Self::Off => "off",
        }
    }
}

/// One HTTP request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method token, case-sensitive.
    pub method: &'a str,
    /// The request target exactly as received.
    pub target: &'a str,
    /// Header fields, names in lower case, in the order received.
    pub fields: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    /// False if `body` is only a prefix, cut at the limit.
    pub body_complete: bool,
}

/// Whom the request comes from, as far as it has been verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    pub subject: Option<String>,
    pub tenant: Option<String>,
    pub roles: Vec<String>,
    pub scopes: Vec<String>,
    pub certificate_names: Vec<String>,
    /// IP address without port.
    pub source_address: Option<String>,
}

/// What the VNFM answered to the request for a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactAnswer<B> {
    /// 200, with the ETag field and the JSON text of the (projected) body.
    Found { etag: Option<String>, body: B },
    /// 404.
    Absent,
    /// 401 or 403.
    Withheld,
    /// No usable answer, and the gate is set to go on without it.
    Unavailable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    #[default]
    Enforce,
    Monitor,
}

/// A value that differs from what was built into the policy.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    Option { name: String, value: serde_json::Value },
    Severity { rule: String, severity: Severity },
}

/// Everything but the request that a verdict may depend on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub received_at: u64,
    pub mode: Mode,
    pub caller: Option<&'a Caller>,
    pub facts: &'a [(&'a str, FactAnswer<&'a [u8]>)],
    pub settings: &'a [Setting],
}

/// What a violation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    Request,
    /// JSON Pointer (RFC 6901).
    Body(String),
    Header(String),
    Query(String),
    Path(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: String,
    pub location: Location,
    pub detail: String,
    pub clause: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub status: u16,
    pub violation: Violation,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    pub status: u16,
    pub rule: String,
    pub title: String,
    pub detail: String,
    /// Not empty.
    pub violations: Vec<Violation>,
    /// `allow`, `version` or `www-authenticate`, in lower case.
    pub fields: Vec<(String, String)>,
    pub findings: Vec<Finding>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactQuery {
    pub name: String,
    /// Decoded values of the template's variables.
    pub variables: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Allow(Vec<Finding>),
    Deny(Denial),
    Need(Vec<FactQuery>),
}
