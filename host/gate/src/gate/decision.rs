//! What was decided about a request, and on what grounds.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use solgate_contract::verdict::{Finding, Severity};

use crate::facts::FactAnswer;
use crate::policy::PolicyId;
use crate::problem::Problem;

/// What was decided about one request.
#[derive(Debug, Clone)]
pub struct Decision {
    pub verdict: Verdict,
    /// Failures that did not deny; in monitor mode also those that would have.
    pub findings: Vec<Finding>,
    /// The gate itself failed, or the VNFM did not say what a policy needs to know.
    pub fault: bool,
    /// The operation that the request was recognised as.
    pub operation: Option<String>,
    /// What the request is about, such as `vnf_instances/1`; `None` if the gate knows
    /// no such operation, or it is about a collection.
    pub resource: Option<String>,
    /// The API that the request is below, such as `vnflcm/v2`; `None` if the gate knows
    /// no such API.
    pub api: Option<Arc<str>>,
    pub facts: Vec<FactTrace>,
    /// Time spent evaluating, without waiting for facts.
    pub evaluation: Duration,
    /// Time spent waiting for facts.
    pub waiting: Duration,
    /// The policies that had a say.
    pub policies: Vec<Arc<PolicyId>>,
}

#[derive(Debug, Clone)]
pub enum Verdict {
    /// Dispatch the request.
    Allow,
    /// Answer this instead.
    Deny(Box<Problem>),
}

/// Most warnings that go into an answer.
const WARNINGS: usize = 8;
/// Most characters of the text of one.
const WARNING_TEXT: usize = 400;

impl Decision {
    /// What the client is to be told of an allowed request, as values of Warning
    /// fields (code 299, RFC 7234, 5.5, which Kubernetes uses for the same): the
    /// findings of severity warn. Empty for a denial, whose violations say all.
    #[must_use]
    pub fn warnings(&self) -> Vec<HeaderValue> {
        if matches!(self.verdict, Verdict::Deny(_)) {
            return Vec::new();
        }
        let told = self.findings.iter().filter(|finding| finding.severity == Severity::Warn);
        told.take(WARNINGS).filter_map(warning).collect()
    }
}

fn warning(finding: &Finding) -> Option<HeaderValue> {
    let mut text = String::from("299 solgate \"");
    let said = format!("{}: {}", finding.violation.rule, finding.violation.detail);
    for character in said.chars().take(WARNING_TEXT) {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            // Recipients differ in how they read anything else.
            ' '..='~' => text.push(character),
            _ => text.push('?'),
        }
    }
    text.push('"');
    HeaderValue::try_from(text).ok()
}

/// A fact that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactTrace {
    pub name: String,
    /// Decoded values of the template's variables.
    pub variables: Vec<(String, String)>,
    /// As the policy gets it.
    pub answer: FactAnswer,
    /// The answer was not fetched for this request.
    pub cached: bool,
}

impl FactTrace {
    /// `found`, `absent`, `withheld` or `unavailable`.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.answer.outcome()
    }
}
