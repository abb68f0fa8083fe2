//! What one evaluation did: the stages that it came through, and what became of
//! every rule on the way. For those who want to know why a request got its
//! verdict, and for measuring what test cases show of a policy.
//!
//! [`Engine::trace`](crate::Engine::trace) judges exactly as
//! [`Engine::evaluate`](crate::Engine::evaluate) does; there the trace is left
//! out, at the price of a test for `None` per rule.

pub use crate::cel_env::PartValue;
use crate::{
    ir::Severity,
    verdict::{Location, Outcome},
};

/// One evaluation, from its first stage to the one that ended it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The API root that the path lies below.
    pub api_root: Option<String>,
    /// The operationId.
    pub operation: Option<String>,
    /// Decoded variables of the path, in its order.
    pub variables: Vec<(String, String)>,
    /// In the order in which they were entered.
    pub stages: Vec<StageTrace>,
    /// The stage that denied or asked for facts; `None` if all were passed.
    pub ended_by: Option<Stage>,
    /// Whether the values of conditions that hold, or exclude a rule, are kept as well.
    pub(crate) keeps_values: bool,
}

/// A stage that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageTrace {
    pub stage: Stage,
    /// In the order in which they were first looked at, each once.
    pub rules: Vec<RuleTrace>,
}

/// The stages, in the order of evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    UriLength,
    /// Path and method.
    Route,
    Version,
    Authorization,
    /// Rules about the caller.
    Access,
    /// Accept and other header fields, and rules that read no more than the head.
    Head,
    Query,
    /// Presence, size and media type of the body.
    Content,
    Json,
    /// The schema, and rules that read the body.
    Body,
    /// Which facts are still to be fetched.
    Facts,
    /// What the operation is about exists.
    Existence,
    IfMatch,
    /// Rules that look at facts.
    State,
}

impl Stage {
    /// All of them, each with its name for people.
    pub const NAMES: [(Self, &'static str); 14] = [
        (Self::UriLength, "uri length"),
        (Self::Route, "route"),
        (Self::Version, "version"),
        (Self::Authorization, "authorization"),
        (Self::Access, "access"),
        (Self::Head, "head"),
        (Self::Query, "query"),
        (Self::Content, "content"),
        (Self::Json, "json"),
        (Self::Body, "body"),
        (Self::Facts, "facts"),
        (Self::Existence, "existence"),
        (Self::IfMatch, "if-match"),
        (Self::State, "state"),
    ];

    /// The name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(known, _)| *known == self).map_or("", |(_, name)| name)
    }
}

/// What became of one rule in one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTrace {
    pub rule: String,
    /// How bad a failure of the rule is for this request.
    pub severity: Severity,
    pub result: RuleResult,
    /// In the order in which they were found.
    pub failures: Vec<Failure>,
    /// Of a condition that failed or could not be evaluated: what its parts are, for the
    /// first item if there are several. Of one that held, or excludes the rule, if they
    /// were asked for.
    pub values: Vec<PartValue>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleResult {
    /// Its severity is off.
    Off,
    /// Its guard is false.
    Excluded,
    /// There is nothing that it could look at.
    NotApplicable(Because),
    Held {
        /// How many items it held for, if it has a `forEach`. That it holds for none
        /// shows nothing.
        items: Option<usize>,
    },
    /// See [`RuleTrace::failures`].
    Failed,
    /// It could not be evaluated; with `onError: skip` there is no failure.
    NotEvaluated {
        error: String,
        /// Where in the rule; `None` if it went well the second time.
        place: Option<FaultPlace>,
    },
    /// It needs these facts, which are to be fetched.
    Waits { facts: Vec<String> },
    /// It needs this fact, which cannot be looked at.
    LeftOut { fact: String, answer: Lacking },
}

/// What of a rule could not be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultPlace {
    /// The member of the rule: `when`, `variables.NAME`, `forEach` or `require`.
    pub member: String,
    /// The smallest part of it that cannot be evaluated, if it can be written down.
    pub part: Option<String>,
    /// The index of the item of `forEach` for which it cannot be evaluated.
    pub item: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// The request has no If-Match field.
    NoIfMatch,
    /// The VNFM sent the fact without an ETag.
    NoEtag,
    /// The body could not be read.
    UnreadableBody,
    /// It could not be evaluated on a body that its schema refuses.
    InvalidBody,
}

/// An answer of the VNFM that gives no fact to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    Absent,
    Withheld,
    Unavailable,
    /// What it is asked for by, such as a member of the body, is not there.
    Unasked,
}

/// One violation of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// That of the rule, unless this failure only warns.
    pub severity: Severity,
    pub status: u16,
    pub location: Location,
    pub detail: String,
}

impl Trace {
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.stages.push(StageTrace { stage, rules: Vec::new() });
    }

    pub(crate) fn end(&mut self, outcome: &Outcome) {
        self.ended_by = match outcome {
            Outcome::Allow(_) => None,
            Outcome::Deny(_) | Outcome::Need(_) => self.stages.last().map(|stage| stage.stage),
        };
    }

    /// That a rule holds or is not evaluated. It stays failed if it has failed.
    pub(crate) fn settle(&mut self, rule: &str, severity: Severity, result: RuleResult) {
        let Some(entry) = self.entry(rule, severity) else { return };
        let replaced = match entry.result {
            RuleResult::Held { items: None } => true,
            RuleResult::Failed => matches!(result, RuleResult::NotEvaluated { .. }),
            _ => false,
        };
        if replaced {
            entry.result = result;
        }
    }

    pub(crate) fn fail(&mut self, rule: &str, severity: Severity, failure: Failure) {
        let Some(entry) = self.entry(rule, severity) else { return };
        entry.result = RuleResult::Failed;
        entry.failures.push(failure);
    }

    /// What the parts of a condition are; the first time counts.
    pub(crate) fn values(&mut self, rule: &str, severity: Severity, values: impl FnOnce() -> Vec<PartValue>) {
        if let Some(entry) = self.entry(rule, severity).filter(|entry| entry.values.is_empty()) {
            entry.values = values();
        }
    }

    /// The entry of a rule in the current stage; a new one says that it holds.
    fn entry(&mut self, rule: &str, severity: Severity) -> Option<&mut RuleTrace> {
        let rules = &mut self.stages.last_mut()?.rules;
        let at = rules.iter().position(|known| known.rule == rule).unwrap_or(rules.len());
        if at == rules.len() {
            let result = if severity == Severity::Off { RuleResult::Off } else { RuleResult::Held { items: None } };
            rules.push(RuleTrace { rule: rule.to_owned(), severity, result, failures: Vec::new(), values: Vec::new() });
        }
        rules.get_mut(at)
    }
}
