//! A bundle whose files are held in memory, as a page has them, is the bundle of their folder.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use solgate_bundle::authoring::Knowledge;
use solgate_bundle::{BuildOptions, Texts, Unsaved, built_in_texts, compile_built_in, compile_texts, texts};
use support::{compiled, copy, folder, minimal};

fn of_texts(texts: Texts) -> solgate_bundle::Compiled {
    compile_texts(&Arc::new(texts), &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

fn is_that_of(dir: &Path) {
    let (expected, found) = (compiled(dir), of_texts(texts(dir, &BuildOptions::default()).unwrap()));
    assert_eq!(found.bundle, expected.bundle, "{}", dir.display());
    assert_eq!(found.bundle.digest, expected.bundle.digest);
    assert_eq!((found.cases.len(), found.warnings), (expected.cases.len(), expected.warnings));
    assert_eq!(found.places, expected.places);
}

fn bundles(below: &str) -> Vec<PathBuf> {
    let found = fs::read_dir(folder(below)).unwrap().map(|entry| entry.unwrap().path());
    found.filter(|path| path.join("policy.yaml").is_file()).collect()
}

#[test]
fn every_bundle_is_the_same_in_memory() {
    let all: Vec<_> = bundles("bundles").into_iter().chain(bundles("../../../policies")).collect();
    assert!(all.len() > 6, "{all:?}");
    for dir in all {
        is_that_of(&dir);
    }
}

#[test]
fn what_a_bundle_extends_and_imports_lies_beside_it() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    copy(&minimal(), &home.path().join("base"));
    write("base/tests/none.yaml", "cases: []\n");
    write("library/policy.yaml", "name: library\nversion: 1.0.0\nvariables:\n  two: '1 + 1'\n");
    write("deep/mine/policy.yaml", "name: mine\nversion: 1.0.0\nextends: ../../base\nimports: [./../../library]\n");
    let mine = home.path().join("deep/mine");
    let read = texts(&mine, &BuildOptions::default()).unwrap();
    let names: Vec<&str> = read.iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"policy.yaml") && names.contains(&"../../base/openapi.yaml"), "{names:?}");
    // The cases of a base may be inherited, once somebody writes so.
    assert!(names.iter().any(|name| name.starts_with("../../base/tests/")), "{names:?}");
    is_that_of(&mine);
}

#[test]
fn the_texts_of_a_built_in_bundle_are_that_bundle() {
    for name in ["vnflcm-v2", "vnflcm-v1", "nslcm-v2"] {
        let expected = compile_built_in(name, &BuildOptions::default()).unwrap().unwrap();
        let found = of_texts(built_in_texts(name).unwrap());
        // The texts have cases, too, of which the digest does not speak.
        assert_eq!(found.bundle.digest, compiled(&folder("../../../policies").join(name)).bundle.digest);
        assert_eq!(found.bundle.rules.len(), expected.bundle.rules.len());
        assert!(!found.cases.is_empty());
    }
    assert!(built_in_texts("nothing").is_none());
}

#[test]
fn an_editor_knows_the_same_of_both() {
    let read = Arc::new(texts(&minimal(), &BuildOptions::default()).unwrap());
    let text = "- id: a.b\n  operations: [terminate]\n  require: body.";
    let labels = |knowledge: Option<Knowledge>| -> Vec<String> {
        let found = knowledge.unwrap().complete("rules/state.yaml", text, text.len());
        found.into_iter().map(|proposal| proposal.label).collect()
    };
    let found = labels(Knowledge::of_texts(&read).unwrap());
    assert!(found.contains(&"terminationType".to_owned()), "{found:?}");
    assert_eq!(found, labels(Knowledge::read(&minimal(), Arc::new(Unsaved::default())).unwrap()));
}
