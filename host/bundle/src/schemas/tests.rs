//! The schemas and the compiler agree: on the names of members and values, and,
//! as far as a schema can tell, on what is a mistake.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use solgate_document::diagnostic::Report;
use solgate_document::source::Source;
use solgate_document::yaml;

use super::FileKind;
use crate::compile::{BuildOptions, compile_reporting};
use crate::files::Home;

/// What the compiler calls a mapping or a choice, and where its names are in a
/// schema.
const NAMES: &[(&str, FileKind, &str)] = &[
    ("policy.yaml", FileKind::Policy, "/properties"),
    ("`drop`", FileKind::Policy, "/$defs/drop/properties"),
    ("an API root", FileKind::Policy, "/$defs/apiRoot/properties"),
    ("`limits`", FileKind::Policy, "/$defs/limits/properties"),
    ("an option", FileKind::Policy, "/$defs/option/properties"),
    ("the type of an option", FileKind::Policy, "/$defs/option/properties/type/enum"),
    ("the type of a map's values", FileKind::Policy, "/$defs/option/properties/of/enum"),
    ("a fact", FileKind::Policy, "/$defs/fact/properties"),
    ("a list", FileKind::Policy, "/$defs/replacedList/properties"),
    ("a data file", FileKind::Policy, "/$defs/dataFile/properties"),
    ("a window", FileKind::Policy, "/$defs/replacedWindow/properties"),
    ("a period of a window", FileKind::Policy, "/$defs/period/properties"),
    ("a day", FileKind::Policy, "/$defs/period/properties/days/items/enum"),
    ("an override", FileKind::Rules, "/$defs/override/properties"),
    ("a rule", FileKind::Rules, "/$defs/rule/properties"),
    ("`otherwise`", FileKind::Rules, "/$defs/rule/properties/otherwise/properties"),
    ("`severity`", FileKind::Rules, "/$defs/severity/enum"),
    ("a severity", FileKind::Rules, "/$defs/severity/enum"),
    ("`onError`", FileKind::Rules, "/$defs/rule/properties/onError/enum"),
    ("`stage`", FileKind::Rules, "/$defs/rule/properties/stage/enum"),
    ("a file of cases", FileKind::Tests, "/properties"),
    ("`inherited`", FileKind::Tests, "/properties/inherited/properties"),
    ("a case", FileKind::Tests, "/$defs/case/properties"),
    ("`mode`", FileKind::Tests, "/$defs/case/properties/mode/enum"),
    ("`caller`", FileKind::Tests, "/$defs/caller/properties"),
    ("a part of a text", FileKind::Tests, "/$defs/part/properties"),
    ("`expect`", FileKind::Tests, "/$defs/verdict/properties"),
];

/// What is read in openapi.yaml and in dialects, which have no schema here.
const OF_OPENAPI: &[&str] = &[
    "openapi.yaml",
    "`components`",
    "a path",
    "an operation",
    "a parameter",
    "a request body",
    "a media type",
    "`in`",
    "`x-kind`",
    "`x-kind` of a header field",
    "`x-null`",
    "a type",
];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn folders(name: &str) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A mistake's bundle, as `tests/mistakes.rs` makes it.
fn with_mistake(mistake: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&folder("tests/bundles/minimal"), dir.path());
    copy(mistake, dir.path());
    dir
}

fn read(bundle: &Path) -> Report {
    let mut report = Report::keeping_names();
    let _ = compile_reporting(Home::folder(bundle, Arc::default()).unwrap(), &BuildOptions::default(), &mut report)
        .unwrap();
    report
}

fn schema(kind: FileKind) -> Value {
    serde_json::from_str(kind.schema()).unwrap()
}

fn kind(file: &str) -> Option<FileKind> {
    match file.split('/').next() {
        Some("policy.yaml") => Some(FileKind::Policy),
        Some("rules") => Some(FileKind::Rules),
        Some("tests") => Some(FileKind::Tests),
        _ => None,
    }
}

/// What the schema of a file finds wrong in it; `None` if it is no YAML.
fn faults(source: &Source) -> Option<Vec<String>> {
    let validator = jsonschema::draft202012::new(&schema(kind(&source.name)?)).unwrap();
    let mut report = Report::default();
    let file = report.sources.add(&*source.name, &*source.text);
    let json = yaml::parse(file, &mut report)?.to_json();
    Some(validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect())
}

#[test]
fn the_schemas_are_json_schema_2020_12() {
    for kind in FileKind::ALL {
        let schema = schema(kind);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
    }
}

#[test]
fn schemas_and_compiler_know_the_same_names() {
    let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut add = |mut report: Report| {
        for (what, names) in report.take_names() {
            asked.entry(what).or_default().extend(names);
        }
    };
    for bundle in folders("../../policies").into_iter().chain(folders("tests/bundles")) {
        add(read(&bundle));
    }
    for mistake in folders("tests/mistakes") {
        add(read(with_mistake(&mistake).path()));
    }
    for (what, kind, pointer) in NAMES {
        let schema = schema(*kind);
        let names: BTreeSet<String> = match schema.pointer(pointer) {
            Some(Value::Object(members)) => members.keys().cloned().collect(),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
            other => panic!("{kind:?} {pointer}: {other:?}"),
        };
        assert_eq!(
            asked.remove(*what).as_ref(),
            Some(&names),
            "{what}: the compiler's names and those of {kind:?}{pointer}"
        );
    }
    let others: Vec<&String> = asked.keys().filter(|what| !OF_OPENAPI.contains(&what.as_str())).collect();
    assert!(others.is_empty(), "no schema is known for {others:?}: add them to NAMES");
}

#[test]
fn a_base_is_a_case_without_a_name() {
    let schema = schema(FileKind::Tests);
    let mut case = schema["$defs"]["case"]["properties"].clone();
    case.as_object_mut().unwrap().shift_remove("name");
    assert_eq!(schema["$defs"]["base"]["properties"], case);
}

#[test]
fn every_member_is_explained() {
    fn check(schema: &Value, place: &str, root: &Value) {
        // Others add a condition to members that are explained elsewhere.
        let defines = schema["additionalProperties"] == false;
        for (name, member) in schema["properties"].as_object().into_iter().flatten().filter(|_| defines) {
            let place = format!("{place}/{name}");
            let target = member["$ref"].as_str().and_then(|target| root.pointer(target.trim_start_matches('#')));
            let mut meant = [Some(member), target].into_iter().flatten();
            assert!(meant.any(|schema| schema["description"].is_string()), "{place} has no description");
            check(member, &place, root);
        }
    }
    for kind in FileKind::ALL {
        let root = schema(kind);
        check(&root, kind.file_name(), &root);
        for (name, schema) in root["$defs"].as_object().unwrap() {
            check(schema, &format!("{} {name}", kind.file_name()), &root);
        }
    }
}

#[test]
fn bundles_without_mistakes_fit_the_schemas() {
    // Beside them are those of other languages, which are no bundles.
    let templates = folders("templates").into_iter().filter(|template| template.join("policy.yaml").is_file());
    for bundle in folders("../../policies").into_iter().chain(folders("tests/bundles")).chain(templates) {
        let report = read(&bundle);
        assert!(!report.has_mistakes());
        let files: Vec<&Source> = report.sources.iter().filter(|source| kind(&source.name).is_some()).collect();
        assert!(files.len() > 1);
        for file in files {
            assert_eq!(faults(file), Some(vec![]), "{} {}", bundle.display(), file.name);
        }
    }
}

/// `tests/schemas.txt` says of every mistake whether an editor shows it already.
/// `BLESS=1` writes it.
#[test]
fn mistakes_of_shape_are_refused_by_the_schemas() {
    let mut found = String::from(
        "# What the JSON Schemas say of the bundles in mistakes/: which file they refuse, or that they accept all.\n",
    );
    for mistake in folders("tests/mistakes") {
        let name = mistake.file_name().unwrap().to_str().unwrap().to_owned();
        let dir = with_mistake(&mistake);
        let report = read(dir.path());
        let mut verdicts: Vec<&str> = Vec::new();
        for source in report.sources.iter().filter(|source| kind(&source.name).is_some()) {
            match faults(source) {
                Some(faults) if faults.is_empty() => {}
                Some(_) => verdicts.push(&source.name),
                None => verdicts.push("(no YAML)"),
            }
        }
        if name.starts_with("warning-") {
            assert!(verdicts.is_empty(), "{name} can be built, but a schema refuses {verdicts:?}");
        }
        let verdict = if verdicts.is_empty() { "accepted".to_owned() } else { verdicts.join(" ") };
        found.push_str(&format!("{name}: {verdict}\n"));
    }
    let golden = folder("tests/schemas.txt");
    if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(golden, found).unwrap();
    } else {
        assert_eq!(found, fs::read_to_string(golden).unwrap(), "BLESS=1 accepts what is there now");
    }
}
