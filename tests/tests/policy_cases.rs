//! The default policy against its own cases, and against the domain's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use solgate_bundle::BuildOptions;
use solgate_engine::Engine;
use solgate_engine::ir::Severity;
use solgate_tests::cases::{self, Verdict};
use solgate_tests::domain::{self, Tally};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/vnflcm-v2")
}

fn engine() -> Engine {
    let compiled = solgate_bundle::compile_dir(&folder(), &BuildOptions::default());
    let compiled = compiled.unwrap_or_else(|error| panic!("{error}"));
    assert!(compiled.warnings.is_empty(), "{}", solgate_bundle::render(&compiled.warnings, &compiled.sources, false));
    Engine::new(compiled.bundle).unwrap_or_else(|error| panic!("{error}"))
}

fn roots(engine: &Engine) -> Vec<&str> {
    engine.bundle().api_roots.iter().map(|root| root.path.as_str()).collect()
}

#[test]
fn the_policys_own_cases_hold() {
    let engine = engine();
    let mut faults = Vec::new();
    let mut count = 0_usize;
    for (path, cases) in cases::read_bundle(&folder(), &roots(&engine)).unwrap_or_else(|error| panic!("{error}")) {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for case in cases {
            count += 1;
            match cases::run(&engine, &case) {
                Ok((_, found)) => {
                    faults.extend(found.into_iter().map(|fault| format!("{file}: {}: {fault}", case.name)))
                }
                Err(reason) => faults.push(format!("{file}: {}: {reason}", case.name)),
            }
        }
    }
    assert!(faults.is_empty(), "{} of {count} cases:\n{}", faults.len(), faults.join("\n"));
    println!("{count} cases");
}

/// A rule without a case that breaks it, or an operation that no case gets
/// through, is a rule that nobody has seen work.
#[test]
fn every_rule_has_a_case_that_breaks_it_and_every_operation_one_that_passes() {
    let engine = engine();
    let mut broken = BTreeSet::new();
    let mut passed = BTreeSet::new();
    for (_, cases) in cases::read_bundle(&folder(), &roots(&engine)).unwrap_or_else(|error| panic!("{error}")) {
        for case in cases {
            if case.expect.verdict == Verdict::Allow {
                passed.extend(engine.route(&case.method, &case.target).map(str::to_owned));
            }
            let expected = [&case.expect.rules, &case.expect.warns, &case.expect.audits];
            broken.extend(expected.into_iter().flatten().flatten().cloned());
        }
    }
    // Declared, but nothing that a policy sees can show them.
    let unseen = ["retry.state.error-handling", "rollback.state.error-handling", "subscribe.endpoint-test"];
    let rules = engine.bundle().rules.iter().map(|rule| rule.id.as_str());
    let missing: Vec<_> = rules.filter(|id| !broken.contains(*id) && !unseen.contains(id)).collect();
    assert!(missing.is_empty(), "no case breaks {missing:?}");
    let operations = engine.bundle().operations.iter().map(|operation| operation.id.as_str());
    let missing: Vec<_> = operations.filter(|id| !passed.contains(*id)).collect();
    assert!(missing.is_empty(), "no case passes through {missing:?}");
}

#[test]
fn rules_that_nothing_can_show_are_off() {
    let engine = engine();
    for id in ["retry.state.error-handling", "rollback.state.error-handling", "subscribe.endpoint-test"] {
        let rule = engine.bundle().rules.iter().find(|rule| rule.id == id).unwrap();
        assert_eq!(rule.severity.default, Severity::Off, "{id}");
    }
}

#[test]
fn the_domains_cases_hold() {
    let folder = domain::folder();
    let Some(cases) = domain::read(&folder).unwrap_or_else(|error| panic!("{error}")) else {
        println!("skipped: {} has no cases.jsonl", folder.display());
        return;
    };
    let engine = engine();
    let mut tally = Tally::default();
    for case in cases.iter().filter(|case| !case.undecidable()) {
        tally.add(&engine, case);
    }
    let figures = format!(
        "hard {:?}, all {:?}, rule ids {:?}, mentions {:?}",
        tally.hard, tally.all, tally.rules, tally.mentions
    );
    println!("{figures}\n{}", tally.faults.join("\n"));
    assert!(tally.accepted(), "{figures}\n{}", tally.faults.join("\n"));
}
