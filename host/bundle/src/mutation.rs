//! Mutation: would the cases of a bundle notice if a rule were not there, or said
//! the opposite?
//!
//! Each rule that may deny is disabled, and one with a `require` also inverted; a
//! mutant is noticed if a case that holds for the bundle as it is does not hold
//! for the mutant. Nothing is compiled per mutant: severities are settings, and an
//! option that is added to the bundle says whose `require` is inverted.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;
use solgate_cases::{Case, Judge, JudgeError};
use solgate_engine::ir::{Bundle, OptionDef, OptionKind, Rule, RuleKind, Severity};
use solgate_engine::verdict::{Context, Outcome, Request, Setting};
use solgate_engine::{Engine, InitError};

use crate::coverage::{Coverage, RuleCoverage, Standing};

/// What became of all mutants.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// In the order of the bundle.
    pub mutants: Vec<Mutant>,
    /// How many cases did not hold for the bundle as it is; they notice nothing.
    pub failing: usize,
}

/// A bundle with one rule changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    pub rule: String,
    pub change: Change,
    pub fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The rule is off.
    Disabled,
    /// Its `require` is negated.
    Inverted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// By this case, by index: the first of those that were tried.
    Noticed { case: usize },
    /// All cases in which it could show, so many, hold nevertheless.
    Survived { cases: usize },
}

impl Mutation {
    /// The mutants that no case noticed.
    pub fn survivors(&self) -> impl Iterator<Item = &Mutant> {
        self.mutants.iter().filter(|mutant| matches!(mutant.fate, Fate::Survived { .. }))
    }
}

/// Tries all mutants of a bundle, with as many threads as there are processors.
/// `coverage` is that of the same bundle and cases; `progress` is told after each
/// mutant how many are done, and how many there are.
///
/// # Errors
/// If the engine refuses the bundle.
pub fn mutate(
    bundle: &Bundle,
    cases: &[Case],
    coverage: &Coverage,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Mutation, InitError> {
    let switch = switch_name(bundle);
    let engine = Engine::new(with_switch(bundle.clone(), &switch))?;
    let holds: Vec<bool> = cases.iter().map(|case| holds(&engine, case)).collect();
    let bench = Bench { engine: &engine, cases, holds: &holds, switch: &switch };

    let mutants: Vec<(&Rule, &RuleCoverage, Change)> = bundle
        .rules
        .iter()
        .zip(&coverage.rules)
        .filter(|(rule, seen)| may_deny(rule) && matches!(seen.standing, Standing::Counted | Standing::Schema))
        .flat_map(|(rule, seen)| changes(rule).iter().map(move |change| (rule, seen, *change)))
        .collect();
    let next = AtomicUsize::new(0);
    let tried = Mutex::new(Vec::with_capacity(mutants.len()));
    let work = || {
        while let Some((index, (rule, seen, change))) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            mutants.get(index).map(|mutant| (index, mutant))
        } {
            let fate = bench.fate(rule, seen, *change);
            let mutant = Mutant { rule: rule.id.clone(), change: *change, fate };
            let mut tried = tried.lock().unwrap_or_else(PoisonError::into_inner);
            tried.push((index, mutant));
            progress(tried.len(), mutants.len());
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));

    let mut tried = tried.into_inner().unwrap_or_else(PoisonError::into_inner);
    tried.sort_by_key(|(index, _)| *index);
    Ok(Mutation {
        mutants: tried.into_iter().map(|(_, mutant)| mutant).collect(),
        failing: holds.iter().filter(|holds| !**holds).count(),
    })
}

/// Whether a failure of the rule denies, as built or under an option.
fn may_deny(rule: &Rule) -> bool {
    rule.severity.default == Severity::Deny
        || rule.severity.by_option.iter().any(|(_, severity)| *severity == Severity::Deny)
}

/// What can be done to a rule. That a resource exists, that an ETag is current and
/// what a schema or the engine finds have no opposite that would make sense.
fn changes(rule: &Rule) -> &'static [Change] {
    match rule.kind {
        RuleKind::Require(_) => &[Change::Disabled, Change::Inverted],
        RuleKind::Engine | RuleKind::Schema | RuleKind::Exists { .. } | RuleKind::IfMatch { .. } => &[Change::Disabled],
    }
}

/// A name that no option of the bundle has.
fn switch_name(bundle: &Bundle) -> String {
    let mut name = "inverted".to_owned();
    while bundle.options.iter().any(|option| option.name == name) {
        name.push('_');
    }
    name
}

/// The bundle with an option that names the rule whose `require` is inverted.
fn with_switch(mut bundle: Bundle, switch: &str) -> Bundle {
    bundle.options.push(OptionDef {
        name: switch.to_owned(),
        kind: OptionKind::String,
        default: Value::String(String::new()),
        set: true,
        doc: String::new(),
        values: Vec::new(),
    });
    for rule in &mut bundle.rules {
        if let RuleKind::Require(require) = &mut rule.kind {
            // An expression may end with a comment. Ids hold no quotes.
            require.require = format!("({}\n) != (options.{switch} == '{}')", require.require, rule.id);
        }
    }
    bundle
}

fn holds(judge: &dyn Judge, case: &Case) -> bool {
    solgate_cases::run(judge, case).is_ok_and(|(_, different)| different.is_empty())
}

/// What mutants are tried on.
struct Bench<'b> {
    engine: &'b Engine,
    cases: &'b [Case],
    /// By index of the case: whether it holds for the bundle as it is.
    holds: &'b [bool],
    switch: &'b str,
}

impl Bench<'_> {
    fn fate(&self, rule: &Rule, seen: &RuleCoverage, change: Change) -> Fate {
        let setting = match change {
            Change::Disabled => Setting::Severity { rule: rule.id.clone(), severity: Severity::Off },
            Change::Inverted => Setting::Option { name: self.switch.to_owned(), value: Value::String(rule.id.clone()) },
        };
        let judge = Changed { engine: self.engine, setting };
        // That a rule which holds is gone can only show in what it asks for.
        let asks = !matches!(rule.kind, RuleKind::Engine | RuleKind::Schema);
        let mut tried = 0_usize;
        let failed = seen.touched.iter().filter(|touch| touch.failed);
        let others = seen.touched.iter().filter(|touch| !touch.failed && asks);
        for touch in failed.chain(others) {
            let holds = self.holds.get(touch.case).copied().unwrap_or_default();
            let Some(case) = self.cases.get(touch.case).filter(|_| holds) else { continue };
            if !self::holds(&judge, case) {
                return Fate::Noticed { case: touch.case };
            }
            tried = tried.saturating_add(1);
        }
        Fate::Survived { cases: tried }
    }
}

/// The engine under one more setting than the case has.
struct Changed<'e> {
    engine: &'e Engine,
    setting: Setting,
}

impl Judge for Changed<'_> {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.engine.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let settings: Vec<Setting> = context.settings.iter().chain([&self.setting]).cloned().collect();
        Ok(self.engine.evaluate(request, &Context { settings: &settings, ..*context }))
    }
}
