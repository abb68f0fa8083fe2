//! Runs the cases of one policy.

use std::sync::Arc;
use std::time::{Duration, Instant};

use solgate_cases::{Case, Difference, NoVerdict};
use solgate_engine::Engine;

use super::measure::Measured;
use super::reason::{self, Reason};
use super::subject::Subject;
use crate::commands::policies::with_spinner;

/// What came of the cases, and what they show.
pub struct Report {
    pub policy: PolicyName,
    /// In the order of files and lines.
    pub results: Vec<CaseResult>,
    /// How many cases were left out.
    pub not_selected: usize,
    pub measured: Measured,
    /// What all cases took together.
    pub elapsed: Duration,
}

/// Which policy was tested.
pub struct PolicyName {
    pub name: String,
    pub version: String,
    /// Lower-case hexadecimal SHA-256 over the bundle's source.
    pub digest: String,
}

/// What came of one case.
pub struct CaseResult {
    pub case: Case,
    pub outcome: Outcome,
    /// Of a case that did not pass: the rules that this is about.
    pub reasons: Vec<Reason>,
    pub elapsed: Duration,
}

pub enum Outcome {
    Passed,
    Failed {
        differences: Vec<Difference>,
        /// What the verdict says.
        details: Vec<String>,
    },
    /// The policy did not come to a verdict.
    NoVerdict(NoVerdict),
}

impl Report {
    /// Whether nothing stands against the policy or its cases.
    pub fn is_good(&self) -> bool {
        self.all_passed() && self.measured.suffices()
    }

    pub fn all_passed(&self) -> bool {
        self.passed() == self.results.len()
    }

    pub fn passed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Passed))
    }

    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed { .. }))
    }

    pub fn without_verdict(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::NoVerdict(_)))
    }

    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.results.iter().filter(|result| is(&result.outcome)).count()
    }
}

/// Runs all cases of a subject, one after another.
pub fn run(mut subject: Subject, measured: Measured) -> Report {
    let policy = Arc::clone(&subject.policy);
    let not_selected = subject.not_selected;
    let cases = std::mem::take(&mut subject.cases);
    let start = Instant::now();
    let message = format!("running {} cases", cases.len());
    let judge = |case: Case| {
        let start = Instant::now();
        let outcome = match solgate_cases::run(&*policy, &case) {
            Ok((_, differences)) if differences.is_empty() => Outcome::Passed,
            Ok((ran, differences)) => {
                let details = ran.details().into_iter().map(str::to_owned).collect();
                Outcome::Failed { differences, details }
            }
            Err(reason) => Outcome::NoVerdict(reason),
        };
        CaseResult { case, outcome, reasons: Vec::new(), elapsed: start.elapsed() }
    };
    let mut results: Vec<CaseResult> = with_spinner(&message, || cases.into_iter().map(judge).collect());
    explain(&subject, &mut results);
    let manifest = policy.manifest();
    Report {
        policy: PolicyName {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            digest: manifest.digest.clone(),
        },
        results,
        not_selected,
        measured,
        elapsed: start.elapsed(),
    }
}

/// Says of the cases that did not pass which rules this is about. A policy that does not
/// carry its bundle cannot tell.
fn explain(subject: &Subject, results: &mut [CaseResult]) {
    let is_open = |result: &&mut CaseResult| !matches!(result.outcome, Outcome::Passed);
    let mut open = results.iter_mut().filter(is_open).peekable();
    if open.peek().is_none() {
        return;
    }
    let Some(engine) = subject.bundle().ok().and_then(|bundle| Engine::new(bundle).ok()) else { return };
    for result in open {
        result.reasons = match &result.outcome {
            Outcome::Passed => Vec::new(),
            Outcome::Failed { differences, .. } => reason::of_differences(&engine, &result.case, differences),
            Outcome::NoVerdict(why) => reason::of_no_verdict(&engine, &result.case, why),
        };
    }
}
