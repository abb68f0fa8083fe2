//! The formatter changes the form of a text and nothing else: bundles compile to the same,
//! and what has been formatted stays.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use solgate_bundle::format::{Unformatted, format};
use solgate_bundle::{BuildOptions, compile_dir};
use support::copy;

/// The YAML files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All bundles in the repository that compile by themselves.
fn bundles() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["policies", "host/bundle/tests/bundles", "host/bundle/templates"] {
        let mut all: Vec<_> =
            fs::read_dir(workspace().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        found.extend(all.into_iter().filter(|path| path.join("policy.yaml").is_file()));
    }
    found
}

#[test]
fn every_bundle_compiles_to_the_same() {
    let mut formatted = 0;
    for bundle in bundles() {
        let dir = tempfile::tempdir().unwrap();
        copy(&bundle, dir.path());
        let Ok(before) = compile_dir(dir.path(), &BuildOptions::default()) else { continue };
        for path in files(dir.path()) {
            let text = fs::read_to_string(&path).unwrap();
            let new = format(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(format(&new).as_deref(), Ok(new.as_str()), "{} is not stable", path.display());
            fs::write(&path, new).unwrap();
            formatted += 1;
        }
        let after = compile_dir(dir.path(), &BuildOptions::default()).unwrap();
        // The digest is that of the texts.
        let compiled = |bundle: &solgate_engine::ir::Bundle| {
            let mut bundle = bundle.clone();
            bundle.digest = String::new();
            serde_json::to_string(&bundle).unwrap()
        };
        assert_eq!(compiled(&before.bundle), compiled(&after.bundle), "{}", bundle.display());
        assert_eq!(format!("{:?}", names(&before)), format!("{:?}", names(&after)), "{}", bundle.display());
    }
    assert!(formatted > 40, "{formatted}");
}

fn names(compiled: &solgate_bundle::Compiled) -> Vec<(&str, &[u8])> {
    compiled.cases.iter().map(|case| (case.name.as_str(), case.body.as_slice())).collect()
}

#[test]
fn the_form_becomes_the_usual_one() {
    for (text, expected) in [
        ("a:   1\n", "a: 1\n"),
        ("- id:   a   # why\n  when: 'x'\n", "- id: a # why\n  when: \"x\"\n"),
        ("# first\n\n\n\na: {b: 1,c: 2}\n", "# first\n\na: { b: 1, c: 2 }\n"),
        ("a: |\n  kept\n    as it is\n", "a: |\n  kept\n    as it is\n"),
    ] {
        assert_eq!(format(text).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(format("a: ["), Err(Unformatted::NotYaml));
}

/// Whatever text it is: formatted, it stays, and is never lost.
#[test]
fn texts_made_by_chance_stay_when_they_are_formatted() {
    let texts: Vec<String> =
        bundles().iter().flat_map(|bundle| files(bundle)).map(|path| fs::read_to_string(path).unwrap()).collect();
    let mut random = fastrand::Rng::with_seed(18);
    let (mut done, mut left) = (0, 0);
    for _ in 0..2000 {
        let lines: Vec<&str> = texts[random.usize(..texts.len())].lines().collect();
        let start = random.usize(..lines.len());
        let mut part: Vec<String> =
            lines[start..lines.len().min(start + 20)].iter().map(|line| (*line).to_owned()).collect();
        for _ in 0..random.usize(..4) {
            let at = random.usize(..part.len());
            match random.u8(..6) {
                0 => part[at].push_str("  # a comment"),
                1 => part.insert(at, "# a line".to_owned()),
                2 => part.insert(at, String::new()),
                3 => part[at] = part[at].replace('"', "'"),
                4 => part[at] = part[at].replace(": ", ":   "),
                _ => part[at].push_str("   "),
            }
        }
        let text = part.join("\n") + "\n";
        match format(&text) {
            Ok(new) => {
                assert_eq!(format(&new).as_deref(), Ok(new.as_str()), "{text}");
                done += 1;
            }
            Err(Unformatted::Changed) => left += 1,
            Err(Unformatted::NotYaml) => {}
        }
    }
    assert!(done > 200 && left * 20 < done, "{done} formatted, {left} left");
}
