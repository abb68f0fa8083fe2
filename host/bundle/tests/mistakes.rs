//! Every mistake that an author can make, and what the author then reads.
//!
//! A folder below `mistakes/` holds the files in which a bundle differs from
//! `bundles/minimal`, and in `stderr` what is reported. `BLESS=1` writes it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use solgate_bundle::{BuildOptions, Compiled, Failure, compile_dir, compile_texts, render};
use support::{assert_golden, copy, damage, folder, minimal, texts_of};

/// What a build says: its mistakes, or its warnings. A page, which has the same files in
/// memory, says the same.
fn said(dir: &Path, set: &[(String, String)]) -> String {
    let options = BuildOptions { set: set.to_vec(), ..BuildOptions::default() };
    let said = told(compile_dir(dir, &options));
    if let Some(texts) = texts_of(dir) {
        assert_eq!(told(compile_texts(&Arc::new(texts), &options)), said, "of texts in memory, and of their folder");
    }
    said
}

fn told(compiled: Result<Compiled, Failure>) -> String {
    match compiled {
        Ok(compiled) => render(&compiled.warnings, &compiled.sources, false),
        Err(Failure::Mistakes(mistakes)) => mistakes.render(false),
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn every_mistake_is_shown_with_its_place_and_what_to_do() {
    let mut cases: Vec<_> = fs::read_dir(folder("mistakes")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 40);
    for case in cases {
        let dir = tempfile::tempdir().unwrap();
        copy(&minimal(), dir.path());
        copy(&case, dir.path());
        let set: Vec<(String, String)> = match fs::read_to_string(case.join("set")) {
            Ok(lines) => lines
                .lines()
                .filter_map(|line| line.split_once('='))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            Err(_) => Vec::new(),
        };
        let said = said(dir.path(), &set);
        assert!(!said.is_empty(), "{} is accepted", case.display());
        assert_golden(&case.join("stderr"), &said);
    }
}

/// A change of the minimal bundle that files cannot show, and a part of what is
/// reported.
type Change = (&'static str, fn(&Path), &'static [&'static str]);

const CHANGES: &[Change] = &[
    (
        "policy.yaml is missing",
        |dir| fs::remove_file(dir.join("policy.yaml")).unwrap(),
        &["error: the bundle has no policy.yaml", "--> policy.yaml"],
    ),
    (
        "policy.yaml has another extension",
        |dir| fs::rename(dir.join("policy.yaml"), dir.join("policy.yml")).unwrap(),
        &["there is a `policy.yml`: rename it"],
    ),
    (
        "nothing is there",
        |dir| {
            fs::remove_dir_all(dir).unwrap();
            fs::create_dir(dir).unwrap();
        },
        &["the bundle has no policy.yaml", "the bundle has no openapi.yaml"],
    ),
    (
        "a byte order mark",
        |dir| {
            let path = dir.join("rules/state.yaml");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, format!("\u{feff}{text}")).unwrap();
        },
        &["rules/state.yaml:1:1", "byte order mark", "without BOM"],
    ),
    (
        "bytes that are not UTF-8",
        |dir| fs::write(dir.join("rules/state.yaml"), b"- id: a\n  doc: \xff\n").unwrap(),
        &["rules/state.yaml:2:8", "not UTF-8"],
    ),
    (
        "a file that is too large",
        |dir| {
            fs::write(dir.join("rules/state.yaml"), "#".repeat(4 * 1024 * 1024 + 1)).unwrap();
        },
        &["`rules/state.yaml` is larger than 4194304 bytes"],
    ),
    (
        "lists nested too deep",
        |dir| fs::write(dir.join("rules/state.yaml"), "[".repeat(150)).unwrap(),
        &["rules/state.yaml:1:101", "nested deeper than 100"],
    ),
    (
        "lists nested far too deep",
        |dir| fs::write(dir.join("rules/state.yaml"), "[".repeat(100_000)).unwrap(),
        &["rules/state.yaml:1:", "recursion limit"],
    ),
    (
        "aliases that multiply",
        |dir| {
            let mut text = "a0: &a0 [x]\n".to_owned();
            for n in 1..40 {
                let before = n - 1;
                text += &format!("a{n}: &a{n} [*a{before}, *a{before}]\n");
            }
            fs::write(dir.join("rules/state.yaml"), text).unwrap();
        },
        &["more than 200000 values"],
    ),
    (
        "aliases of a long text",
        |dir| {
            let text = format!("text: &a {}\nlist: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100));
            fs::write(dir.join("rules/state.yaml"), text).unwrap();
        },
        &["more than 200000 values"],
    ),
    (
        "control characters in an excerpt",
        |dir| fs::write(dir.join("rules/state.yaml"), "- id: [] # \u{1b}[31m \u{9b}31m \u{e4}\n").unwrap(),
        &["rules/state.yaml:1:7", "- id: [] # \u{241b}[31m \u{b7}31m \u{e4}\n"],
    ),
    (
        "a byte order mark in policy.yaml",
        |dir| {
            let path = dir.join("policy.yaml");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, format!("\u{feff}extends: vnflcm-v2\n{text}")).unwrap();
            fs::remove_file(dir.join("openapi.yaml")).unwrap();
        },
        &["error: the file begins with a byte order mark", "policy.yaml:1:1"],
    ),
    (
        "openapi.yaml with another extension, which a bundle that extends need not have",
        |dir| {
            let path = dir.join("policy.yaml");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(path, format!("extends: vnflcm-v2\n{text}")).unwrap();
            fs::rename(dir.join("openapi.yaml"), dir.join("openapi.yml")).unwrap();
        },
        &["`openapi.yml` is not read: that part of a bundle is called `openapi.yaml`", "help: rename it"],
    ),
    (
        "a folder of rules in capitals",
        |dir| fs::rename(dir.join("rules"), dir.join("Rules")).unwrap(),
        &["`Rules` is not read: that part of a bundle is called `rules`"],
    ),
    (
        "a folder of cases in the singular",
        |dir| {
            fs::create_dir(dir.join("test")).unwrap();
            fs::write(dir.join("test/state.yaml"), "cases: []\n").unwrap();
        },
        &["`test` is not read: that part of a bundle is called `tests`"],
    ),
    (
        "a file of rules in capitals",
        |dir| fs::rename(dir.join("rules/state.yaml"), dir.join("rules/STATE.YAML")).unwrap(),
        &["`rules/STATE.YAML` is not read", "ends in .yaml or .yml"],
    ),
    (
        "a test that is not UTF-8",
        |dir| {
            fs::create_dir(dir.join("tests")).unwrap();
            fs::write(dir.join("tests/state.yaml"), b"cases: []\n# \xff\n").unwrap();
        },
        &["tests/state.yaml:2:3", "not UTF-8"],
    ),
];

#[test]
fn files_that_cannot_be_read_are_reported() {
    for (name, change, expected) in CHANGES {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("bundle");
        copy(&minimal(), &bundle);
        change(&bundle);
        let said = said(&bundle, &[]);
        for part in *expected {
            assert!(said.contains(part), "{name}: {part:?} is not in\n{said}");
        }
    }
}

/// What stands beside a bundle, and has nothing to do with it.
#[test]
fn other_files_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    copy(&minimal(), dir.path());
    for file in ["README.md", "rules/README.md", "rules/notes.yaml.bak", "test/unit.py", "ruleset/a.yaml", "other.yaml"]
    {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "{").unwrap();
    }
    assert_eq!(said(dir.path(), &[]), "");
}

/// One cause, one message.
#[test]
fn a_file_that_cannot_be_read_is_not_said_to_be_absent() {
    for file in ["policy.yaml", "openapi.yaml"] {
        let dir = tempfile::tempdir().unwrap();
        copy(&minimal(), dir.path());
        let path = dir.path().join(file);
        fs::write(&path, format!("\u{feff}{}", fs::read_to_string(&path).unwrap())).unwrap();
        let said = said(dir.path(), &[]);
        assert!(said.contains("byte order mark") && !said.contains("the bundle has no"), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle");
    copy(&minimal(), &bundle);
    let rules = bundle.join("rules/state.yaml");
    fs::rename(&rules, dir.path().join("elsewhere.yaml")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere.yaml", &rules).unwrap();
    let said_of_file = said(&bundle, &[]);
    assert!(said_of_file.contains("`rules/state.yaml` is a symbolic link"), "{said_of_file}");

    fs::rename(bundle.join("rules"), dir.path().join("rules")).unwrap();
    std::os::unix::fs::symlink("../rules", bundle.join("rules")).unwrap();
    let said_of_folder = said(&bundle, &[]);
    assert!(said_of_folder.contains("`rules` is not a folder"), "{said_of_folder}");

    fs::remove_file(bundle.join("rules")).unwrap();
    fs::create_dir(bundle.join("rules")).unwrap();
    std::os::unix::fs::symlink("../../rules", bundle.join("rules/shared")).unwrap();
    let said_of_folder_within = said(&bundle, &[]);
    assert!(said_of_folder_within.contains("`rules/shared` is a symbolic link"), "{said_of_folder_within}");

    // Where the bundle itself lies is the caller's affair.
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(minimal(), &link).unwrap();
    assert!(compile_dir(&link, &BuildOptions::default()).is_ok());
}

/// Whatever an editor, a merge or a disk has done to a file, the author reads
/// about it: nothing panics, and every place lies in its file.
#[test]
fn damaged_files_are_reported_too() {
    const CASES: &str = "
bases:
  retry: &retry
    method: POST
    path: [/vnf_lcm_op_occs/, { repeat: a, times: 3 }, /retry]
    headers: { Version: [2.0.0, 1.0.0], Accept: null }
    facts: { opOcc: { status: 200, etag: '\"1\"', body: { id: aaa } } }
cases:
  - name: one
    base: retry
    set: { /facts/opOcc/body/operationState: PROCESSING, /body/a/b~1c: 1 }
    unset: [/headers/Accept]
    options: { strict: true }
    severity: { access.role: warn }
    caller: { subject: s, roles: [r] }
    at: 2026-01-01T12:00:00Z
    apiRoot: all
    expect: { status: 409, rules: [retry.state.failed-temp], pointers: [\"\", /a], fields: { Allow: GET } }
  - { name: two, path: /x, base64: YWI=, mode: monitor, expect: allow }
";
    let dir = tempfile::tempdir().unwrap();
    copy(&minimal(), dir.path());
    fs::create_dir(dir.path().join("tests")).unwrap();
    fs::write(dir.path().join("tests/state.yaml"), CASES).unwrap();
    assert!(compile_dir(dir.path(), &BuildOptions::default()).is_ok());
    let files = ["policy.yaml", "openapi.yaml", "rules/body.yaml", "rules/state.yaml", "tests/state.yaml"];
    let (refused, accepted) = damage(dir.path(), &files, dir.path());
    assert!(refused > 100 && accepted > 5, "{refused} {accepted}");
}

#[test]
fn colour_adds_escapes_and_changes_no_word() {
    let dir = tempfile::tempdir().unwrap();
    copy(&minimal(), dir.path());
    fs::write(dir.path().join("rules/state.yaml"), "- id: [\n").unwrap();
    let Err(Failure::Mistakes(mistakes)) = compile_dir(dir.path(), &BuildOptions::default()) else {
        panic!("accepted");
    };
    let (plain, coloured) = (mistakes.render(false), mistakes.render(true));
    assert!(!plain.contains('\u{1b}') && coloured.contains('\u{1b}'));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        stripped += before;
        rest = escape.split_once('m').unwrap().1;
    }
    assert_eq!(stripped + rest, plain);
}
