//! A case, ready to run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use solgate_contract::verdict::{Caller, Mode, Setting};

/// One request, everything that its verdict depends on, and the verdict.
#[derive(Debug, Clone)]
pub struct Case {
    /// Unique in its file; a case that runs below several API roots has the
    /// target in brackets behind its name.
    pub name: String,
    /// The file that it stands in, such as `tests/terminate.yaml`.
    pub file: String,
    /// The line of its name, counted from 1.
    pub line: usize,
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub body_complete: bool,
    /// By name: what the VNFM has.
    pub facts: BTreeMap<String, FactGiven>,
    pub settings: Vec<Setting>,
    pub caller: Option<Caller>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub at: u64,
    pub mode: Mode,
    pub expect: Expect,
}

/// What the VNFM answers to the request for a fact.
#[derive(Debug, Clone, PartialEq)]
pub enum FactGiven {
    /// 200.
    Found { etag: Option<String>, body: Value },
    /// 404.
    Absent,
    /// 401 or 403.
    Withheld,
    /// No usable answer.
    Unavailable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allow,
    /// With this status.
    Deny(u16),
}

/// The verdict that a case must get; what is `None` or empty is not checked.
#[derive(Debug, Clone)]
pub struct Expect {
    pub verdict: Verdict,
    /// All rules that are violated.
    pub rules: Option<BTreeSet<String>>,
    /// JSON Pointers (RFC 6901) that violations name.
    pub pointers: Vec<String>,
    /// A header field that a violation names.
    pub header: Option<String>,
    /// A variable of query or path that a violation names.
    pub parameter: Option<String>,
    /// Texts that the details hold.
    pub mentions: Vec<String>,
    /// Texts that appear nowhere in the answer.
    pub omits: Vec<String>,
    /// All rules that fail with a warning.
    pub warns: Option<BTreeSet<String>>,
    /// All rules that fail and are only recorded.
    pub audits: Option<BTreeSet<String>>,
    /// Response fields of a denial, names in lower case.
    pub fields: BTreeMap<String, String>,
    /// All facts that are asked for.
    pub asks: Option<BTreeSet<String>>,
}

impl Expect {
    /// Checks the verdict and nothing else.
    #[must_use]
    pub fn new(verdict: Verdict) -> Self {
        Self {
            verdict,
            rules: None,
            pointers: Vec::new(),
            header: None,
            parameter: None,
            mentions: Vec::new(),
            omits: Vec::new(),
            warns: None,
            audits: None,
            fields: BTreeMap::new(),
            asks: None,
        }
    }
}
