//! Rule coverage: which rules the cases of a bundle have seen at work.
//!
//! A rule has two things to show: a case that it fails, and one that it is looked
//! at and holds. The cases are judged by the native engine, which says what became
//! of every rule ([`solgate_engine::trace`]).

use std::collections::BTreeMap;

use solgate_cases::Case;
use solgate_engine::Engine;
use solgate_engine::ir::{Rule, RuleKind, Severity};
use solgate_engine::trace::{RuleResult, RuleTrace};

use crate::watch::watch;

/// What the cases have shown of every rule that the bundle declares.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// In the order of the bundle.
    pub rules: Vec<RuleCoverage>,
}

/// What the cases have shown of one rule.
#[derive(Debug, Clone)]
pub struct RuleCoverage {
    pub rule: String,
    pub standing: Standing,
    /// In how many cases it failed, whatever that led to.
    pub failed: usize,
    /// In how many cases it was looked at and held.
    pub passed: usize,
    /// The cases that came to it, by index.
    pub(crate) touched: Vec<Touch>,
}

/// Whether a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has to fail once, and to hold once.
    Counted,
    /// It stands for a keyword of a schema: reported, not counted. It holds when
    /// the body of a request keeps to a schema that names it.
    Schema,
    /// It stands as a bundle that this one extends has it, and is tested there:
    /// reported, not counted.
    Inherited,
    /// It is off unless somebody switches it on, and no case does: reported, not
    /// counted.
    Off,
}

/// A case that a rule was looked at in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Touch {
    pub case: usize,
    pub how: Touched,
}

/// How a case came to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touched {
    Failed,
    /// It was looked at and did not fail.
    Held,
    /// Its guard is false, or its `forEach` has no items.
    Excluded,
}

impl Coverage {
    /// Judges all cases. What they expect does not matter here.
    #[must_use]
    pub fn measure(engine: &Engine, cases: &[Case]) -> Self {
        let seen: Vec<BTreeMap<String, Seen>> = cases.iter().map(|case| seen(engine, case)).collect();
        Self { rules: engine.bundle().rules.iter().map(|rule| RuleCoverage::of(rule, &seen)).collect() }
    }

    /// Of the things that counted rules have to show, how many the cases have seen,
    /// and how many there are.
    #[must_use]
    pub fn shown(&self) -> (usize, usize) {
        let counted = || self.rules.iter().filter(|rule| rule.standing == Standing::Counted);
        let failed = counted().filter(|rule| rule.failed > 0).count();
        let passed = counted().filter(|rule| rule.passed > 0).count();
        (failed.saturating_add(passed), counted().count().saturating_mul(2))
    }

    /// The same in tenths of a percent, rounded down: 1000 only if all was seen.
    #[must_use]
    pub fn permille(&self) -> usize {
        let (shown, all) = self.shown();
        shown.saturating_mul(1000).checked_div(all).unwrap_or(1000)
    }

    /// Counted rules that no case broke.
    pub fn never_failed(&self) -> impl Iterator<Item = &RuleCoverage> {
        self.rules.iter().filter(|rule| rule.standing == Standing::Counted && rule.failed == 0)
    }

    /// Counted rules that held in no case.
    pub fn never_passed(&self) -> impl Iterator<Item = &RuleCoverage> {
        self.rules.iter().filter(|rule| rule.standing == Standing::Counted && rule.passed == 0)
    }
}

impl RuleCoverage {
    fn of(rule: &Rule, seen: &[BTreeMap<String, Seen>]) -> Self {
        let (mut failed, mut passed, mut active, mut touched) = (0_usize, 0_usize, false, Vec::new());
        for (case, seen) in seen.iter().enumerate() {
            let Some(seen) = seen.get(&rule.id) else { continue };
            active |= seen.active;
            if seen.failed {
                failed = failed.saturating_add(1);
            } else if seen.held {
                passed = passed.saturating_add(1);
            }
            let how = if seen.failed {
                Some(Touched::Failed)
            } else if seen.touched {
                Some(Touched::Held)
            } else {
                seen.excluded.then_some(Touched::Excluded)
            };
            touched.extend(how.map(|how| Touch { case, how }));
        }
        let standing = if rule.inherited {
            Standing::Inherited
        } else if rule.severity.default == Severity::Off && !active {
            Standing::Off
        } else if rule.kind == RuleKind::Schema {
            Standing::Schema
        } else {
            Standing::Counted
        };
        Self { rule: rule.id.clone(), standing, failed, passed, touched }
    }
}

/// What became of a rule in one case.
#[derive(Default)]
struct Seen {
    active: bool,
    touched: bool,
    excluded: bool,
    held: bool,
    failed: bool,
}

impl Seen {
    fn note(&mut self, rule: &RuleTrace) {
        self.active |= rule.severity != Severity::Off;
        self.failed |= !rule.failures.is_empty() && rule.result == RuleResult::Failed;
        self.held |= matches!(rule.result, RuleResult::Held { items } if items != Some(0));
        self.excluded |= matches!(rule.result, RuleResult::Excluded | RuleResult::Held { items: Some(0) });
        self.touched |= !matches!(
            rule.result,
            RuleResult::Off | RuleResult::Excluded | RuleResult::NotApplicable(_) | RuleResult::Held { items: Some(0) }
        );
    }
}

/// What became of every rule in a case, in any of its evaluations.
fn seen(engine: &Engine, case: &Case) -> BTreeMap<String, Seen> {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for trace in watch(engine, case, Engine::trace) {
        for rule in trace.stages.iter().flat_map(|stage| &stage.rules) {
            seen.entry(rule.rule.clone()).or_default().note(rule);
        }
    }
    seen
}
