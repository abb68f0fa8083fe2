//! Options of a bundle: their definitions, and values for them.

use serde_json::Value as Json;
use solgate_cases::options::{is_allowed, list, value};
use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Key, Node, Value};
use solgate_engine::ir::{ItemKind, OptionDef, OptionKind};
use solgate_engine::version::VersionPattern;

use crate::variables::is_identifier;

const KINDS: [(&str, OptionKind); 5] = [
    ("boolean", OptionKind::Boolean),
    ("integer", OptionKind::Integer),
    ("string", OptionKind::String),
    ("strings", OptionKind::Strings),
    // Of what is said by `of`.
    ("map", OptionKind::Map(ItemKind::String)),
];

/// The options that the engine itself reads.
pub(crate) fn built_in() -> Vec<OptionDef> {
    let option = |name: &str, kind, default: Json, values: Vec<Json>, doc: &str| OptionDef {
        name: name.to_owned(),
        kind,
        default,
        set: false,
        doc: doc.to_owned(),
        values,
    };
    vec![
        option(
            "supportedVersions",
            OptionKind::Strings,
            Json::from(vec!["2.0.0"]),
            vec![],
            "API versions that are served; `*` stands for any number, and `2.0.0 - 2.3.0` for a range.",
        ),
        option(
            "knownVersions",
            OptionKind::Strings,
            Json::from(vec!["*.*.*"]),
            vec![],
            "API versions whose lists the policy knows; in a request for another one, a value that is in no list is a warning.",
        ),
        option(
            "requireAuthorization",
            OptionKind::Boolean,
            Json::Bool(false),
            vec![],
            "Whether a request without access token is refused with 401.",
        ),
        option(
            "schemaErrorStatus",
            OptionKind::Integer,
            Json::from(400),
            vec![Json::from(400), Json::from(422)],
            "Status of a request whose body does not match its schema.",
        ),
        option(
            "outsideApiRoot",
            OptionKind::String,
            Json::from("deny"),
            vec![Json::from("deny"), Json::from("pass")],
            "What happens to a request that is below none of the API roots.",
        ),
    ]
}

/// Reads the `options` of policy.yaml on top of those that are there without it:
/// the engine's and the inherited ones.
pub(crate) fn read(node: Option<&Node>, mut options: Vec<OptionDef>, report: &mut Report) -> Vec<OptionDef> {
    let entries = node.and_then(|node| reader::map(node, "`options`", report));
    for (key, node) in entries.unwrap_or_default() {
        if !is_identifier(&key.name) {
            report
                .mistake(key.at, format!("`{}` cannot be the name of an option", key.name))
                .hint("letters, digits and `_`, so that expressions can read options.NAME");
            continue;
        }
        let known = options.iter_mut().find(|option| option.name == key.name);
        if let Some(option) = definition(key, node, known.as_deref(), report) {
            match known {
                Some(known) => *known = option,
                None => options.push(option),
            }
        } else if known.is_none() {
            // Reported; the name is known all the same.
            options.push(stand_in(&key.name, node.get("default")));
        }
    }
    options
}

/// Takes the place of a definition that could not be understood.
fn stand_in(name: &str, default: Option<&Node>) -> OptionDef {
    let kind = match default.map(|node| &node.value) {
        Some(Value::Number(_)) => OptionKind::Integer,
        Some(Value::String) => OptionKind::String,
        Some(Value::List(_)) => OptionKind::Strings,
        Some(Value::Map(_)) => OptionKind::Map(ItemKind::String),
        _ => OptionKind::Boolean,
    };
    OptionDef { name: name.to_owned(), kind, default: Json::Null, set: false, doc: String::new(), values: Vec::new() }
}

fn definition(key: &Key, node: &Node, known: Option<&OptionDef>, report: &mut Report) -> Option<OptionDef> {
    let mut members = Members::open(node, "an option", report)?;
    let of = members.get("of");
    let kind = match (members.get("type"), known) {
        (Some(node), _) => {
            let kind = reader::choice(node, "the type of an option", &KINDS, report)?;
            let kind = if matches!(kind, OptionKind::Map(_)) {
                OptionKind::Map(item_kind(node, of, known, report)?)
            } else {
                kind
            };
            if let Some(known) = known.filter(|known| known.kind != kind) {
                report.mistake(
                    node.at,
                    format!("`{}` is {}, of type {}", key.name, origin(&key.name), kind_name(known.kind)),
                );
                return None;
            }
            kind
        }
        (None, Some(known)) => known.kind,
        (None, None) => {
            members.require("type", report);
            return None;
        }
    };
    if let Some(node) = of.filter(|_| !matches!(kind, OptionKind::Map(_))) {
        report.mistake(node.at, "`of` goes with `type: map` only");
    }
    let mut values: Vec<Json> = Vec::new();
    let listed = members.get("values");
    if let Some(node) = listed.filter(|_| matches!(kind, OptionKind::Map(_))) {
        report
            .mistake(node.at, "a map has no `values`")
            .hint("`of` says of which type its values are; a data file of the bundle has a schema");
    } else if let Some(node) = listed {
        for item in reader::list(node, "`values`", report).unwrap_or_default() {
            // The values of a list option are those that its items may have.
            let of = if kind == OptionKind::Strings { OptionKind::String } else { kind };
            values.extend(value(item, of, &[], &key.name, report));
        }
    }
    if let Some(known) = known.filter(|known| !known.values.is_empty()) {
        if let Some(node) = members.get("values")
            && values.iter().any(|value| !known.values.contains(value))
        {
            report.mistake(
                node.at,
                format!("`{}` is {}, which knows only {}", key.name, origin(&key.name), list(&known.values)),
            );
        }
        if values.is_empty() {
            values.clone_from(&known.values);
        }
    }
    let doc = match members.get("doc") {
        Some(node) => reader::text(node, "`doc`", report)?.trim().to_owned(),
        None => known.map_or_else(String::new, |known| known.doc.clone()),
    };
    let default = match (members.get("default"), known) {
        (Some(node), _) => value(node, kind, &values, &key.name, report),
        (None, Some(known)) => {
            if !is_allowed(&known.default, &values) {
                report
                    .mistake(key.at, format!("the default of `{}` is not one of its values here", key.name))
                    .hint("give it another: `default: ...`");
            }
            Some(known.default.clone())
        }
        (None, None) => {
            members.require("default", report);
            None
        }
    };
    members.finish(report);
    if let Some(default) = &default {
        check_versions(&key.name, default, node.get("default").map_or(key.at, |default| default.at), report);
    }
    // A broken default has been reported; the name is known all the same.
    let default = default.unwrap_or(Json::Null);
    Some(OptionDef { name: key.name.clone(), kind, default, set: false, doc, values })
}

/// Applies `--set name=value`: the value becomes the default and wins over what
/// an API root says.
pub(crate) fn set(options: &mut [OptionDef], set: &[(String, String)], report: &mut Report) {
    if set.is_empty() {
        return;
    }
    // One line each, so that mistakes can be shown like those of a file.
    let lines: Vec<String> = set.iter().map(|(n, v)| format!("{n}={v}\n")).collect();
    let file = report.sources.add("--set", lines.concat());
    let mut line_start = 0_usize;
    for (index, ((name, text), line)) in set.iter().zip(&lines).enumerate() {
        let start = line_start;
        line_start = line_start.saturating_add(line.len());
        let whole = At { file, start, end: start.saturating_add(name.len()) };
        if set.iter().take(index).any(|(earlier, _)| earlier == name) {
            report.mistake(whole, format!("the option `{name}` is set twice"));
            continue;
        }
        let names: Vec<String> = options.iter().map(|option| option.name.clone()).collect();
        let Some(option) = options.iter_mut().find(|option| option.name == *name) else {
            report
                .mistake(whole, format!("the bundle has no option `{name}`"))
                .maybe_hint(did_you_mean(name, names.iter().map(String::as_str)));
            continue;
        };
        let value = option.kind.parse(text).filter(|value| is_allowed(value, &option.values));
        let Some(value) = value else {
            let start = whole.end.saturating_add(1);
            let at = At { file, start, end: start.saturating_add(text.len()) };
            let expected = if option.values.is_empty() {
                option.kind.described().to_owned()
            } else {
                format!("one of {}", list(&option.values))
            };
            report.mistake(at, format!("`{name}` is {expected}, but here is `{text}`"));
            continue;
        };
        check_versions(name, &value, whole, report);
        option.default = value;
        option.set = true;
    }
}

/// Whether the values of an option that lists versions stand for versions: others would match
/// none.
pub(crate) fn check_versions(name: &str, value: &Json, at: At, report: &mut Report) {
    if !["supportedVersions", "knownVersions"].contains(&name) {
        return;
    }
    if name == "supportedVersions" && value.as_array().is_some_and(Vec::is_empty) {
        report
            .mistake(at, "`supportedVersions` lists no version, so that every request would be refused")
            .hint("name those that the VNFM or NFVO speaks, such as 2.0.0");
    }
    let texts = value.as_array().into_iter().flatten().filter_map(Json::as_str);
    for text in texts.filter(|text| VersionPattern::parse(text).is_none()) {
        report
            .mistake(at, format!("`{name}` has `{text}`, which stands for no version"))
            .hint("write a version such as 2.0.0, 2.*.* for all that begin with 2, or a range: 2.0.0 - 2.3.0");
    }
}

/// Of what a map's values are; an inherited one need not say it again.
fn item_kind(kind: &Node, of: Option<&Node>, known: Option<&OptionDef>, report: &mut Report) -> Option<ItemKind> {
    match (of, known.map(|known| known.kind)) {
        (Some(node), _) => reader::choice(node, "the type of a map's values", &ItemKind::NAMES, report),
        (None, Some(OptionKind::Map(of))) => Some(of),
        (None, _) => {
            report
                .mistake(kind.at, "a map says by `of` what its values are")
                .hint("`of: number`, for instance: one of string, number, boolean, strings");
            None
        }
    }
}

/// Where an option comes from that a bundle only gives another default.
fn origin(name: &str) -> &'static str {
    if built_in().iter().any(|option| option.name == name) { "an option of the engine" } else { "an inherited option" }
}

fn kind_name(kind: OptionKind) -> &'static str {
    let is_same = |known: &OptionKind| std::mem::discriminant(known) == std::mem::discriminant(&kind);
    KINDS.iter().find(|(_, known)| is_same(known)).map_or("", |(name, _)| name)
}
