//! What is measured, and how.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use solgate::policy::{EvaluationLimits, Policy};
use solgate_cases::{Case, Judge, JudgeError};
use solgate_engine::Engine;
use solgate_engine::verdict::{Context, FactAnswer, Outcome, Request};

use crate::commands::test::subject::Subject;

/// A page of a component's memory: less cannot be told apart.
const PAGE: usize = 64 << 10;

/// A busy machine is no want of memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// The figures of a policy.
pub struct Measured {
    pub name: String,
    pub version: String,
    /// How often each case was judged.
    pub rounds: u32,
    pub limits: EvaluationLimits,
    /// Of the policy, before it reads a request; in bytes.
    pub memory_at_start: usize,
    /// In the order of files and lines.
    pub cases: Vec<CaseFigures>,
    /// Rules with expressions that some case comes to, in the order of the bundle; none of a
    /// policy in another language.
    pub rules: Vec<RuleFigures>,
}

pub struct CaseFigures {
    pub file: String,
    pub line: usize,
    pub name: String,
    /// All evaluations together.
    pub time: Duration,
    /// The part that the slowest evaluation takes of the time that is granted to it.
    pub share: f64,
    /// The least memory with which the case comes to its verdict, in bytes and up to a
    /// page of 64 KiB; `None` of a bundle's folder, whose policy also holds what it is
    /// made from.
    pub memory: Option<usize>,
}

pub struct RuleFigures {
    pub rule: String,
    /// How many cases come to it.
    pub cases: usize,
    /// In the case in which it takes longest.
    pub time: Duration,
    pub slowest: (String, usize),
}

/// Measures all cases of a subject.
pub fn measure(subject: &Subject, engine: Option<&Engine>, rounds: u32) -> Measured {
    let limits = EvaluationLimits::default();
    let is_baked = subject.compiled().is_none();
    let of_case = |case| of_case(&subject.policy, is_baked, case, &limits, rounds);
    let cases = subject.cases.iter().map(of_case).collect();
    let manifest = subject.policy.manifest();
    Measured {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        rounds,
        memory_at_start: subject.policy.memory_at_start(),
        limits,
        cases,
        rules: engine.map(|engine| of_rules(engine, &subject.cases, rounds)).unwrap_or_default(),
    }
}

fn of_case(policy: &Policy, is_baked: bool, case: &Case, limits: &EvaluationLimits, rounds: u32) -> CaseFigures {
    let (mut time, mut share) = (Duration::MAX, f64::INFINITY);
    // The first time also makes the instance.
    for _ in 0..=rounds {
        let clocked = Clocked { policy, limits, elapsed: Cell::default(), share: Cell::default() };
        let _ = solgate_cases::run(&clocked, case);
        time = time.min(clocked.elapsed.get());
        share = share.min(clocked.share.get());
    }
    CaseFigures {
        file: case.file.clone(),
        line: case.line,
        name: case.name.clone(),
        time,
        share,
        memory: if is_baked { memory(policy, case, limits) } else { None },
    }
}

/// The least memory that suffices, found by halving.
fn memory(policy: &Policy, case: &Case, limits: &EvaluationLimits) -> Option<usize> {
    let start = policy.memory_at_start();
    let suffices = |pages: usize| {
        let memory = start.saturating_add(pages.saturating_mul(PAGE));
        let bound = Bound {
            policy,
            limits: EvaluationLimits { memory, patience: PATIENCE, ..*limits },
            failed: Cell::new(false),
        };
        let _ = solgate_cases::run(&bound, case);
        !bound.failed.get()
    };
    if start == 0 {
        return None;
    }
    let (mut low, mut high) = (0_usize, limits.memory.saturating_sub(start).div_euclid(PAGE));
    if !suffices(high) {
        return None;
    }
    while low < high {
        let middle = low.midpoint(high);
        if suffices(middle) { high = middle } else { low = middle.saturating_add(1) }
    }
    Some(start.saturating_add(high.saturating_mul(PAGE)))
}

/// The time of each rule in the cases that come to it.
fn of_rules(engine: &Engine, cases: &[Case], rounds: u32) -> Vec<RuleFigures> {
    let mut known: BTreeMap<usize, RuleFigures> = BTreeMap::new();
    for case in cases {
        let timed = Timed { engine, rounds, rules: RefCell::default() };
        let _ = solgate_cases::run(&timed, case);
        for (index, nanoseconds) in timed.rules.into_inner() {
            let Some(rule) = engine.bundle().rules.get(index) else { continue };
            let time = Duration::from_nanos(nanoseconds);
            let figures = known.entry(index).or_insert_with(|| RuleFigures {
                rule: rule.id.clone(),
                cases: 0,
                time: Duration::ZERO,
                slowest: Default::default(),
            });
            figures.cases = figures.cases.saturating_add(1);
            if time >= figures.time {
                figures.time = time;
                figures.slowest = (case.file.clone(), case.line);
            }
        }
    }
    known.into_values().collect()
}

/// A policy whose evaluations are timed.
struct Clocked<'p> {
    policy: &'p Policy,
    limits: &'p EvaluationLimits,
    elapsed: Cell<Duration>,
    /// The largest share of what was granted.
    share: Cell<f64>,
}

impl Judge for Clocked<'_> {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.policy.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let begun = Instant::now();
        let outcome = Judge::evaluate(self.policy, request, context);
        let elapsed = begun.elapsed();
        self.elapsed.set(self.elapsed.get().saturating_add(elapsed));
        let facts = context.facts.iter().map(|(_, answer)| match answer {
            FactAnswer::Found { body, .. } => body.len(),
            FactAnswer::Absent | FactAnswer::Withheld | FactAnswer::Unavailable => 0,
        });
        let bytes = request.body.len().saturating_add(facts.sum());
        let share = elapsed.as_secs_f64() / self.limits.granted(bytes).as_secs_f64();
        self.share.set(self.share.get().max(share));
        outcome
    }
}

/// A policy with other limits.
struct Bound<'p> {
    policy: &'p Policy,
    limits: EvaluationLimits,
    failed: Cell<bool>,
}

impl Judge for Bound<'_> {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.policy.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let outcome = self.policy.evaluate_within(Some(&self.limits), request, context);
        if outcome.is_err() {
            self.failed.set(true);
        }
        outcome.map_err(|error| Box::new(error) as JudgeError)
    }
}

/// The engine, and the time of each rule that it comes to: nanoseconds, by the rule's index.
struct Timed<'e> {
    engine: &'e Engine,
    rounds: u32,
    rules: RefCell<BTreeMap<usize, u64>>,
}

impl Judge for Timed<'_> {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.engine.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        for (rule, time) in self.engine.time_rules(request, context, now, self.rounds) {
            self.rules.borrow_mut().insert(rule, time);
        }
        Ok(self.engine.evaluate(request, context))
    }
}

/// Nanoseconds since the first call.
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}
