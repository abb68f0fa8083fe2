//! What was decided about a request, and on what grounds.

use std::sync::Arc;
use std::time::Duration;

use solgate_engine::verdict::Finding;

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
        match self.answer {
            FactAnswer::Found { .. } => "found",
            FactAnswer::Absent => "absent",
            FactAnswer::Withheld => "withheld",
            FactAnswer::Unavailable(_) => "unavailable",
        }
    }
}
