//! `x-since` and `x-until`: which versions of the API have something.

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::yaml::{Node, Value};
use solgate_engine::ir::Releases;
use solgate_engine::version::ApiVersion;

use super::{keywords, reference};

const X_SINCE: &str = "x-since";
const X_UNTIL: &str = "x-until";

/// The versions that have an operation or a parameter.
pub(super) fn read(members: &mut Members<'_>, report: &mut Report) -> Releases {
    let (since, until) = (members.get(X_SINCE), members.get(X_UNTIL));
    of(since, until, report)
}

fn of(since: Option<&Node>, until: Option<&Node>, report: &mut Report) -> Releases {
    let releases = Releases {
        since: since.and_then(|node| version(node, X_SINCE, report)),
        until: until.and_then(|node| version(node, X_UNTIL, report)),
    };
    if let (Some(first), Some(last), Some(node)) = (releases.since, releases.until, until)
        && last < first
    {
        report
            .mistake(node.at, format!("`x-until` is {last}, which is before `x-since`, {first}"))
            .hint("`x-since` is the first version that has it, `x-until` the last");
    }
    releases
}

/// The versions that have something with a list, and those that have each value of the list.
pub(super) fn of_list(
    (since, until): (Option<&Node>, Option<&Node>),
    values: &[String],
    report: &mut Report,
) -> (Releases, BTreeMap<String, Releases>) {
    let is_of_values = |node: &&Node| node.as_map().is_some();
    let own = of(since.filter(|node| !is_of_values(node)), until.filter(|node| !is_of_values(node)), report);
    (own, by_value((since.filter(is_of_values), until.filter(is_of_values)), values, report))
}

/// The versions that have each of some values, beside the list of them.
fn by_value(
    (since, until): (Option<&Node>, Option<&Node>),
    values: &[String],
    report: &mut Report,
) -> BTreeMap<String, Releases> {
    let names = |node: Option<&Node>| {
        let entries = node.and_then(Node::as_map).unwrap_or_default();
        entries.iter().map(|(key, _)| (key.name.clone(), key.at)).collect::<Vec<_>>()
    };
    let mut found = BTreeMap::new();
    for (name, at) in names(since).into_iter().chain(names(until)) {
        if values.contains(&name) {
            let value = |node: Option<&Node>| node.and_then(|node| node.get(&name)).cloned();
            let (since, until) = (value(since), value(until));
            found.entry(name).or_insert_with(|| of(since.as_ref(), until.as_ref(), report));
        } else {
            report
                .mistake(at, format!("`{name}` is not one of the values here"))
                .hint("the names below `x-since` and `x-until` are values of the list beside them");
        }
    }
    found
}

fn version(node: &Node, annotation: &str, report: &mut Report) -> Option<ApiVersion> {
    let version = match node.value {
        Value::String => ApiVersion::plain(&node.text),
        _ => None,
    };
    if version.is_none() {
        report
            .mistake(node.at, format!("`{annotation}` is not a version: here is {}", reader::shown(node)))
            .hint("write a version of the API, such as 2.10.0");
    }
    version
}

/// Checks the annotations of a schema: one version, or one for each value of its `enum`.
pub(super) fn check(root: &Node, schema: &Node, is_named: bool, report: &mut Report) {
    check_alternatives(schema, report);
    // What holds where another schema does not is not left out by leaving that one out.
    for keyword in ["not", "if", "contains", "propertyNames"] {
        if let Some(node) = schema.get(keyword).and_then(|below| limited(root, below, &mut Vec::new())) {
            report
                .mistake(node.at, format!("a schema below `{keyword}` is there in all versions"))
                .hint("write two schemas below `allOf`, each with its versions");
        }
    }
    let (since, until) = (schema.get(X_SINCE), schema.get(X_UNTIL));
    if let Some(node) = since.or(until).filter(|_| is_named && may_be_gone(schema)) {
        report
            .mistake(node.at, "a schema with a name is there in all versions")
            .hint("write the annotation where the schema is used, beside its `$ref`");
    }
    let values = schema.get("enum").and_then(Node::as_list).unwrap_or_default();
    let texts: Vec<String> = values.iter().filter_map(Node::as_str).map(str::to_owned).collect();
    let (_, releases) = of_list((since, until), &texts, report);
    if !texts.is_empty() && texts.len() == values.len() && releases.len() == texts.len() {
        report.mistake(schema.at, "each value of `enum` is there in some versions only").hint(
            "in a version that has none of them, no value would do: say on the whole schema which versions have it",
        );
    }
}

/// All versions share one list of alternatives, to which `anyOf` may add.
fn check_alternatives(schema: &Node, report: &mut Report) {
    let choices = |keyword: &str| schema.get(keyword).and_then(Node::as_list).unwrap_or_default();
    for choice in choices("oneOf").iter().filter(|choice| may_be_gone(choice)) {
        report
            .mistake(choice.at, "an alternative of `oneOf` is there in all versions")
            .hint("write `anyOf`, or two schemas below `allOf`, each with its versions");
    }
    let any = choices("anyOf");
    if let Some(first) = any.first()
        && any.iter().all(may_be_gone)
    {
        report
            .mistake(first.at, "each alternative of `anyOf` is there in some versions only")
            .hint("say of the whole schema, below `allOf`, which versions have it");
    }
}

/// The first schema or list of values, here or further down, that not all versions have.
fn limited<'n>(root: &'n Node, schema: &'n Node, seen: &mut Vec<&'n Node>) -> Option<&'n Node> {
    if seen.iter().any(|known| std::ptr::eq(*known, schema)) {
        return None;
    }
    seen.push(schema);
    let own = schema.get(X_SINCE).or_else(|| schema.get(X_UNTIL));
    own.or_else(|| {
        let referred = schema.get("$ref").and_then(|reference| reference::follow(root, reference));
        let mut all = keywords::below(schema).into_iter().map(|below| below.schema).chain(referred);
        all.find_map(|schema| limited(root, schema, seen))
    })
}

/// Whether a schema is there in some versions of the API only.
pub(crate) fn may_be_gone(schema: &Node) -> bool {
    [X_SINCE, X_UNTIL].into_iter().any(|name| schema.get(name).is_some_and(|node| node.as_map().is_none()))
}
