//! Data of a bundle, as rules read it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fmt::Write as _;
use std::fs;

use solgate_bundle::{BuildOptions, compile_dir, rule_book};
use solgate_engine::Engine;
use support::{bundle, compiled, is_allowed};

const SCHEMA: &str = "type: object, additionalProperties: { type: object, required: [most], properties: { type: { type: string }, most: { type: number }, flags: { type: array, items: { type: boolean } }, live: { type: boolean } } }";

#[test]
fn each_format_gives_the_same_values() {
    let files = [
        (
            "data/a.yaml",
            "FORCEFUL: { type: FORCEFUL, most: 1.5, flags: [true, false], live: false }\nGRACEFUL: { type: GRACEFUL, most: 7 }\n",
        ),
        (
            "data/b.json",
            "{\"FORCEFUL\": {\"type\": \"FORCEFUL\", \"most\": 1.5, \"flags\": [true, false], \"live\": false},\n \"GRACEFUL\": {\"type\": \"GRACEFUL\", \"most\": 7}}\n",
        ),
        ("data/c.csv", "type,most,flags,live\r\nFORCEFUL, 1.5 ,\"true|false\",false\r\n\r\n\"GRACEFUL\",7,,\r\n"),
    ];
    let data = format!(
        "data:\n  a: {{ file: data/a.yaml, schema: &schema {{ {SCHEMA} }} }}\n  b: {{ file: data/b.json, schema: *schema }}\n  c: {{ file: data/c.csv, key: type, schema: *schema }}\n"
    );
    let require = "data.a == data.b && data.b == data.c && size(data.a) == 2 && data.c[body.terminationType].most == 7";
    let dir = bundle(&data, require, &files);
    let compiled = compiled(dir.path());
    let engine = Engine::new(compiled.bundle.clone()).unwrap();
    assert!(is_allowed(&engine, "GRACEFUL"));
    assert!(!is_allowed(&engine, "FORCEFUL"));
    // Both ways of evaluating.
    let engine = Engine::new(compiled.bundle.clone()).unwrap().by_cel_alone();
    assert!(is_allowed(&engine, "GRACEFUL"));
    assert!(!is_allowed(&engine, "FORCEFUL"));
    assert!(rule_book(&compiled.bundle).contains("| `c` | 2 | `data/c.csv` | `"));
    // What is in a file is part of what the policy is.
    fs::write(dir.path().join("data/a.yaml"), "GRACEFUL: { most: 7 }\n").unwrap();
    let other = compile_dir(dir.path(), &BuildOptions::default()).unwrap();
    assert_ne!(other.bundle.digest, compiled.bundle.digest);
    assert_ne!(other.bundle.data[0].digest, compiled.bundle.data[0].digest);
    assert_eq!(other.bundle.data[1], compiled.bundle.data[1]);
}

#[test]
fn names_of_a_large_table_are_all_found() {
    let mut table = String::from("{\"GRACEFUL\": 1");
    for number in 0..20_000 {
        write!(table, ",\n\"n{number}\": {number}").unwrap();
    }
    table.push('}');
    let data =
        "data:\n  table: { file: data/t.json, schema: { type: object, additionalProperties: { type: integer } } }\n";
    let require = "body.terminationType in data.table && data.table['n19999'] == 19999 && !('n20000' in data.table) && data.table[?'n0'].orValue(1) == 0";
    let dir = bundle(data, require, &[("data/t.json", &table)]);
    let engine = Engine::new(compiled(dir.path()).bundle).unwrap();
    assert!(is_allowed(&engine, "GRACEFUL"));
    assert!(!is_allowed(&engine, "FORCEFUL"));
}

#[test]
fn a_bundle_that_extends_another_may_replace_its_data() {
    let data = "data:\n  kinds: { file: data/kinds.json, schema: { type: array, items: { type: string } } }\n";
    let base = bundle(data, "body.terminationType in data.kinds", &[("data/kinds.json", "[\"FORCEFUL\"]")]);
    let child = tempfile::tempdir_in(base.path().parent().unwrap()).unwrap();
    let extends = format!("../{}", base.path().file_name().unwrap().to_str().unwrap());
    let policy = |data: &str| {
        fs::write(child.path().join("policy.yaml"), format!("name: child\nversion: 1.0.0\nextends: {extends}\n{data}"))
            .unwrap();
    };
    policy("");
    let engine = Engine::new(compiled(child.path()).bundle).unwrap();
    assert!(is_allowed(&engine, "FORCEFUL") && !is_allowed(&engine, "GRACEFUL"));
    fs::create_dir(child.path().join("data")).unwrap();
    fs::write(child.path().join("data/ours.csv"), "kind\nGRACEFUL\n").unwrap();
    policy(
        "data:\n  kinds:\n    file: data/ours.csv\n    override: true\n    schema: { type: array, items: { type: object, properties: { kind: { type: string } } } }\n",
    );
    let failure = compile_dir(child.path(), &BuildOptions::default()).map(|compiled| compiled.warnings);
    let warnings = failure.unwrap_or_else(|failure| panic!("{failure}"));
    // The types of the base's rule are for its author.
    assert!(warnings.is_empty(), "{warnings:?}");
    policy(&data.replace("data/kinds.json", "data/ours.csv"));
    assert!(compile_dir(child.path(), &BuildOptions::default()).is_err(), "it must say that it replaces");
}

#[test]
fn an_option_may_be_a_map() {
    let option = "  weights: { type: map, of: number, default: { GRACEFUL: 1.5, FORCEFUL: 1 } }\n";
    let dir = bundle("", "options.weights[?body.terminationType].orValue(0) > 1", &[]);
    let path = dir.path().join("policy.yaml");
    let policy = fs::read_to_string(&path).unwrap().replace("options:\n", &format!("options:\n{option}"));
    fs::write(&path, policy).unwrap();
    let engine = Engine::new(compiled(dir.path()).bundle).unwrap();
    assert!(is_allowed(&engine, "GRACEFUL") && !is_allowed(&engine, "FORCEFUL"));
    for text in ["FORCEFUL=2, GRACEFUL=0.5", "{\"FORCEFUL\": 2}"] {
        let set = BuildOptions { set: vec![("weights".to_owned(), text.to_owned())], ..BuildOptions::default() };
        let compiled = compile_dir(dir.path(), &set).unwrap_or_else(|failure| panic!("{failure}"));
        let engine = Engine::new(compiled.bundle).unwrap();
        assert!(is_allowed(&engine, "FORCEFUL") && !is_allowed(&engine, "GRACEFUL"), "{text}");
    }
}

#[test]
fn rules_share_variables() {
    let variables = "variables:\n  isForced: variables.kind == 'FORCEFUL'\n  kind: body.terminationType\n";
    let dir = bundle(variables, "!variables.isForced", &[]);
    let compiled = compiled(dir.path());
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    let engine = Engine::new(compiled.bundle).unwrap();
    assert!(is_allowed(&engine, "GRACEFUL") && !is_allowed(&engine, "FORCEFUL"));
}
