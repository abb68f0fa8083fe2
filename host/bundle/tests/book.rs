//! The rule book: those of the policies of the standard are part of the documentation,
//! and current.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::path::Path;

use solgate_bundle::{BuildOptions, compile_built_in, compile_dir, rule_book};
use support::{assert_golden, folder, minimal};

fn book(bundle: &Path) -> String {
    let compiled = compile_dir(bundle, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
    rule_book(&compiled.bundle)
}

#[test]
fn the_rule_books_of_the_standard_are_current() {
    for name in ["vnflcm-v1", "vnflcm-v2"] {
        let page = book(&folder(&format!("../../../policies/{name}")));
        assert_golden(&folder(&format!("../../../docs/rules-{name}.md")), &page);
        let built_in = compile_built_in(name, &BuildOptions::default()).unwrap().unwrap();
        assert!(rule_book(&built_in.bundle) == page, "{name}: the sources in the program are those in the folder");
    }
    assert!(compile_built_in("vnflcm-v3", &BuildOptions::default()).is_none());
}

#[test]
fn the_rule_book_of_a_small_bundle_shows_rules_of_all_kinds() {
    assert_golden(&folder("bundles/minimal.md"), &book(&minimal()));
}

#[test]
fn windows_and_lists_are_shown() {
    let page = book(&folder("../../../policies/example-operator"));
    for part in ["| `maintenance` | sat, sun 22:00-04:00 Europe/Berlin; ", "## Lists", "| `callbackHosts` | `"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn dates_of_windows_are_shown_as_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    support::copy(&minimal(), dir.path());
    let path = dir.path().join("policy.yaml");
    let windows = "windows:\n  a: { zone: UTC, days: [sat], dates: [2026-05-02, 2026-12-24..2027-01-06], from: '22:00', to: '04:00' }\n  b: { zone: UTC, except: [12-25, 12-30..01-02, easter-2, easter] }\n  c: { zone: UTC, from: '2026-12-24 18:00', to: '2026-12-27 00:00' }\n";
    let policy = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, policy + windows).unwrap();
    let page = book(dir.path());
    for part in [
        "| `a` | sat 22:00-04:00 UTC, on 2026-05-02, 2026-12-24..2027-01-06 |",
        "| `b` | every day 00:00-24:00 UTC, but not on 12-25, 12-30..01-02, easter-2, easter |",
        "| `c` | from 2026-12-24 18:00 to 2026-12-26 24:00 UTC |",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

/// Whoever has a rule id finds the rule, and every link leads to one.
#[test]
fn every_rule_has_a_heading_and_every_link_a_target() {
    let compiled = compile_dir(&folder("../../../policies/vnflcm-v2"), &BuildOptions::default()).unwrap();
    let page = rule_book(&compiled.bundle);
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for rule in &compiled.bundle.rules {
        assert_eq!(headings.iter().filter(|heading| **heading == rule.id).count(), 1, "{}", rule.id);
    }
    // As GitHub makes them of headings.
    let anchors: Vec<String> = headings.iter().map(|heading| heading.replace('.', "").to_lowercase()).collect();
    let targets: Vec<&str> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(targets.len() > headings.len());
    for target in targets {
        assert!(anchors.iter().any(|anchor| anchor == target), "{target}");
    }
}
