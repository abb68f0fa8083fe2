//! The policies of the standard against their own cases, and the default policy against the
//! domain's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use solgate_bundle::{BuildOptions, Compiled};
use solgate_cases::Verdict;
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;
use solgate_tests::domain::{self, Tally};

/// The policies for an API of their own.
const POLICIES: [&str; 3] = ["vnflcm-v2", "vnflcm-v1", "nslcm-v2"];

fn folder(policy: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies").join(policy)
}

fn compiled(policy: &str) -> Compiled {
    let compiled = solgate_bundle::compile_dir(&folder(policy), &BuildOptions::default());
    let compiled = compiled.unwrap_or_else(|error| panic!("{error}"));
    assert!(compiled.warnings.is_empty(), "{}", solgate_bundle::render(&compiled.warnings, &compiled.sources, false));
    compiled
}

fn engine(bundle: Bundle) -> Engine {
    Engine::new(bundle).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_policies_own_cases_hold() {
    for policy in POLICIES {
        let Compiled { bundle, cases, .. } = compiled(policy);
        let engine = engine(bundle);
        let mut faults = Vec::new();
        for case in &cases {
            let place = format!("{policy}: {}:{}: {}", case.file, case.line, case.name);
            match solgate_cases::run(&engine, case) {
                Ok((ran, different)) => {
                    let said = ran.details().join("\n");
                    faults.extend(different.into_iter().map(|difference| format!("{place}: {difference}\n{said}")));
                }
                Err(reason) => faults.push(format!("{place}: {reason}")),
            }
        }
        assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
        assert!(cases.len() > 200, "{} cases of {policy}", cases.len());
    }
}

/// Beside what `policy_coverage.rs` asks of the rules.
#[test]
fn every_operation_has_a_case_that_passes_and_one_that_is_refused() {
    for policy in POLICIES {
        let Compiled { bundle, cases, .. } = compiled(policy);
        let engine = engine(bundle);
        let (mut passed, mut refused) = (BTreeSet::new(), BTreeSet::new());
        for case in cases {
            let seen = if case.expect.verdict == Verdict::Allow { &mut passed } else { &mut refused };
            seen.extend(engine.route(&case.method, &case.target).map(str::to_owned));
        }
        let operations = || engine.bundle().operations.iter().map(|operation| operation.id.as_str());
        let missing: Vec<_> = operations().filter(|id| !passed.contains(*id)).collect();
        assert!(missing.is_empty(), "no case of {policy} passes through {missing:?}");
        // Reads of the default policy are refused as any other request, where that is plainest.
        if policy == "nslcm-v2" {
            let missing: Vec<_> = operations().filter(|id| !refused.contains(*id)).collect();
            assert!(missing.is_empty(), "no case of {policy} is refused at {missing:?}");
        }
    }
}

#[test]
fn version_1_has_its_24_operations_and_says_only_what_is_different() {
    let bundle = compiled("vnflcm-v1").bundle;
    let operations: BTreeSet<_> = bundle.operations.iter().map(|operation| &operation.id).collect();
    assert_eq!(operations.len(), 24, "{operations:?}");
    // A line alone, such as `type: object`, is no copy; two in the same order are.
    let pairs: BTreeSet<_> = lines(&folder("vnflcm-v2")).into_iter().flat_map(|file| self::pairs(&file)).collect();
    let (mut all, mut both) = (0, Vec::new());
    for file in lines(&folder("vnflcm-v1")) {
        all += file.len();
        let same = self::pairs(&file).into_iter().zip(0..).filter(|(pair, _)| pairs.contains(pair));
        let copied: BTreeSet<usize> = same.flat_map(|(_, at)| [at, at + 1]).collect();
        both.extend(copied.into_iter().map(|at| file[at].clone()));
    }
    assert!(all > 500 && both.len() * 10 <= all, "{} of {all} lines: {both:#?}", both.len());
    // What its own rules say of versions fits.
    for rule in bundle.rules {
        assert!(!rule.doc.contains("as in version 1"), "{}: {}", rule.id, rule.doc);
    }
}

fn pairs(lines: &[String]) -> Vec<(String, String)> {
    lines.windows(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

/// The lines of the files of a bundle, without comments and indentation.
fn lines(folder: &Path) -> Vec<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(lines(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let said = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        files.push(said.map(str::to_owned).collect());
    }
    files
}

#[test]
fn the_domains_cases_hold() {
    let folder = domain::folder();
    let Some(cases) = domain::read(&folder).unwrap_or_else(|error| panic!("{error}")) else {
        println!("skipped: {} has no cases.jsonl", folder.display());
        return;
    };
    let engine = engine(compiled("vnflcm-v2").bundle);
    let mut tally = Tally::default();
    for case in cases.iter().filter(|case| !case.undecidable()) {
        tally.add(&engine, &engine.bundle().facts, case);
    }
    let figures = format!(
        "hard {:?}, all {:?}, rule ids {:?}, mentions {:?}",
        tally.hard, tally.all, tally.rules, tally.mentions
    );
    println!("{figures}\n{}", tally.faults.join("\n"));
    assert!(tally.accepted(), "{figures}\n{}", tally.faults.join("\n"));
}
