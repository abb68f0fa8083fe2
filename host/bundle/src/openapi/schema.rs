//! What can be wrong with a schema by itself.

use jsonschema::PatternOptions;
use serde_json::json;
use solgate_document::diagnostic::Report;
use solgate_document::pointer;
use solgate_document::reader;
use solgate_document::suggest::{did_you_mean, nearest};
use solgate_document::yaml::{Key, Node, Value};
use solgate_engine::FORMATS;

use super::keywords::{KEYWORDS, Role, SILENT_FORMATS, below, role};
use super::{Api, RuleUse, idle, reference, releases};

/// Checks every schema of the document.
pub(super) fn check_all(api: &mut Api<'_>, report: &mut Report) {
    let schemas: Vec<&Node> = api.schemas.values().copied().collect();
    for schema in schemas {
        check(api, schema, true, report);
        check_meta(schema, report);
    }
}

/// Against the meta-schema: the type of every keyword's value.
pub(crate) fn check_meta(schema: &Node, report: &mut Report) {
    let json = schema.to_json();
    let meta = jsonschema::draft202012::meta::validator();
    for error in meta.iter_errors(&json) {
        let pointer = error.instance_path().as_str().to_owned();
        let steps: Vec<String> = pointer::steps(&pointer).skip(1).collect();
        let node = schema.follow(&steps).unwrap_or(schema);
        // Patterns and types get messages of their own.
        if steps.iter().rev().take(2).any(|step| matches!(step.as_str(), "pattern" | "type")) {
            continue;
        }
        let keyword = steps.last().map_or("schema", String::as_str);
        report
            .mistake(
                node.at,
                format!("this is not what JSON Schema expects of `{keyword}`: here is {}", reader::shown(node)),
            )
            .hint(error.masked_with("it").to_string().chars().take(200).collect::<String>());
    }
}

/// `is_named` says that others refer to it.
fn check(api: &mut Api<'_>, schema: &Node, is_named: bool, report: &mut Report) {
    let Some(members) = schema.as_map() else {
        if !matches!(schema.value, Value::Bool(_)) {
            report.mistake(schema.at, format!("a schema is a mapping, but here is {}", schema.kind()));
        }
        return;
    };
    for (key, node) in members {
        match key.name.as_str() {
            "$ref" => {
                reference::target(api.root, node, "#/components/schemas/", report);
            }
            "pattern" => check_pattern(&node.text, node, report),
            "patternProperties" => {
                for (key, _) in node.as_map().unwrap_or_default() {
                    let named = Node {
                        value: Value::String,
                        at: key.at,
                        text: key.name.clone(),
                        style: solgate_document::yaml::Style::Plain,
                        made_of: None,
                    };
                    check_pattern(&key.name, &named, report);
                }
            }
            "format" => check_format(node, report),
            "type" => check_type(node, report),
            "x-rule" => check_annotation(api, schema, node, report),
            "x-ages" => check_ageing(schema, node, report),
            name => check_keyword(name, key, report),
        }
    }
    releases::check(api.root, schema, is_named, report);
    idle::check(schema, members, report);
    for below in below(schema) {
        check(api, below.schema, false, report);
    }
}

fn check_keyword(name: &str, key: &Key, report: &mut Report) {
    let known: Vec<&str> = KEYWORDS.iter().map(|(name, _)| *name).collect();
    if known.contains(&name) {
        return;
    }
    let hint = match name {
        "nullable" => "OpenAPI 3.1 writes `type: [string, \"null\"]`",
        "definitions" => "JSON Schema 2020-12 calls it `$defs`",
        "dependencies" => "JSON Schema 2020-12 has `dependentRequired` and `dependentSchemas`",
        "x-override" => "it stands at the top of a component, or of an operation, and replaces the inherited one",
        "$id" | "$anchor" | "$dynamicRef" | "$dynamicAnchor" => "write `$ref: '#/components/schemas/NAME'`",
        _ => {
            if let Some(meant) = nearest(name, &known) {
                report
                    .mistake(key.at, format!("JSON Schema has no keyword `{name}`"))
                    .hint(format!("did you mean `{meant}`?"));
            } else if !name.starts_with("x-") {
                report
                    .warning(key.at, format!("the keyword `{name}` is unknown and checks nothing"))
                    .hint("begin its name with `x-` if it is an annotation");
            }
            return;
        }
    };
    report.mistake(key.at, format!("the keyword `{name}` has no meaning here")).hint(hint);
}

/// The name of a type, or a list of them.
fn check_type(node: &Node, report: &mut Report) {
    const TYPES: [(&str, ()); 7] =
        [("array", ()), ("boolean", ()), ("integer", ()), ("null", ()), ("number", ()), ("object", ()), ("string", ())];
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    for (index, node) in nodes.iter().enumerate() {
        if nodes.iter().take(index).any(|known| known.text == node.text) {
            report.mistake(node.at, format!("the type `{}` is here twice", node.text));
        } else if matches!(node.value, Value::Null) {
            report
                .mistake(node.at, "the name of a type is text, but here is nothing")
                .hint("put null in quotes: \"null\"");
        } else {
            reader::choice(node, "a type", &TYPES, report);
        }
    }
}

fn check_format(node: &Node, report: &mut Report) {
    let Some(format) = node.as_str() else {
        return;
    };
    if !FORMATS.contains(&format) && !SILENT_FORMATS.contains(&format) {
        let known = FORMATS.iter().chain(SILENT_FORMATS).copied();
        report
            .mistake(node.at, format!("the format `{format}` is unknown and would check nothing"))
            .maybe_hint(did_you_mean(format, known))
            .hint_if_none("describe the value with `pattern` instead");
    }
}

/// Only patterns that are matched in linear time are accepted.
fn check_pattern(pattern: &str, node: &Node, report: &mut Report) {
    let built =
        jsonschema::options().with_pattern_options(PatternOptions::regex()).build(&json!({ "pattern": pattern }));
    if built.is_err() {
        let hint = if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| pattern.contains(look)) {
            "look-around is not available: patterns are matched in linear time; split the condition into several schemas or a rule"
        } else if (1..=9).any(|n| pattern.contains(&format!("\\{n}"))) {
            "back-references are not available: patterns are matched in linear time; write a rule with `require:`"
        } else {
            "write it in the regular expressions of ECMA-262, without look-around and back-references"
        };
        report.mistake(node.at, "this pattern does not compile").hint(hint);
    }
}

/// `x-rule: ID`, or a mapping of `id`, keywords and `detail`.
fn check_annotation(api: &mut Api<'_>, schema: &Node, node: &Node, report: &mut Report) {
    let mut add = |node: &Node, report: &mut Report| {
        if let Some(id) = reader::line(node, "the id of a rule", report) {
            api.schema_rules.push(RuleUse { id: id.to_owned(), at: node.at });
        }
    };
    match &node.value {
        Value::String => add(node, report),
        Value::Map(members) => {
            for (key, node) in members {
                let name = key.name.as_str();
                match name {
                    "id" | "required" => add(node, report),
                    "detail" => {
                        reader::line(node, "`detail`", report);
                    }
                    _ if schema.get(name).is_some() && !name.starts_with("x-") => {
                        add(node, report);
                    }
                    _ => {
                        let present = schema.as_map().unwrap_or_default();
                        let names = present
                            .iter()
                            .map(|(key, _)| key.name.as_str())
                            .filter(|name| !name.starts_with("x-"))
                            .chain(["id", "required", "detail"]);
                        report
                            .mistake(key.at, format!("`x-rule` names `{name}`, which this schema does not have"))
                            .maybe_hint(did_you_mean(name, names));
                    }
                }
            }
            if members.is_empty() {
                report.mistake(node.at, "`x-rule` names no rule");
            }
        }
        _ => {
            report.mistake(node.at, format!("`x-rule` is the id of a rule or a mapping, but here is {}", node.kind()));
        }
    }
}

/// `x-ages: [KEYWORD, ...]`: of this schema's keywords, and `required` for the
/// member itself.
fn check_ageing(schema: &Node, node: &Node, report: &mut Report) {
    for item in reader::list(node, "`x-ages`", report).unwrap_or_default() {
        let Some(name) = reader::line(item, "a keyword", report) else { continue };
        if name == "required" || (schema.get(name).is_some() && role(name) == Some(Role::Assertion)) {
            continue;
        }
        let present = schema.as_map().unwrap_or_default().iter().map(|(key, _)| key.name.as_str());
        let known = present.filter(|name| role(name) == Some(Role::Assertion)).chain(["required"]);
        report
            .mistake(item.at, format!("`x-ages` names `{name}`, which this schema does not have"))
            .maybe_hint(did_you_mean(name, known));
    }
}
