//! What is published is what is read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use schemars::generate::SchemaSettings;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::file::parse;
use crate::members::{File, REQUIRED};
use crate::yaml;

fn derived() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<File>().to_value();
    without_null(&mut schema);
    // The reader has words of its own for these, so the types do not ask for them.
    schema["required"] = json!(["upstreams"]);
    schema["$defs"]["Override"]["required"] = json!(["severity", "reason"]);
    schema["title"] = json!("The configuration of Solgate");
    schema
}

/// A member that is there has a value, so `null` is none of those of an optional one.
fn without_null(schema: &mut Value) {
    let values: Vec<&mut Value> = match schema {
        Value::Object(members) => {
            if members.get("default").is_some_and(Value::is_null) {
                members.remove("default");
            }
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|one| one != "null");
                if let [one] = types.as_slice() {
                    members["type"] = one.clone();
                }
            }
            if let Some(Value::Array(choices)) = members.get("anyOf")
                && let [one, Value::Object(null)] = choices.as_slice()
                && null.get("type").is_some_and(|one| one == "null")
            {
                let Value::Object(one) = one.clone() else { panic!("a schema") };
                members.remove("anyOf");
                members.extend(one);
            }
            members.values_mut().collect()
        }
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    values.into_iter().for_each(without_null);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compares a file with what it should be, or makes it that.
fn published(path: &Path, expected: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, expected).unwrap();
    } else {
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected, "BLESS=1 rewrites {}", path.display());
    }
}

#[test]
fn the_schema_is_that_of_the_members() {
    let schema = derived();
    let text = serde_json::to_string_pretty(&schema).unwrap();
    published(&root().join("host/config/schemas/config.schema.json"), &format!("{text}\n"));
    assert!(jsonschema::meta::is_valid(&schema));
}

#[test]
fn the_page_has_every_member_with_its_default() {
    let path = root().join("docs/configuration.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- members: rewritten by BLESS=1 -->\n", "<!-- end of members -->\n");
    let (before, rest) = page.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let mut table = "| member | value | default | what it is |\n|---|---|---|---|\n".to_owned();
    let schema = derived();
    rows(&schema, &schema, "", &mut table);
    published(&path, &format!("{before}{begin}\n{table}\n{end}{after}"));
}

fn rows(root: &Value, schema: &Value, path: &str, table: &mut String) {
    let schema = target(root, schema);
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}{name}");
        let what = member["description"].as_str().unwrap_or_default().replace('\n', " ");
        let section = target(root, member);
        let default = match &member["default"] {
            _ if required.contains(&name.as_str()) => "required".to_owned(),
            Value::Null => String::new(),
            Value::Object(_) => String::new(),
            Value::String(text) => format!("`{text}`"),
            other => format!("`{}`", other.to_string().replace(',', ", ")),
        };
        writeln!(table, "| `{path}` | {} | {default} | {what} |", kind(section)).unwrap();
        rows(root, section, &format!("{path}."), table);
        rows(root, &section["items"], &format!("{path}[]."), table);
        if section["additionalProperties"].is_object() {
            rows(root, &section["additionalProperties"], &format!("{path}.NAME."), table);
        }
    }
}

fn target<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(schema, |pointer| root.pointer(pointer).unwrap())
}

/// What a value looks like, in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(names) = schema["oneOf"].as_array() {
        return names
            .iter()
            .filter_map(|name| name["const"].as_str())
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    if let Some(names) = schema["enum"].as_array() {
        return names.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    }
    match schema["type"].as_str() {
        Some("object") => "mapping".to_owned(),
        Some("array") => "list".to_owned(),
        Some("boolean") => "`true`, `false`".to_owned(),
        Some("integer" | "number") => match (&schema["minimum"], &schema["maximum"]) {
            (least, Value::Null) => format!("number from {least}"),
            (least, most) => format!("number from {least} to {most}"),
        },
        _ => schema["$comment"].as_str().unwrap_or("text").to_owned(),
    }
}

#[test]
fn what_must_be_there_has_a_hint() {
    let schema = derived();
    for (kind, definition) in schema["$defs"].as_object().unwrap() {
        for name in definition["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let known = REQUIRED.iter().any(|(of, member, _)| (*of, *member) == (kind, name));
            assert!(known || ["Override", "PinnedPolicy"].contains(&kind.as_str()), "{kind}.{name}");
        }
    }
}

/// The files that the documentation and a release show.
fn examples() -> Vec<(String, String)> {
    let mut examples =
        vec![("deploy/solgate.yaml".to_owned(), std::fs::read_to_string(root().join("deploy/solgate.yaml")).unwrap())];
    for page in
        ["docs/gateway-operators.md", "docs/access.md", "docs/operating.md", "docs/configuration.md", "docs/running.md"]
    {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let blocks = text.split("```yaml").skip(1).filter_map(|rest| rest.split_once('\n')?.1.split_once("\n```"));
        let whole = blocks.filter(|(block, _)| block.lines().any(|line| line.starts_with("upstreams:")));
        examples.extend(whole.map(|(block, _)| (page.to_owned(), block.to_owned())));
    }
    examples
}

fn as_json(text: &str) -> Value {
    yaml::read(Path::new("t.yaml"), text, |root| Value::deserialize(root).map_err(|error| error.at(root))).unwrap()
}

#[test]
fn every_example_keeps_the_schema() {
    let validator = jsonschema::validator_for(&derived()).unwrap();
    let examples = examples();
    assert!(examples.len() >= 4, "{}", examples.len());
    for (page, text) in examples {
        parse(Path::new(&page), &text).unwrap();
        let value = as_json(&text);
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{page}: {errors:?}");
    }
}

/// The schema knows no less than the reader: neither takes what the other does not know.
#[test]
fn the_schema_refuses_what_the_reader_does() {
    let validator = jsonschema::validator_for(&derived()).unwrap();
    let wrong = [
        "upstream: []",
        "upstreams: []",
        "listen: x\nupstreams: [{url: http://a}]",
        "admin: null\nupstreams: [{url: http://a}]",
        "upstreams: [{host: a}]",
        "upstreams: [{url: http://a/b?c}]",
        "upstreams: [{url: http://a, mod: monitor}]",
        "upstreams: [{url: http://a, mode: audit}]",
        "upstreams: [{url: http://a, isolation: recycle}]",
        "upstreams: [{url: http://a, severity: {r: {severity: warn}}}]",
        "upstreams: [{url: http://a, severity: {r: {severity: loud, reason: a}}}]",
        "upstreams: [{url: http://a, facts: {ttl: 5}}]",
        "upstreams: [{url: http://a, set: [a]}]",
        "upstreams: [{url: http://a, policies: [{sha256: a}]}]",
        "upstreams: [{url: http://a, requireSignature: [a], policies: [{file: a, leastVersion: 0}]}]",
        "upstreams: [{url: http://a, requireSignature: [a], withdrawnKeys: a}]",
        "upstreams: [{url: http://a, evaluation: {memoryBytes: 1000}}]",
        "tls: {certFile: a}\nupstreams: [{url: http://a}]",
        "jwt: {issuer: a}\nupstreams: [{url: http://a}]",
        "tracing: {otlp: \"http://c\", sample: 1.5}\nupstreams: [{url: http://a}]",
        "limits: {connections: 0}\nupstreams: [{url: http://a}]",
        "reload: never\nupstreams: [{url: http://a}]",
        "log: loud\nupstreams: [{url: http://a}]",
        "problem: {mediaType: text/plain}\nupstreams: [{url: http://a}]",
    ];
    for text in wrong {
        assert!(parse(Path::new("t.yaml"), text).is_err(), "{text}");
        assert!(!validator.is_valid(&as_json(text)), "{text}");
    }
}

/// Each form of a policy alone, and together with others.
#[test]
fn the_schema_takes_what_the_reader_does() {
    let validator = jsonschema::validator_for(&derived()).unwrap();
    let digest = "0".repeat(64);
    for policy in [
        "a".to_owned(),
        format!("\"a@sha256:{digest}\""),
        "{file: a}".to_owned(),
        format!("{{file: a, sha256: \"{digest}\"}}"),
        "{file: a, leastVersion: 7}".to_owned(),
        format!("{{file: a, sha256: \"{digest}\", leastVersion: 7}}"),
    ] {
        let text = format!(
            "upstreams: [{{url: http://a, requireSignature: [k], withdrawnKeys: [l], policies: [{policy}], shadow: [{policy}]}}]"
        );
        parse(Path::new("t.yaml"), &text).unwrap();
        assert!(validator.is_valid(&as_json(&text)), "{text}");
    }
}
