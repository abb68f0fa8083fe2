//! Bundles without mistakes, and what they become.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::Path;

use serde_json::json;
use solgate_bundle::{BuildOptions, Compiled, Failure, compile_dir};
use support::{assert_golden, copy, folder, minimal};

fn compile(dir: &Path, set: &[(&str, &str)]) -> Compiled {
    let set = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    match compile_dir(dir, &BuildOptions { set, ..BuildOptions::default() }) {
        Ok(compiled) => compiled,
        Err(failure) => panic!("{failure}"),
    }
}

fn json(compiled: &Compiled) -> String {
    serde_json::to_string_pretty(&compiled.bundle).unwrap() + "\n"
}

#[test]
fn the_minimal_bundle_compiles_to_the_expected_data() {
    let compiled = compile(&minimal(), &[]);
    assert_eq!(compiled.warnings, []);
    assert_golden(&folder("bundles/minimal.json"), &json(&compiled));
}

#[test]
fn a_bundle_is_the_same_wherever_it_lies_and_however_old_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = dir.path().join("some").join("where");
    copy(&minimal(), &elsewhere);
    let first = compile(&minimal(), &[]);
    assert_eq!(json(&first), json(&compile(&elsewhere, &[])));

    fs::create_dir(elsewhere.join("tests")).unwrap();
    let case = "cases:\n  - { name: a case, path: /vnf_instances, expect: { status: 404 } }\n";
    fs::write(elsewhere.join("tests/cases.yaml"), case).unwrap();
    fs::write(elsewhere.join("README.md"), "Not part of it.").unwrap();
    fs::write(elsewhere.join("rules/.state.yaml.swp"), "\0").unwrap();
    let again = compile(&elsewhere, &[]);
    assert_eq!(json(&first), json(&again));
    assert_eq!(again.cases.len(), 1);
}

#[test]
fn the_digest_follows_names_contents_and_set_values() {
    let dir = tempfile::tempdir().unwrap();
    let digest = |change: &dyn Fn(&Path), set: &[(&str, &str)]| {
        let bundle = tempfile::tempdir_in(dir.path()).unwrap();
        copy(&minimal(), bundle.path());
        change(bundle.path());
        compile(bundle.path(), set).bundle.digest
    };
    let mut digests = vec![
        digest(&|_| {}, &[]),
        digest(&|_| {}, &[("strict", "true")]),
        digest(&|_| {}, &[("strict", "false")]),
        digest(&|dir| fs::rename(dir.join("rules/body.yaml"), dir.join("rules/b.yaml")).unwrap(), &[]),
        digest(
            &|dir| {
                let path = dir.join("policy.yaml");
                let text = fs::read_to_string(&path).unwrap() + "# A comment counts.\n";
                fs::write(path, text).unwrap();
            },
            &[],
        ),
    ];
    assert!(
        digests
            .iter()
            .all(|digest| { digest.len() == 64 && digest.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')) })
    );
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 5);
}

#[test]
fn set_values_are_read_by_the_type_of_their_option() {
    let compiled = compile(
        &minimal(),
        &[
            ("strict", "true"),
            ("schemaErrorStatus", "422"),
            ("outsideApiRoot", "pass"),
            ("supportedVersions", "2.0.0, 2.*.*"),
        ],
    );
    for (name, value) in [
        ("strict", json!(true)),
        ("schemaErrorStatus", json!(422)),
        ("outsideApiRoot", json!("pass")),
        ("supportedVersions", json!(["2.0.0", "2.*.*"])),
    ] {
        let option = compiled.bundle.options.iter().find(|o| o.name == name);
        let option = option.unwrap();
        assert_eq!((&option.default, option.set), (&value, true), "{name}");
    }
    let untouched = compiled.bundle.options.iter().find(|o| o.name == "vendor");
    assert!(!untouched.unwrap().set);
}

#[test]
fn a_folder_that_is_not_there_is_no_mistake_of_the_author() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing");
    let failure = compile_dir(&missing, &BuildOptions::default()).unwrap_err();
    assert!(matches!(&failure, Failure::Io(error) if error.path == missing));
}
