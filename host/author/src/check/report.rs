//! The verdict on one request, as data.

use std::collections::BTreeMap;

use http::header::CONTENT_LENGTH;
use serde::Serialize;
use serde_json::Value;
use solgate::gate::{Decision, Finding, Severity, Verdict};
use solgate::problem::{Entry, Problem, ProblemStyle};

/// What was asked and what was decided.
#[derive(Debug)]
pub struct Report {
    pub method: String,
    pub target: String,
    pub decision: Decision,
    pub style: ProblemStyle,
    /// The policies that gave no verdict.
    pub failures: Vec<PolicyFailure>,
}

/// Why a policy gave no verdict. The answer to the client does not say it.
#[derive(Debug, Serialize)]
pub struct PolicyFailure {
    /// The policy's name.
    pub policy: String,
    pub reason: String,
}

#[derive(Serialize)]
struct Document<'a> {
    verdict: &'static str,
    /// Of the answer; `None` if the VNFM gives it.
    status: Option<u16>,
    operation: Option<&'a str>,
    problem: Option<Value>,
    /// Of the answer that carries the problem.
    fields: Option<BTreeMap<String, String>>,
    findings: Vec<FindingEntry<'a>>,
    facts: Vec<FactEntry<'a>>,
    policies: Vec<PolicyEntry<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failures: &'a [PolicyFailure],
}

#[derive(Serialize)]
struct FindingEntry<'a> {
    severity: Severity,
    status: u16,
    #[serde(flatten)]
    violation: Entry<'a>,
}

#[derive(Serialize)]
struct FactEntry<'a> {
    name: &'a str,
    outcome: &'a str,
}

#[derive(Serialize)]
struct PolicyEntry<'a> {
    name: &'a str,
    digest: &'a str,
}

impl Report {
    /// The problem to answer with, if the request is denied.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match &self.decision.verdict {
            Verdict::Allow => None,
            Verdict::Deny(problem) => Some(problem),
        }
    }

    /// As JSON: `verdict` (`allow` or `deny`), `status`, `operation`, `problem` and
    /// its response `fields` (as the client gets them), `findings`, `facts`,
    /// `policies`; if a policy gave no verdict, also `failures`.
    #[must_use]
    pub fn json(&self) -> Value {
        let problem = self.problem();
        let document = Document {
            verdict: if problem.is_some() { "deny" } else { "allow" },
            status: problem.map(|p| p.status.as_u16()),
            operation: self.decision.operation.as_deref(),
            problem: problem.and_then(|p| serde_json::from_slice(&p.body(&self.style)).ok()),
            fields: problem.map(|p| self.fields(p)),
            findings: self.decision.findings.iter().map(FindingEntry::from).collect(),
            facts: self
                .decision
                .facts
                .iter()
                .map(|fact| FactEntry { name: &fact.name, outcome: fact.outcome() })
                .collect(),
            policies: self
                .decision
                .policies
                .iter()
                .map(|policy| PolicyEntry { name: &policy.name, digest: &policy.digest })
                .collect(),
            failures: &self.failures,
        };
        // Texts and numbers only: this cannot fail.
        serde_json::to_value(document).unwrap_or_default()
    }

    /// The response fields, without the length, which depends on the transport.
    fn fields(&self, problem: &Problem) -> BTreeMap<String, String> {
        let response = problem.response(&self.style);
        let fields = response.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH);
        fields
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect()
    }
}

impl<'a> From<&'a Finding> for FindingEntry<'a> {
    fn from(finding: &'a Finding) -> Self {
        Self { severity: finding.severity, status: finding.status, violation: Entry::from(&finding.violation) }
    }
}
