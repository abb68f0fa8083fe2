//! A case, ready to run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use solgate_engine::verdict::{Caller, Mode, Setting};

/// One request, everything that its verdict depends on, and the verdict.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub body_complete: bool,
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
    Found { etag: Option<String>, body: Value },
    Absent,
    Withheld,
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
    pub rules: Option<BTreeSet<String>>,
    pub pointers: Vec<String>,
    pub header: Option<String>,
    pub parameter: Option<String>,
    pub mentions: Vec<String>,
    pub omits: Vec<String>,
    pub warns: Option<BTreeSet<String>>,
    pub audits: Option<BTreeSet<String>>,
    /// Response fields of a denial, names in lower case.
    pub fields: BTreeMap<String, String>,
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
