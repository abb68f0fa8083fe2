//! The properties hold for the kept corpus, and for damage done to it: what a fuzzer
//! has found once stays found, on every machine and without a fuzzer.
//!
//! `SOLGATE_DAMAGE=100` does a hundred times as much.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use fastrand::Rng;
use solgate_properties::{PROPERTIES, Property, http2_requests, mutation, requests};

fn property(name: &str) -> Property {
    *PROPERTIES.iter().find(|property| property.name == name).expect("there is one of that name")
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("there is a corpus")
        .map(|entry| entry.expect("it is readable").path())
        .collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("it is readable"))).collect()
}

/// Checks one input, and says which it was if the property does not hold for it.
fn check(property: Property, input: &[u8], what: &str) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (property.holds)(input))) {
        eprintln!("{what}: {}", input.escape_ascii());
        resume_unwind(panic);
    }
}

fn holds(name: &str, executions: usize) {
    holds_with(name, executions, Vec::new());
}

/// Checks the corpus, and as many damaged inputs; `others` are damaged, too.
fn holds_with(name: &str, executions: usize, others: Vec<Vec<u8>>) {
    let property = property(name);
    let corpus = corpus(name);
    assert!(corpus.len() > 5, "the corpus of {name} is there");
    for (path, input) in &corpus {
        check(property, input, &path.display().to_string());
    }
    let inputs: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).chain(others).collect();
    let mut random = Rng::with_seed(6);
    let times: usize = std::env::var("SOLGATE_DAMAGE").map_or(1, |times| times.parse().expect("it is a number"));
    for execution in 0..executions * times {
        check(property, &mutation::damaged(&inputs, &mut random), &format!("execution {execution}"));
    }
}

#[test]
fn bundle() {
    holds("bundle", 500);
}

#[test]
fn c_abi() {
    holds("c_abi", 1_000);
}

#[test]
fn connection() {
    holds("connection", 5_000);
}

/// The property would hold for a guard that lets nothing through, too.
#[test]
fn requests_that_are_well_formed_pass() {
    let corpus = corpus("connection");
    for name in ["chunked", "empty-lines", "expect", "length-with-zeros", "sizes-of-two-digits", "trailers"] {
        let found = corpus.iter().find(|(path, _)| path.ends_with(name));
        let (_, input) = found.unwrap_or_else(|| panic!("{name} is in the corpus"));
        assert_eq!(requests(input), 2, "{name}: {}", input.escape_ascii());
    }
}

#[test]
fn http2() {
    holds("http2", 5_000);
}

/// The same for what is checked of HTTP/2.
#[test]
fn requests_of_http2_that_are_well_formed_pass() {
    for (name, requests) in [("well-formed", 4), ("two-cookies", 1), ("large-body", 2)] {
        let found = corpus("http2").into_iter().find(|(path, _)| path.ends_with(name));
        let (_, input) = found.unwrap_or_else(|| panic!("{name} is in the corpus"));
        assert_eq!(http2_requests(&input), requests, "{name}: {}", input.escape_ascii());
    }
}

#[test]
fn engine() {
    holds("engine", 5_000);
}

#[test]
fn facts() {
    holds("facts", 20_000);
}

#[test]
fn filter() {
    holds("filter", 50_000);
}

#[test]
fn json() {
    holds("json", 50_000);
}

#[test]
fn redaction() {
    holds("redaction", 20_000);
}

/// Components are built, not kept: damage is done to the one that misbehaves, which is
/// small.
#[test]
fn loader() {
    let folder = tempfile::tempdir().expect("there is room");
    let component = std::fs::read(solgate_tests::hostile_policy(folder.path())).expect("it is readable");
    (property("loader").holds)(&component);
    holds_with("loader", 500, vec![component; 50]);
}

/// They are a workspace of their own, which CI does not compile.
#[test]
fn the_fuzz_targets_call_their_properties() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("there is a manifest");
    for entry in std::fs::read_dir(folder.join("fuzz_targets")).expect("there are targets") {
        let path = entry.expect("it is readable").path();
        let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let target = std::fs::read_to_string(&path).expect("it is readable");
        assert!(target.contains(&format!("solgate_properties::{}(input)", property(&name).name)), "{name}: {target}");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not in the manifest");
    }
}
