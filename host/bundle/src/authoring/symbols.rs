//! The parts of a file, for an outline.

use std::ops::Range;

use solgate_document::diagnostic::Report;
use solgate_document::yaml::{Node, Value, parse};

use super::kind_of;
use crate::schemas::FileKind;

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    pub name: String,
    /// What it is, in a few words.
    pub detail: String,
    /// All of it, in bytes of the text.
    pub whole: Range<usize>,
    /// Its name.
    pub named: Range<usize>,
    pub children: Vec<Symbol>,
}

/// The rules of a file of rules, the cases of a file of cases, the definitions of
/// policy.yaml, the operations and schemas of openapi.yaml.
#[must_use]
pub fn symbols(file: &str, text: &str) -> Vec<Symbol> {
    let mut report = Report::default();
    let id = report.sources.add(file, text);
    let Some(tree) = parse(id, &mut report) else { return Vec::new() };
    match kind_of(file) {
        Some(FileKind::Rules) => items(&tree, text, |item| {
            item.get("id").map(|id| (id, "rule")).or_else(|| Some((item.get("override")?, "override")))
        }),
        Some(FileKind::Tests) => tree
            .get("cases")
            .map(|cases| items(cases, text, |item| Some((item.get("name")?, "case"))))
            .unwrap_or_default(),
        Some(FileKind::Policy) => members(&tree, text, 2),
        None => openapi(&tree, text),
    }
}

fn items<'n>(list: &'n Node, text: &str, name: impl Fn(&'n Node) -> Option<(&'n Node, &'static str)>) -> Vec<Symbol> {
    let found = list.as_list().unwrap_or_default().iter().filter_map(|item| {
        let (node, what) = name(item)?;
        let detail = item.get("otherwise").and_then(|node| node.get("title")).map_or(what, |title| title.text.trim());
        Some(Symbol {
            name: node.text.trim().to_owned(),
            detail: detail.to_owned(),
            whole: item.at.start..end(item).max(node.at.end).min(text.len()),
            named: node.at.start..node.at.end,
            children: Vec::new(),
        })
    });
    found.collect()
}

fn members(node: &Node, text: &str, depth: usize) -> Vec<Symbol> {
    let Some(below) = depth.checked_sub(1) else { return Vec::new() };
    let found = node.as_map().unwrap_or_default().iter().map(|(key, value)| Symbol {
        name: key.name.clone(),
        detail: String::new(),
        whole: key.at.start..end(value).max(key.at.end).min(text.len()),
        named: key.at.start..key.at.end,
        children: members(value, text, below),
    });
    found.collect()
}

fn openapi(tree: &Node, text: &str) -> Vec<Symbol> {
    let mut found = Vec::new();
    for (path, item) in tree.get("paths").and_then(Node::as_map).unwrap_or_default() {
        for (method, operation) in item.as_map().unwrap_or_default() {
            if let Some(id) = operation.get("operationId") {
                found.push(Symbol {
                    name: id.text.clone(),
                    detail: format!("{} {}", method.name.to_ascii_uppercase(), path.name),
                    whole: method.at.start..end(operation).min(text.len()),
                    named: id.at.start..id.at.end,
                    children: Vec::new(),
                });
            }
        }
    }
    if let Some(schemas) = tree.get("components").and_then(|node| node.get("schemas")) {
        found.extend(
            members(schemas, text, 1).into_iter().map(|symbol| Symbol { detail: "schema".to_owned(), ..symbol }),
        );
    }
    found
}

/// Where the last of what is in a value ends.
fn end(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => items.iter().map(end).max(),
        Value::Map(entries) => entries.iter().map(|(key, value)| end(value).max(key.at.end)).max(),
        _ => None,
    }
    .unwrap_or(0)
    .max(node.at.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_with_their_whole_text() {
        let text = "# first\n- id: a.b\n  require: x\n  otherwise: { title: No }\n\n- override: c\n  severity: warn\n";
        let found = symbols("rules/a.yaml", text);
        let shown: Vec<_> = found
            .iter()
            .map(|one| (one.name.as_str(), one.detail.as_str(), &text[one.whole.clone()], &text[one.named.clone()]))
            .collect();
        assert_eq!(
            shown,
            [
                ("a.b", "No", "id: a.b\n  require: x\n  otherwise: { title: No }", "a.b"),
                ("c", "override", "override: c\n  severity: warn", "c"),
            ]
        );
    }
}
