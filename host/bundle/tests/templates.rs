//! What `solgate new` makes is a bundle like any other: nothing is remarked upon,
//! and its cases show every rule.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;

use solgate_bundle::templates::{NewError, Template};
use solgate_bundle::{BuildOptions, compile_dir, render};
use solgate_engine::Engine;
use solgate_engine::ir::RuleKind;

const TEMPLATES: [Template; 2] = [Template::Operator, Template::Minimal];

#[test]
fn a_new_bundle_is_clean_and_passes_its_own_tests() {
    for template in TEMPLATES {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("shops").join("our-rules_2.0");
        template.make(&dir).unwrap();
        let compiled = compile_dir(&dir, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
        assert_eq!(render(&compiled.warnings, &compiled.sources, false), "", "{template:?}");
        assert_eq!(compiled.bundle.name, "our-rules_2.0");

        let own = compiled.bundle.rules.iter().filter(|rule| !rule.inherited);
        assert!(own.clone().any(|rule| matches!(rule.kind, RuleKind::Require(_))));
        let own: BTreeSet<String> = own.map(|rule| rule.id.clone()).collect();
        let engine = Engine::new(compiled.bundle).unwrap();
        let mut broken = BTreeSet::new();
        for case in &compiled.cases {
            let (ran, differences) =
                solgate_cases::run(&engine, case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
            assert!(differences.is_empty(), "{template:?}: {}: {differences:?}", case.name);
            broken
                .extend(ran.outcome.err().iter().flat_map(|denial| &denial.violations).map(|found| found.rule.clone()));
        }
        assert_eq!(broken, own, "{template:?}: a case for every rule");
    }
}

/// What YAML reads as something else than a text is the name of a policy nevertheless.
#[test]
fn a_name_may_look_like_a_number() {
    let home = tempfile::tempdir().unwrap();
    for name in ["null", "true", "False", "12", "1.0", "0x1F", "1e3", "NULL"] {
        for template in TEMPLATES {
            let dir = home.path().join(format!("{template:?}")).join(name);
            template.make(&dir).unwrap();
            let compiled =
                compile_dir(&dir, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{name}: {failure}"));
            assert_eq!(compiled.bundle.name, name, "{template:?}");
        }
    }
}

#[test]
fn the_first_line_of_each_file_leads_to_its_schema() {
    for template in TEMPLATES {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("new");
        template.make(&dir).unwrap();
        for (name, text) in template.files().iter().filter(|(name, _)| *name != "openapi.yaml") {
            let schema = text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema="));
            let schema = dir.join(name).parent().unwrap().join(schema.unwrap_or_else(|| panic!("{name} has none")));
            assert!(serde_json::from_slice::<serde_json::Value>(&fs::read(schema).unwrap()).is_ok());
        }
    }
}

#[test]
fn nothing_is_overwritten_and_names_are_checked() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("there");
    fs::create_dir(&dir).unwrap();
    assert!(matches!(Template::Minimal.make(&dir), Err(NewError::Exists(path)) if path == dir));
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    for name in ["", "..", "my policy", "-x", "é"] {
        assert!(matches!(Template::Minimal.make(&home.path().join(name)), Err(NewError::Name(_))), "{name:?}");
    }
    // No trace of a failed attempt.
    fs::write(home.path().join("file"), "").unwrap();
    assert!(matches!(Template::Minimal.make(&home.path().join("file/new")), Err(NewError::Io { .. })));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2);
}
