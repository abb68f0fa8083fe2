//! The cases of a policy, run: what came of each, why, and what they show of the rules.

mod json;
mod measured;
mod reason;

use std::time::{Duration, Instant};

use solgate::policy::Policy;
use solgate_cases::{Case, Difference, NoVerdict};
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;

pub use json::{difference, value};
pub use measured::{Measure, Measured, change, percent, source};
pub use reason::Reason;

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
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.all_passed() && self.measured.suffices()
    }

    #[must_use]
    pub fn all_passed(&self) -> bool {
        self.passed() == self.results.len()
    }

    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Passed))
    }

    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed { .. }))
    }

    #[must_use]
    pub fn without_verdict(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::NoVerdict(_)))
    }

    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.results.iter().filter(|result| is(&result.outcome)).count()
    }
}

/// The cases of which one of these texts is in the file or the name, and how many others
/// there are; without a text, all cases.
#[must_use]
pub fn select(cases: Vec<Case>, texts: &[String]) -> (Vec<Case>, usize) {
    let all = cases.len();
    let is_meant =
        |case: &Case| texts.is_empty() || texts.iter().any(|text| case.file.contains(text) || case.name.contains(text));
    let cases: Vec<Case> = cases.into_iter().filter(is_meant).collect();
    let left_out = all.saturating_sub(cases.len());
    (cases, left_out)
}

/// Runs cases, one after another. The bundle is looked at if a case does not pass, to say
/// which rules this is about; a policy that does not carry one cannot tell.
#[must_use]
pub fn run(
    policy: &Policy,
    bundle: impl FnOnce() -> Option<Bundle>,
    cases: Vec<Case>,
    not_selected: usize,
    measured: Measured,
) -> Report {
    let start = Instant::now();
    let judge = |case: Case| {
        let start = Instant::now();
        let outcome = match solgate_cases::run(policy, &case) {
            Ok((_, differences)) if differences.is_empty() => Outcome::Passed,
            Ok((ran, differences)) => {
                let details = ran.details().into_iter().map(str::to_owned).collect();
                Outcome::Failed { differences, details }
            }
            Err(reason) => Outcome::NoVerdict(reason),
        };
        CaseResult { case, outcome, reasons: Vec::new(), elapsed: start.elapsed() }
    };
    let mut results: Vec<CaseResult> = cases.into_iter().map(judge).collect();
    explain(bundle, &mut results);
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

/// Says of the cases that did not pass which rules this is about.
fn explain(bundle: impl FnOnce() -> Option<Bundle>, results: &mut [CaseResult]) {
    let is_open = |result: &&mut CaseResult| !matches!(result.outcome, Outcome::Passed);
    let mut open = results.iter_mut().filter(is_open).peekable();
    if open.peek().is_none() {
        return;
    }
    let Some(engine) = bundle().and_then(|bundle| Engine::new(bundle).ok()) else { return };
    for result in open {
        result.reasons = match &result.outcome {
            Outcome::Passed => Vec::new(),
            Outcome::Failed { differences, .. } => reason::of_differences(&engine, &result.case, differences),
            Outcome::NoVerdict(why) => reason::of_no_verdict(&engine, &result.case, why),
        };
    }
}
