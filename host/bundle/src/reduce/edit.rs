//! Takes parts out of the trees of a bundle's files.

use solgate_document::yaml::{Key, Node, Value};

use super::DroppedOperation;
use crate::layer::Layer;

/// Whether a member of a path is an operation.
pub(super) fn is_method(name: &str) -> bool {
    matches!(name, "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace")
}

/// Does something with each, and tells whether it found anything in one of them.
pub(super) fn in_any<T>(items: impl Iterator<Item = T>, mut take: impl FnMut(T) -> bool) -> bool {
    let mut found = false;
    for item in items {
        found |= take(item);
    }
    found
}

/// The option that a dialect, or a severity, is for: a name may have a value behind a dot.
pub(super) fn option(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The documents of a layer: openapi.yaml and those of its dialects.
pub(super) fn documents(layer: &Layer) -> impl Iterator<Item = &Node> {
    layer.openapi.iter().chain(layer.dialects.iter().map(|dialect| &dialect.document))
}

pub(super) fn documents_mut(layer: &mut Layer) -> impl Iterator<Item = &mut Node> {
    layer.openapi.iter_mut().chain(layer.dialects.iter_mut().map(|dialect| &mut dialect.document))
}

/// The entries of a mapping below others.
pub(super) fn entries<'n>(node: &'n Node, steps: &[&str]) -> &'n [(Key, Node)] {
    node.follow(steps).and_then(Node::as_map).unwrap_or_default()
}

pub(super) fn entries_mut<'n>(node: &'n mut Node, steps: &[&str]) -> Option<&'n mut Vec<(Key, Node)>> {
    let found = steps.iter().try_fold(node, |node, step| node.get_mut(step))?;
    match &mut found.value {
        Value::Map(entries) => Some(entries),
        _ => None,
    }
}

/// Takes the entry of that name out of a mapping below others.
pub(super) fn remove(node: &mut Node, steps: &[&str], name: &str) -> Option<(Key, Node)> {
    let entries = entries_mut(node, steps)?;
    let index = entries.iter().position(|(key, _)| key.name == name)?;
    Some(entries.remove(index))
}

/// The rules that the files of a layer hold, and what else stands in these lists.
pub(super) fn rules(layer: &Layer) -> impl Iterator<Item = &Node> {
    layer.rules.iter().filter_map(Node::as_list).flatten()
}

/// Whether a member of a rule is this id.
fn is_named(item: &Node, member: &str, id: &str) -> bool {
    item.get(member).is_some_and(|node| node.text.trim_end() == id)
}

/// Takes the rule, and what is written over it, out of the files of a layer.
pub(super) fn remove_rule(layer: &mut Layer, id: &str) -> bool {
    let mut found = false;
    for file in &mut layer.rules {
        let Value::List(items) = &mut file.value else { continue };
        items.retain(|item| {
            let is_it = is_named(item, "id", id);
            found |= is_it;
            !is_it && (item.get("id").is_some() || !is_named(item, "override", id))
        });
    }
    found
}

/// Takes an operation out of the documents of a layer, in all its dialects; a path without
/// methods goes with it.
pub(super) fn remove_operation(layer: &mut Layer, id: &str, removed: &mut Vec<DroppedOperation>) -> bool {
    let mut found = false;
    for document in documents_mut(layer) {
        let Some(paths) = entries_mut(document, &["paths"]) else { continue };
        paths.retain_mut(|(path, item)| {
            let Value::Map(members) = &mut item.value else { return true };
            let before = members.len();
            members.retain(|(key, node)| {
                let is_it = is_method(&key.name) && is_named(node, "operationId", id);
                if is_it {
                    removed.push(DroppedOperation { method: key.name.to_uppercase(), path: path.name.clone() });
                }
                !is_it
            });
            let is_less = members.len() < before;
            found |= is_less;
            !is_less || members.iter().any(|(key, _)| is_method(&key.name))
        });
    }
    found
}

/// The names of what a layer has of a kind, as `drop` calls the kinds.
pub(super) fn names<'l>(layer: &'l Layer, kind: &'l str) -> Box<dyn Iterator<Item = &'l str> + 'l> {
    let keys = |node: &'l Node, steps: &[&str]| entries(node, steps).iter().map(|(key, _)| key.name.as_str());
    match kind {
        "operations" => Box::new(
            documents(layer)
                .flat_map(|document| entries(document, &["paths"]))
                .flat_map(|(_, item)| item.as_map().unwrap_or_default())
                .filter_map(|(_, node)| node.get("operationId"))
                .map(|node| node.text.trim_end()),
        ),
        "schemas" => Box::new(documents(layer).flat_map(move |node| keys(node, &["components", "schemas"]))),
        "rules" => Box::new(rules(layer).filter_map(|item| item.get("id")).map(|id| id.text.trim_end())),
        section => Box::new(layer.policy.iter().flat_map(move |node| keys(node, &[section]))),
    }
}
