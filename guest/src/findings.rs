//! Collects what fails, stage by stage, and makes the answer of it.

use crate::{
    ir::Severity,
    settings::{Profile, RuleEntry},
    text,
    trace::{Failure, PartValue, RuleResult, Stage, Trace},
    verdict::{Denial, Finding, Location, Mode, Violation},
};

/// Title of a denial whose rule could not be evaluated.
const NOT_EVALUATED: &str = "Rule could not be evaluated";

/// What has failed so far in one evaluation.
pub(crate) struct Report<'e> {
    rules: &'e [RuleEntry],
    profile: &'e Profile,
    mode: Mode,
    /// The request asks for a version whose lists the policy does not know.
    is_beyond: bool,
    /// Most violations, and most findings, that are kept.
    limit: usize,
    denying: Vec<Pending>,
    /// Denying violations of this stage beyond the limit.
    dropped: usize,
    fields: Vec<(String, String)>,
    pub findings: Vec<Finding>,
    trace: Option<&'e mut Trace>,
}

struct Pending {
    rule: usize,
    status: u16,
    evaluated: bool,
    violation: Violation,
}

impl<'e> Report<'e> {
    pub(crate) fn new(
        rules: &'e [RuleEntry],
        profile: &'e Profile,
        mode: Mode,
        limit: usize,
        trace: Option<&'e mut Trace>,
    ) -> Self {
        Self {
            rules,
            profile,
            mode,
            is_beyond: false,
            limit: limit.max(1),
            denying: Vec::new(),
            dropped: 0,
            fields: Vec::new(),
            findings: Vec::new(),
            trace,
        }
    }

    /// Goes on under the settings of an API root.
    pub(crate) fn set_profile(&mut self, profile: &'e Profile) {
        self.profile = profile;
    }

    /// Says whether the request asks for a version whose lists the policy does not
    /// know: what holds it to such a list then warns at most.
    pub(crate) fn set_beyond(&mut self, is_beyond: bool) {
        self.is_beyond = is_beyond;
    }

    /// Whether the request asks for a version whose lists the policy does not know.
    pub(crate) fn is_beyond(&self) -> bool {
        self.is_beyond
    }

    #[inline]
    pub(crate) fn severity(&self, rule: usize) -> Severity {
        let severity = self.profile.severity(rule);
        if self.is_beyond && self.rules.get(rule).is_some_and(|entry| entry.ages) {
            severity.min(Severity::Warn)
        } else {
            severity
        }
    }

    /// Whether a rule is to be checked at all.
    pub(crate) fn is_active(&self, rule: usize) -> bool {
        self.severity(rule) != Severity::Off
    }

    /// Begins a stage.
    #[inline]
    pub(crate) fn enter(&mut self, stage: Stage) {
        if let Some(trace) = self.traced() {
            trace.enter(stage);
        }
    }

    /// The trace, if one is kept. A component keeps none, and need not hold the code.
    #[inline]
    pub(crate) fn traced(&mut self) -> Option<&mut Trace> {
        if cfg!(all(target_arch = "wasm32", feature = "component")) { None } else { self.trace.as_deref_mut() }
    }

    /// Whether a trace is kept.
    #[inline]
    pub(crate) fn is_traced(&self) -> bool {
        !cfg!(all(target_arch = "wasm32", feature = "component")) && self.trace.is_some()
    }

    /// Says for the trace that rules are checked: they hold unless they fail.
    #[inline]
    pub(crate) fn looks_at(&mut self, rules: &[usize]) {
        if self.is_traced() {
            rules.iter().for_each(|rule| self.settle(*rule, || RuleResult::Held { items: None }));
        }
    }

    /// Says for the trace what became of a rule.
    #[inline]
    pub(crate) fn settle(&mut self, rule: usize, result: impl FnOnce() -> RuleResult) {
        let (rules, profile) = (self.rules, self.profile);
        if let (Some(trace), Some(entry)) = (self.traced(), rules.get(rule)) {
            trace.settle(&entry.id, profile.severity(rule), result());
        }
    }

    /// Says for the trace what the parts of a rule's condition are.
    pub(crate) fn values(&mut self, rule: usize, values: impl FnOnce() -> Vec<PartValue>) {
        let (rules, profile) = (self.rules, self.profile);
        if let (Some(trace), Some(entry)) = (self.traced(), rules.get(rule)) {
            trace.values(&entry.id, profile.severity(rule), values);
        }
    }

    /// Whether the values of conditions that hold are kept.
    pub(crate) fn keeps_values(&mut self) -> bool {
        self.traced().is_some_and(|trace| trace.keeps_values)
    }

    /// Whether a rule and pointer have been reported in the current stage.
    pub(crate) fn has(&self, rule: usize, pointer: &str) -> bool {
        self.denying.iter().any(|pending| {
            pending.rule == rule && matches!(&pending.violation.location, Location::Body(known) if known == pointer)
        })
    }

    /// Records that a rule failed; true if that denies the request.
    pub(crate) fn fail(&mut self, rule: usize, location: Location, detail: String) -> bool {
        let status = self.rules.get(rule).map_or(500, |entry| entry.status);
        self.record(rule, self.severity(rule), status, true, location, detail)
    }

    /// The same with a status other than the rule's.
    pub(crate) fn fail_as(&mut self, rule: usize, status: u16, location: Location, detail: String) -> bool {
        self.record(rule, self.severity(rule), status, true, location, detail)
    }

    /// The same of a schema, some of whose keywords are lists of a version.
    pub(crate) fn fail_schema(&mut self, rule: usize, status: u16, location: Location, detail: String, ages: bool) {
        self.record(rule, self.severity_of_schema(rule, ages), status, true, location, detail);
    }

    /// The severity of a fault of a schema; `ages` says that it is about a list of a version.
    pub(crate) fn severity_of_schema(&self, rule: usize, ages: bool) -> Severity {
        let severity = self.severity(rule);
        if self.is_beyond && ages { severity.min(Severity::Warn) } else { severity }
    }

    /// Records a failure that only warns, whatever the rule's severity.
    pub(crate) fn warn(&mut self, rule: usize, location: Location, detail: String) {
        let status = self.rules.get(rule).map_or(500, |entry| entry.status);
        self.record(rule, self.severity(rule).min(Severity::Warn), status, true, location, detail);
    }

    /// Records a failure that denies, unless the rule is off.
    pub(crate) fn refuse(&mut self, rule: usize, location: Location, detail: String) {
        let severity = if self.is_active(rule) { Severity::Deny } else { Severity::Off };
        let status = self.rules.get(rule).map_or(500, |entry| entry.status);
        self.record(rule, severity, status, true, location, detail);
    }

    /// Records that a rule could not be evaluated, which `severity` says how bad
    /// it is.
    pub(crate) fn not_evaluated(&mut self, rule: usize, severity: Severity, location: Location, detail: String) {
        self.record(rule, severity, 500, false, location, detail);
    }

    /// Adds a field to the answer, should this stage deny.
    pub(crate) fn answer_field(&mut self, name: &str, value: String) {
        self.fields.push((name.to_owned(), value));
    }

    #[cold]
    fn record(
        &mut self,
        rule: usize,
        severity: Severity,
        status: u16,
        evaluated: bool,
        location: Location,
        detail: String,
    ) -> bool {
        if severity == Severity::Off {
            self.settle(rule, || RuleResult::Off);
            return false;
        }
        let Some(entry) = self.rules.get(rule) else {
            return false;
        };
        let location = match location {
            Location::Body(pointer) if !text::is_fit(&pointer) => Location::Body(text::clean(&pointer)),
            location => location,
        };
        let profile = self.profile;
        if let Some(trace) = self.traced() {
            let failure = Failure { severity, status, location: location.clone(), detail: detail.clone() };
            trace.fail(&entry.id, profile.severity(rule), failure);
        }
        let violation = Violation { rule: entry.id.clone(), location, detail, clause: entry.clause.clone() };
        if severity == Severity::Deny && self.mode == Mode::Enforce {
            if self.denying.len() < self.limit {
                self.denying.push(Pending { rule, status, evaluated, violation });
            } else {
                self.dropped = self.dropped.saturating_add(1);
            }
        } else {
            self.find(Finding { severity, status, violation });
        }
        severity == Severity::Deny
    }

    /// Keeps a finding, if there is room. One that would deny if the policy were enforced
    /// takes the place of one that would not.
    fn find(&mut self, finding: Finding) {
        let denies = |finding: &Finding| finding.severity == Severity::Deny;
        if self.findings.len() >= self.limit {
            match self.findings.iter().rposition(|kept| !denies(kept)).filter(|_| denies(&finding)) {
                Some(last) => drop(self.findings.remove(last)),
                None => return,
            }
        }
        self.findings.push(finding);
    }

    /// Ends a stage: the denial, if something in it denied.
    pub(crate) fn close<'a>(&mut self, version_fields: impl Iterator<Item = &'a str>) -> Option<Denial> {
        if self.denying.is_empty() {
            self.fields.clear();
            return None;
        }
        Some(self.deny(version_fields))
    }

    #[cold]
    fn deny<'a>(&mut self, version_fields: impl Iterator<Item = &'a str>) -> Denial {
        let pending = std::mem::take(&mut self.denying);
        let more = pending.len().saturating_add(self.dropped).saturating_sub(1);
        let mut fields = std::mem::take(&mut self.fields);
        if let Some(version) = self.profile.answer_version(version_fields) {
            fields.push(("version".to_owned(), version.to_string()));
        }
        let (mut status, mut rule, mut title, mut detail) =
            (500, String::new(), NOT_EVALUATED.to_owned(), String::new());
        if let Some(first) = pending.first() {
            status = first.status;
            rule.clone_from(&first.violation.rule);
            detail.clone_from(&first.violation.detail);
            if let Some(entry) = self.rules.get(first.rule).filter(|_| first.evaluated) {
                title.clone_from(&entry.title);
            }
        }
        if more > 0 {
            detail.push_str(&format!(" (and {more} more)"));
        }
        Denial {
            status,
            rule,
            title,
            detail,
            violations: pending.into_iter().map(|pending| pending.violation).collect(),
            fields,
            findings: std::mem::take(&mut self.findings),
        }
    }
}
