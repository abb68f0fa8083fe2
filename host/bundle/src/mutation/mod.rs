//! Mutation: would the cases of a bundle notice if a rule were removed, said the opposite,
//! or were a little different?
//!
//! Each rule that may deny is disabled, and a rule with a `require` is also inverted. On
//! demand its expressions are edited, and lists that rules name are emptied. A
//! mutant is noticed if a case that passes for the bundle does not pass for the mutant.
//! Nothing is compiled for a mutant but for an emptied list: severities are settings, and an
//! option that is added to the bundle says which of its changes holds.

mod edits;

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;
use solgate_cases::{Case, Judge, JudgeError};
use solgate_engine::ir::{Bundle, List, OptionDef, OptionKind, Require, Rule, RuleKind, Severity};
use solgate_engine::verdict::{Context, Outcome, Request, Setting};
use solgate_engine::{Engine, InitError};

use crate::coverage::{Coverage, RuleCoverage, Standing, Touched};
pub use edits::Edit;
use edits::edits;

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

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The rule is off.
    Disabled,
    /// Its `require` is negated.
    Inverted,
    /// It applies always: its `when` is gone.
    Unguarded { when: String },
    /// One of its expressions is a little different.
    Edited(Edit),
    /// A list that it names has no entries.
    Emptied { list: String },
}

/// How fine the changes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// Rules as a whole.
    Rules,
    /// Also guards, bounds, comparisons, conditions and entries of lists.
    Fine,
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
    grain: Grain,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Mutation, InitError> {
    let switch = switch_name(bundle);
    let tried = |(rule, seen): &(&Rule, &RuleCoverage)| {
        may_deny(rule) && matches!(seen.standing, Standing::Counted | Standing::Schema)
    };
    let rules: Vec<(&Rule, &RuleCoverage)> = bundle.rules.iter().zip(&coverage.rules).filter(tried).collect();
    let mut mutants: Vec<Planned<'_>> = Vec::new();
    let mut switched = bundle.clone();
    for (rule, seen) in rules {
        mutants.push(Planned { rule, seen, change: Change::Disabled, number: 0 });
        if let RuleKind::Require(require) = &rule.kind {
            let changes = changes(require, grain);
            let first = mutants.len();
            let planned = |(at, (change, _)): (usize, &(Change, String))| Planned {
                rule,
                seen,
                change: change.clone(),
                number: first.saturating_add(at),
            };
            mutants.extend(changes.iter().enumerate().map(planned));
            let own = switched.rules.iter_mut().find(|known| known.id == rule.id);
            if let Some(RuleKind::Require(require)) = own.map(|rule| &mut rule.kind) {
                switch_in(require, &changes, first, &switch);
            }
        }
    }
    if grain == Grain::Fine {
        mutants.extend(emptied(bundle, coverage));
    }
    switched.options.push(OptionDef {
        name: switch.clone(),
        kind: OptionKind::Integer,
        default: Value::from(0),
        set: true,
        doc: String::new(),
        values: Vec::new(),
    });
    let engine = Engine::new(switched)?;
    let holds: Vec<bool> = cases.iter().map(|case| holds(&engine, case)).collect();
    let bench = Bench { bundle, engine: &engine, cases, holds: &holds, switch: &switch };

    let next = AtomicUsize::new(0);
    let tried = Mutex::new(Vec::with_capacity(mutants.len()));
    let work = || {
        while let Some((index, planned)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            mutants.get(index).map(|mutant| (index, mutant))
        } {
            let fate = bench.fate(planned);
            let mutant = Mutant { rule: planned.rule.id.clone(), change: planned.change.clone(), fate };
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

/// A mutant that is to be tried.
struct Planned<'b> {
    rule: &'b Rule,
    seen: &'b RuleCoverage,
    change: Change,
    /// The value of the switch under which the change holds, if it has one.
    number: usize,
}

/// The changes of a rule's expressions, each with the member that it changes.
fn changes(require: &Require, grain: Grain) -> Vec<(Change, String)> {
    let mut changes = vec![(Change::Inverted, REQUIRE.to_owned())];
    if grain == Grain::Rules {
        return changes;
    }
    if let Some(when) = &require.when {
        changes.push((Change::Unguarded { when: when.clone() }, WHEN.to_owned()));
    }
    for (member, expression) in members(require) {
        changes.extend(edits(&member, expression).into_iter().map(|edit| (Change::Edited(edit), member.clone())));
    }
    changes
}

const REQUIRE: &str = "require";
const WHEN: &str = "when";

/// The expressions of a rule that decide, with their names.
fn members(require: &Require) -> impl Iterator<Item = (String, &String)> {
    let variables = require.variables.iter().map(|(name, expression)| (format!("variables.{name}"), expression));
    let when = require.when.iter().map(|when| (WHEN.to_owned(), when));
    let for_each = require.for_each.iter().map(|list| ("forEach".to_owned(), list));
    when.chain(variables).chain(for_each).chain([(REQUIRE.to_owned(), &require.require)])
}

/// Puts the changes of a rule into its expressions, each under its value of the switch,
/// counted from `first`.
fn switch_in(require: &mut Require, changes: &[(Change, String)], first: usize, switch: &str) {
    let of = |name: &str, expression: &str| {
        let numbered = changes.iter().enumerate().map(|(at, change)| (first.saturating_add(at), change));
        let own: Vec<(usize, String)> = numbered
            .filter(|(_, (_, member))| member == name)
            .map(|(number, (change, _))| {
                let text = match change {
                    // An expression may end with a comment.
                    Change::Inverted => format!("!({expression}\n)"),
                    Change::Unguarded { .. } => "true".to_owned(),
                    Change::Edited(edit) => edit.text.clone(),
                    Change::Disabled | Change::Emptied { .. } => expression.to_owned(),
                };
                (number, text)
            })
            .collect();
        switched(&own, expression, switch)
    };
    if let Some(when) = &mut require.when {
        *when = of(WHEN, when);
    }
    for (name, expression) in &mut require.variables {
        *expression = of(&format!("variables.{name}"), expression);
    }
    if let Some(list) = &mut require.for_each {
        *list = of("forEach", list);
    }
    require.require = of(REQUIRE, &require.require);
}

/// An expression that is one of several, by the value of the switch; they are halved again
/// and again, so that it does not become deep.
fn switched(changes: &[(usize, String)], original: &str, switch: &str) -> String {
    match (changes, changes.split_at(changes.len().div_euclid(2))) {
        ([], _) => format!("({original}\n)"),
        ([(number, text)], _) => format!("(options.{switch} == {number} ? ({text}\n) : ({original}\n))"),
        (_, (low, high)) => {
            let middle = high.first().map_or(0, |(number, _)| *number);
            let (low, high) = (switched(low, original, switch), switched(high, original, switch));
            format!("(options.{switch} < {middle} ? {low} : {high})")
        }
    }
}

/// For each list that rules of the bundle's own name: that it has no entries.
fn emptied<'b>(bundle: &'b Bundle, coverage: &'b Coverage) -> Vec<Planned<'b>> {
    let planned = |list: &List| {
        let names = |rule: &Rule| match &rule.kind {
            RuleKind::Require(require) => members(require).any(|(_, text)| text.contains(&format!("'{}'", list.name))),
            _ => false,
        };
        let mut rules = bundle.rules.iter().zip(&coverage.rules);
        let (rule, seen) =
            rules.find(|(rule, seen)| may_deny(rule) && seen.standing == Standing::Counted && names(rule))?;
        Some(Planned { rule, seen, change: Change::Emptied { list: list.name.clone() }, number: 0 })
    };
    bundle.lists.iter().filter_map(planned).collect()
}

/// Whether a failure of the rule denies, as built or under an option.
fn may_deny(rule: &Rule) -> bool {
    rule.severity.default == Severity::Deny
        || rule.severity.by_option.iter().any(|(_, severity)| *severity == Severity::Deny)
}

/// A name that no option of the bundle has.
fn switch_name(bundle: &Bundle) -> String {
    let mut name = "mutant".to_owned();
    while bundle.options.iter().any(|option| option.name == name) {
        name.push('_');
    }
    name
}

fn holds(judge: &dyn Judge, case: &Case) -> bool {
    solgate_cases::run(judge, case).is_ok_and(|(_, different)| different.is_empty())
}

/// What mutants are tried on.
struct Bench<'b> {
    bundle: &'b Bundle,
    engine: &'b Engine,
    cases: &'b [Case],
    /// By index of the case: whether it holds for the bundle as it is.
    holds: &'b [bool],
    switch: &'b str,
}

impl Bench<'_> {
    fn fate(&self, planned: &Planned<'_>) -> Fate {
        let Planned { rule, seen, change, number } = planned;
        let emptied;
        let (engine, setting) = match change {
            Change::Disabled => {
                (self.engine, Some(Setting::Severity { rule: rule.id.clone(), severity: Severity::Off }))
            }
            Change::Emptied { list } => {
                let mut bundle = self.bundle.clone();
                bundle.lists.iter_mut().filter(|known| known.name == *list).for_each(|known| known.entries.clear());
                match Engine::new(bundle) {
                    Ok(engine) => emptied = engine,
                    // It was taken with its entries.
                    Err(_) => return Fate::Survived { cases: 0 },
                }
                (&emptied, None)
            }
            Change::Inverted | Change::Unguarded { .. } | Change::Edited(_) => {
                (self.engine, Some(Setting::Option { name: self.switch.to_owned(), value: Value::from(*number) }))
            }
        };
        let judge = Changed { engine, setting };
        // That a rule which holds is gone can only show in what it asks for.
        let asks = !matches!(rule.kind, RuleKind::Engine | RuleKind::Schema);
        // Without its guard, or with another, a rule may look at more cases.
        let widens = matches!(change, Change::Unguarded { .. } | Change::Edited(_));
        if matches!(change, Change::Emptied { .. }) {
            return self.first_noticed(&judge, 0..self.cases.len());
        }
        let of = |touched: Touched| seen.touched.iter().filter(move |touch| touch.how == touched);
        let others = of(Touched::Held).filter(|_| asks).chain(of(Touched::Excluded).filter(|_| widens));
        self.first_noticed(&judge, of(Touched::Failed).chain(others).map(|touch| touch.case))
    }

    /// Tries cases by index until one notices.
    fn first_noticed(&self, judge: &Changed<'_>, cases: impl Iterator<Item = usize>) -> Fate {
        let mut tried = 0_usize;
        for index in cases {
            let holds = self.holds.get(index).copied().unwrap_or_default();
            let Some(case) = self.cases.get(index).filter(|_| holds) else { continue };
            if !self::holds(judge, case) {
                return Fate::Noticed { case: index };
            }
            tried = tried.saturating_add(1);
        }
        Fate::Survived { cases: tried }
    }
}

/// The engine under one more setting than the case has.
struct Changed<'e> {
    engine: &'e Engine,
    setting: Option<Setting>,
}

impl Judge for Changed<'_> {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.engine.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let settings: Vec<Setting> = context.settings.iter().chain(&self.setting).cloned().collect();
        Ok(self.engine.evaluate(request, &Context { settings: &settings, ..*context }))
    }
}
