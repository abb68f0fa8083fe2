//! What our policies say of versions of their APIs: each `x-since` and `x-until` has a case
//! just below and one just at it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_cases::{Case, run};
use solgate_engine::Engine;
use support::folder;

/// An annotation in a compiled bundle.
#[derive(Debug)]
struct Annotation {
    pointer: String,
    version: [u64; 3],
    is_first: bool,
}

/// Every version that is written somewhere as the first or the last to have something.
fn annotations(node: &Value, pointer: &str, found: &mut Vec<Annotation>) {
    let of = |node: &Value, pointer: String, is_first| {
        let numbers: Vec<u64> = node.as_str().unwrap().split('.').map(|number| number.parse().unwrap()).collect();
        Annotation { pointer, version: numbers.try_into().unwrap(), is_first }
    };
    match node {
        Value::Object(members) => {
            for (name, value) in members {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let is_first = matches!(name.as_str(), "x-since" | "since");
                match (name.as_str(), value) {
                    ("x-since" | "x-until" | "since" | "until", Value::String(_)) => {
                        found.push(of(value, pointer, is_first));
                    }
                    ("x-since" | "x-until", Value::Object(values)) => {
                        let each =
                            values.iter().map(|(name, version)| of(version, format!("{pointer}/{name}"), is_first));
                        found.extend(each);
                    }
                    _ => annotations(value, &pointer, found),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                annotations(item, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

impl Annotation {
    /// The versions that would be written there if it were a little off, and what a case
    /// must ask for to tell.
    fn mistakes(&self) -> [(String, String); 2] {
        let [major, minor, patch] = self.version;
        let here = format!("{major}.{minor}.{patch}");
        let (before, below) = match (patch, minor) {
            (0, 0) => panic!("{}: nothing lies below {here}", self.pointer),
            (0, _) => (format!("{major}.{}.{}", minor - 1, u64::MAX), format!("{major}.{}.0", minor - 1)),
            _ => (format!("{major}.{minor}.{}", patch - 1), format!("{major}.{minor}.{}", patch - 1)),
        };
        if self.is_first {
            [(below.clone(), format!("{below} or just below {here}")), (format!("{major}.{minor}.{}", patch + 1), here)]
        } else {
            let above = format!("{major}.{}.0", minor + 1);
            [(before, here.clone()), (above.clone(), format!("a version from behind {here} to {above}"))]
        }
    }
}

fn hold(engine: &Engine, cases: &[&Case]) -> bool {
    cases.iter().all(|case| run(engine, case).is_ok_and(|(_, different)| different.is_empty()))
}

/// What no case would notice.
fn unnoticed(policy: &str) -> (usize, Vec<String>) {
    let Compiled { bundle, cases, .. } =
        compile_dir(&folder(&format!("../../../policies/{policy}")), &BuildOptions::default())
            .unwrap_or_else(|failure| panic!("{failure}"));
    let written = serde_json::to_value(&bundle).unwrap();
    let mut found = Vec::new();
    annotations(&written, "", &mut found);
    let engine = Engine::new(bundle).unwrap();
    // What fails in any case is found by others.
    let cases: Vec<&Case> = cases.iter().filter(|case| hold(&engine, &[case])).collect();
    let next = AtomicUsize::new(0);
    let missing = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(annotation) = found.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for (version, asks) in annotation.mistakes() {
                        let mut changed = written.clone();
                        *changed.pointer_mut(&annotation.pointer).unwrap() = version.into();
                        let engine = Engine::new(serde_json::from_value(changed).unwrap()).unwrap();
                        if hold(&engine, &cases) {
                            let missing = &mut missing.lock().unwrap();
                            missing.push(format!("{policy}: {}: no case asks for {asks}", annotation.pointer));
                        }
                    }
                }
            });
        }
    });
    (found.len(), missing.into_inner().unwrap())
}

#[test]
fn every_case_of_a_release_holds() {
    let Compiled { bundle, cases, .. } = compile_dir(&folder("../../../policies/vnflcm-v2"), &BuildOptions::default())
        .unwrap_or_else(|failure| panic!("{failure}"));
    let engine = Engine::new(bundle).unwrap();
    let mut failed = Vec::new();
    for case in &cases {
        let (ran, different) = run(&engine, case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        if let Some(first) = different.first() {
            failed.push(format!("{}:{} {}: {first} {:?}", case.file, case.line, case.name, ran.details()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_annotation_has_a_case_on_either_side() {
    let mut all = 0;
    let mut missing = Vec::new();
    for policy in std::fs::read_dir(folder("../../../policies")).unwrap() {
        let policy = policy.unwrap();
        // What a bundle inherits has its cases there.
        if !policy.path().is_dir()
            || std::fs::read_to_string(policy.path().join("policy.yaml")).unwrap().contains("\nextends:")
        {
            continue;
        }
        let name = policy.file_name().into_string().unwrap();
        let (annotations, unnoticed) = unnoticed(&name);
        all += annotations;
        missing.extend(unnoticed);
    }
    assert!(all > 20, "{all}");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_version_is_a_little_off_on_either_side() {
    let annotation = |version, is_first| Annotation { pointer: "/a".to_owned(), version, is_first };
    let off = |version, is_first| annotation(version, is_first).mistakes().map(|(version, _)| version);
    assert_eq!(off([2, 10, 0], true), ["2.9.0", "2.10.1"]);
    assert_eq!(off([2, 10, 0], false), ["2.9.18446744073709551615", "2.11.0"]);
    assert_eq!(off([2, 10, 1], true), ["2.10.0", "2.10.2"]);
}
