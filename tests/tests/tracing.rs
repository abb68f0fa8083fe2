//! An evaluation that is watched comes to the same outcome, and what is said of it
//! agrees with that outcome: for every case of the default policy and the domain.

use std::cell::Cell;
use std::collections::BTreeSet;

use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_cases::{Judge, JudgeError};
use solgate_engine::Engine;
use solgate_engine::ir::Severity;
use solgate_engine::trace::{RuleResult, RuleTrace, Stage, Trace};
use solgate_engine::verdict::{Context, Finding, Location, Mode, Outcome, Request};
use solgate_tests::domain::{self, Tally};
use solgate_tests::workspace;

/// Evaluates with and without a trace.
struct Watched {
    engine: Engine,
    compared: Cell<usize>,
}

impl Judge for Watched {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.engine.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let plain = self.engine.evaluate(request, context);
        let (traced, trace) = self.engine.trace(request, context);
        assert_eq!(traced, plain, "{} {}", request.method, request.target);
        let most = usize::try_from(self.engine.bundle().limits.violations).expect("it is small");
        agrees(&trace, &plain, context.mode, most);
        // The first stage after the route has an operation.
        let routed = trace.stages.iter().any(|stage| stage.stage == Stage::Version);
        assert!(trace.operation.is_some() || !routed, "{trace:?}");
        let route = self.engine.route(request.method, request.target);
        assert!(route.is_none() || !routed || trace.operation.as_deref() == route, "{trace:?}");
        self.compared.set(self.compared.get() + 1);
        Ok(plain)
    }
}

/// Checks what a trace says against the outcome.
fn agrees(trace: &Trace, outcome: &Outcome, mode: Mode, most: usize) {
    let stages: Vec<Stage> = trace.stages.iter().map(|stage| stage.stage).collect();
    assert!(stages.is_sorted() && stages.iter().collect::<BTreeSet<_>>().len() == stages.len(), "{stages:?}");
    for rule in trace.stages.iter().flat_map(|stage| &stage.rules) {
        let silent = !matches!(rule.result, RuleResult::Failed | RuleResult::NotEvaluated { .. });
        assert!(!silent || rule.failures.is_empty(), "{rule:?}");
        assert_eq!(rule.result == RuleResult::Off, rule.severity == Severity::Off, "{rule:?}");
    }
    let denying = |severity| severity == Severity::Deny && mode == Mode::Enforce;
    let rules: Vec<&RuleTrace> = trace.stages.iter().flat_map(|stage| &stage.rules).collect();
    let failures = |denied: bool| {
        let all = rules.iter().flat_map(|rule| rule.failures.iter().map(|failure| (&rule.rule, failure)));
        let wanted = all.filter(|(_, failure)| denying(failure.severity) == denied);
        let mut places: Vec<(&str, Location)> =
            wanted.map(|(rule, failure)| (rule.as_str(), failure.location.clone())).collect();
        places.sort_by_key(|place| format!("{place:?}"));
        places
    };
    let mut found: Vec<(&str, Location)> = Vec::new();
    let findings: &[Finding] = match outcome {
        Outcome::Allow(with) => {
            assert_eq!(trace.ended_by, None);
            with
        }
        Outcome::Deny(denial) => {
            assert_eq!(trace.ended_by, stages.last().copied());
            found = denial.violations.iter().map(|one| (one.rule.as_str(), one.location.clone())).collect();
            let last = trace.stages.last().expect("a stage denied");
            assert!(found.iter().all(|(id, _)| last.rules.iter().any(|rule| rule.rule == *id)), "{last:?}");
            &denial.findings
        }
        Outcome::Need(queries) => {
            // Or where an expression has come to a fact that is asked for on demand.
            assert!(matches!(trace.ended_by, Some(Stage::Facts | Stage::Existence | Stage::State)), "{trace:?}");
            assert_eq!(trace.ended_by, stages.last().copied());
            let waited: BTreeSet<&String> = rules
                .iter()
                .filter_map(|rule| if let RuleResult::Waits { facts } = &rule.result { Some(facts) } else { None })
                .flatten()
                .collect();
            assert_eq!(waited, queries.iter().map(|query| &query.name).collect());
            return;
        }
    };
    found.sort_by_key(|place| format!("{place:?}"));
    assert_eq!(failures(true), found);
    let mut found: Vec<(&str, Location)> =
        findings.iter().map(|one| (one.violation.rule.as_str(), one.violation.location.clone())).collect();
    found.sort_by_key(|place| format!("{place:?}"));
    let mut failures = failures(false);
    if failures.len() > most {
        // Of more than there is room for, some are left out, but none that would deny for
        // one that would not.
        assert_eq!(found.len(), most);
        let all = rules.iter().flat_map(|rule| &rule.failures);
        let would_deny = all.filter(|failure| failure.severity == Severity::Deny && mode == Mode::Monitor).count();
        let told = findings.iter().filter(|finding| finding.severity == Severity::Deny).count();
        assert_eq!(told, would_deny.min(most));
        failures.retain(|place| found.contains(place));
    }
    assert_eq!(failures, found);
}

fn policy() -> (Watched, Vec<solgate_cases::Case>) {
    let compiled = compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default());
    let Compiled { bundle, cases, .. } = compiled.expect("it compiles");
    let engine = Engine::new(bundle).expect("it starts");
    (Watched { engine, compared: Cell::new(0) }, cases)
}

#[test]
fn on_the_policys_own_cases_in_both_modes() {
    let (watched, cases) = policy();
    for case in cases {
        for mode in [Mode::Enforce, Mode::Monitor] {
            // In the other mode it may ask for facts that the case does not give.
            let _ = solgate_cases::run(&watched, &solgate_cases::Case { mode, ..case.clone() });
        }
    }
    assert!(watched.compared.get() > 600, "{} evaluations", watched.compared.get());
}

#[test]
fn on_the_domains_cases() {
    let Some(cases) = domain::read(&domain::folder()).expect("it is readable") else {
        println!("skipped: {} has no cases.jsonl", domain::folder().display());
        return;
    };
    let (watched, _) = policy();
    let mut tally = Tally::default();
    for case in cases.iter().filter(|case| !case.undecidable()) {
        tally.add(&watched, &watched.engine.bundle().facts, case);
    }
    assert!(watched.compared.get() >= cases.len(), "{} evaluations", watched.compared.get());
}
