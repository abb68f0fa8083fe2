//! Mutation: would the cases of a bundle notice if a rule were removed, said the opposite,
//! or were a little different?
//!
//! Each rule that may deny is disabled, and a rule with a `require` is also inverted. On
//! demand its expressions are edited, and lists that rules name are emptied. A variable that
//! several rules have word for word is edited in all of them at once: it is one thing that is
//! said, in the bundle or by an anchor of YAML, and one rule whose cases notice is enough. A
//! mutant is noticed if a case that passes for the bundle does not pass for the mutant.
//! Nothing is compiled for a mutant but for an emptied list: severities are settings, and an
//! option that is added to the bundle says which of its changes holds.

mod edits;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::ops::Range;
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
    // The variables that have been met, and where the mutants of each are.
    let mut met: BTreeMap<(String, &str), Range<usize>> = BTreeMap::new();
    for (rule, seen) in rules {
        let plan = |change: Change, number: usize| Planned { rule, seen: vec![seen], change, number };
        mutants.push(plan(Change::Disabled, 0));
        if let RuleKind::Require(require) = &rule.kind {
            let inverted = mutants.len();
            mutants.push(plan(Change::Inverted, inverted));
            let mut numbered: Vec<Numbered> = vec![(inverted, Change::Inverted, REQUIRE.to_owned())];
            for (member, expression) in members(require) {
                let is_variable = member.starts_with(VARIABLE);
                let place = (member.clone(), expression.as_str());
                if let Some(known) = met.get(&place).filter(|_| is_variable) {
                    for number in known.clone() {
                        if let Some(planned) = mutants.get_mut(number) {
                            planned.seen.push(seen);
                            numbered.push((number, planned.change.clone(), member.clone()));
                        }
                    }
                    continue;
                }
                let first = mutants.len();
                for change in changes(&member, expression, grain) {
                    let number = mutants.len();
                    mutants.push(plan(change.clone(), number));
                    numbered.push((number, change, member.clone()));
                }
                met.insert(place, first..mutants.len());
            }
            let own = switched.rules.iter_mut().find(|known| known.id == rule.id);
            if let Some(RuleKind::Require(require)) = own.map(|rule| &mut rule.kind) {
                switch_in(require, &numbered, &switch);
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
    /// The first that has the change.
    rule: &'b Rule,
    /// Of each rule that has it.
    seen: Vec<&'b RuleCoverage>,
    change: Change,
    /// The value of the switch under which the change holds, if it has one.
    number: usize,
}

/// The value of the switch under which a change holds, the change, and the member of the rule
/// that it changes. Those of a member are in the order of the values.
type Numbered = (usize, Change, String);

/// The fine changes of one of a rule's expressions.
fn changes(member: &str, expression: &str, grain: Grain) -> Vec<Change> {
    if grain == Grain::Rules {
        return Vec::new();
    }
    let unguarded = (member == WHEN).then(|| Change::Unguarded { when: expression.to_owned() });
    unguarded.into_iter().chain(edits(member, expression).into_iter().map(Change::Edited)).collect()
}

const VARIABLE: &str = "variables.";
const REQUIRE: &str = "require";
const WHEN: &str = "when";

/// The expressions of a rule that decide, with their names.
fn members(require: &Require) -> impl Iterator<Item = (String, &String)> {
    let variables = require.variables.iter().map(|(name, expression)| (format!("{VARIABLE}{name}"), expression));
    let when = require.when.iter().map(|when| (WHEN.to_owned(), when));
    let for_each = require.for_each.iter().map(|list| ("forEach".to_owned(), list));
    when.chain(variables).chain(for_each).chain([(REQUIRE.to_owned(), &require.require)])
}

/// Puts the changes of a rule into its expressions, each under its value of the switch.
fn switch_in(require: &mut Require, changes: &[Numbered], switch: &str) {
    let of = |name: &str, expression: &str| {
        let own: Vec<(usize, String)> = changes
            .iter()
            .filter(|(_, _, member)| member == name)
            .map(|(number, change, _)| {
                let text = match change {
                    // An expression may end with a comment.
                    Change::Inverted => format!("!({expression}\n)"),
                    Change::Unguarded { .. } => "true".to_owned(),
                    Change::Edited(edit) => edit.text.clone(),
                    Change::Disabled | Change::Emptied { .. } => expression.to_owned(),
                };
                (*number, text)
            })
            .collect();
        switched(&own, expression, switch)
    };
    if let Some(when) = &mut require.when {
        *when = of(WHEN, when);
    }
    for (name, expression) in &mut require.variables {
        *expression = of(&format!("{VARIABLE}{name}"), expression);
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
        Some(Planned { rule, seen: vec![seen], change: Change::Emptied { list: list.name.clone() }, number: 0 })
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
        let of =
            |touched: Touched| seen.iter().flat_map(|seen| &seen.touched).filter(move |touch| touch.how == touched);
        let others = of(Touched::Held).filter(|_| asks).chain(of(Touched::Excluded).filter(|_| widens));
        self.first_noticed(&judge, of(Touched::Failed).chain(others).map(|touch| touch.case))
    }

    /// Tries cases by index until one notices.
    fn first_noticed(&self, judge: &Changed<'_>, cases: impl Iterator<Item = usize>) -> Fate {
        let mut tried = 0_usize;
        let mut met = BTreeSet::new();
        for index in cases.filter(|index| met.insert(*index)) {
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
