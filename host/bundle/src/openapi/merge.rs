//! The openapi.yaml of a bundle beside those of the bundles that it extends, and the
//! definitions of its dialects: one document, to which each may add.

use std::borrow::Cow;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::yaml::{Key, Node, Value};

use super::extensions;
use super::{check_version, components};

/// Makes one document of several, that of the bundle that extends nothing first. Of
/// dialects it has the components only: their paths stand in for others.
pub(crate) fn merge<'n>(
    mut documents: impl Iterator<Item = &'n Node>,
    dialects: impl Iterator<Item = &'n Node>,
    report: &mut Report,
) -> Option<Cow<'n, Node>> {
    let mut merged = Cow::Borrowed(documents.next()?);
    for document in documents {
        add(merged.to_mut(), document, report);
    }
    for document in dialects {
        if let Some(node) = document.get("components") {
            add_components(merged.to_mut(), node, "openapi.yaml or another dialect", "", report);
        }
    }
    Some(merged)
}

fn add(base: &mut Node, document: &Node, report: &mut Report) {
    let Some(mut members) = Members::open(document, "openapi.yaml", report) else {
        return;
    };
    if let Some(node) = members.require("openapi", report) {
        check_version(node, report);
    }
    let (paths, components) = (members.get("paths"), members.get("components"));
    extensions::finish(members, &["info", "servers", "tags", "security", "externalDocs"], report);
    if let Some(paths) = paths.and_then(|node| reader::map(node, "`paths`", report).map(|_| node)) {
        add_paths(base, paths, report);
    }
    if let Some(node) = components {
        let or_replace = ", or put it in the place of the inherited one with `x-override: true`";
        add_components(base, node, "the bundle that is extended", or_replace, report);
    }
}

fn add_components(base: &mut Node, node: &Node, owner: &str, or_replace: &str, report: &mut Report) {
    for (kind, entries) in components::read(node, report) {
        let Some(known) = below(base, "components", node).and_then(|all| below(all, kind.name, node)) else {
            continue;
        };
        for (key, item) in entries {
            if let Some((first, _)) = known.entry(&key.name) {
                report
                    .mistake(key.at, format!("{owner} has a {} `{}`", kind.one, key.name))
                    .hint(format!("give it another name{or_replace}"))
                    .related(first.at, "there");
            } else {
                known.set(key.clone(), item.clone());
            }
        }
    }
}

fn add_paths(base: &mut Node, paths: &Node, report: &mut Report) {
    let Some(known) = below(base, "paths", paths) else {
        return;
    };
    for (key, item) in paths.as_map().unwrap_or_default() {
        let Some(resource) = known.get_mut(&key.name) else {
            known.set(key.clone(), item.clone());
            continue;
        };
        for (method, operation) in reader::map(item, "a path", report).unwrap_or_default() {
            if let Some((first, _)) = resource.entry(&method.name) {
                report
                    .mistake(method.at, format!("the bundle that is extended has `{}` of {}", method.name, key.name))
                    .hint("narrow what the inherited operation accepts by rules, or put this one in its place with `x-override: true`")
                    .related(first.at, "there");
            } else {
                resource.set(method.clone(), operation.clone());
            }
        }
    }
}

/// A mapping below another, made if it is not there. If something else is there,
/// that is reported when the merged document is read.
fn below<'b>(base: &'b mut Node, name: &str, like: &Node) -> Option<&'b mut Node> {
    if base.get(name).is_none() {
        let key = Key { name: name.to_owned(), at: like.at };
        base.set(key, Node { value: Value::Map(Vec::new()), ..like.clone() });
    }
    base.get_mut(name).filter(|node| node.as_map().is_some())
}
