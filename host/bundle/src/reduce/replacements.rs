//! `replace` of a rule, and `x-override` in openapi.yaml.

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Key, Node, Value};

use super::edit;
use super::left::Gone;
use crate::layer::Layer;

/// The member that says that something stands in for what the base has.
const OVERRIDE: &str = "x-override";

/// Takes out of the bases what the layer has another of. Afterwards it looks as if the
/// layer had been the first to have it.
pub(super) fn take(bases: &mut [Layer], own: &mut Layer, gone: &mut Gone, report: &mut Report) {
    for item in own.rules.iter_mut().flat_map(|file| match &mut file.value {
        Value::List(items) => items.as_mut_slice(),
        _ => &mut [],
    }) {
        rule(bases, item, gone, report);
    }
    let Some(document) = &mut own.openapi else { return };
    for (path, item) in edit::entries_mut(document, &["paths"]).into_iter().flatten() {
        let Value::Map(members) = &mut item.value else { continue };
        for (method, node) in members.iter_mut().filter(|(key, _)| edit::is_method(&key.name)) {
            if let Some(at) = mark(node, report) {
                operation(bases, (&path.name, method), at, gone, report);
            }
        }
    }
    for (kind, items) in edit::entries_mut(document, &["components"]).into_iter().flatten() {
        let Value::Map(items) = &mut items.value else { continue };
        for (key, node) in items {
            if let Some(at) = mark(node, report) {
                component(bases, &kind.name, key, at, gone, report);
            }
        }
    }
}

/// Takes the mark off; where it stood.
fn mark(node: &mut Node, report: &mut Report) -> Option<At> {
    let (key, value) = edit::remove(node, &[], OVERRIDE)?;
    reader::boolean(&value, "`x-override`", report)?.then_some(key.at)
}

/// A rule that is written with `replace` in place of `id`.
fn rule(bases: &mut [Layer], item: &mut Node, gone: &mut Gone, report: &mut Report) {
    if let Some(other) = ["id", "override"].into_iter().find(|name| item.get(name).is_some())
        && let Some((key, _)) = item.entry("replace")
    {
        report
            .mistake(key.at, format!("a rule has `replace` or `{other}`, not both"))
            .hint("`replace: ID` is a whole rule in place of the inherited one; `override: ID` changes its words or its severity");
        edit::remove(item, &[], "replace");
        return;
    }
    let Some((key, node)) = edit::remove(item, &[], "replace") else { return };
    let id = node.text.trim_end().to_owned();
    let found = edit::in_any(bases.iter_mut(), |base| edit::remove_rule(base, &id));
    if found {
        gone.replace(node.at);
    } else if node.as_str().is_some() {
        let ids = bases.iter().flat_map(edit::rules).filter_map(|item| item.get("id")).map(|id| id.text.trim_end());
        report
            .mistake(node.at, format!("no bundle that is extended has a rule `{id}`"))
            .maybe_hint(did_you_mean(&id, ids))
            .hint_if_none("a rule that replaces none has an `id`");
    }
    if let Value::Map(members) = &mut item.value {
        members.insert(0, (Key { name: "id".to_owned(), at: key.at }, node));
    }
}

fn operation(bases: &mut [Layer], (path, method): (&str, &Key), at: At, gone: &mut Gone, report: &mut Report) {
    let documents = bases.iter_mut().filter_map(|base| base.openapi.as_mut());
    let found = edit::in_any(documents, |document| edit::remove(document, &["paths", path], &method.name).is_some());
    if found {
        gone.replace(at);
        return;
    }
    let paths = bases.iter().filter_map(|base| base.openapi.as_ref()).flat_map(|node| edit::entries(node, &["paths"]));
    report
        .mistake(at, format!("no bundle that is extended has `{}` of {path}", method.name))
        .maybe_hint(did_you_mean(path, paths.map(|(key, _)| key.name.as_str())))
        .hint_if_none("leave `x-override` out");
}

fn component(bases: &mut [Layer], kind: &str, key: &Key, at: At, gone: &mut Gone, report: &mut Report) {
    let documents = bases.iter_mut().flat_map(edit::documents_mut);
    let found = edit::in_any(documents, |document| edit::remove(document, &["components", kind], &key.name).is_some());
    if found {
        gone.replace(at);
        return;
    }
    let known = bases
        .iter()
        .flat_map(edit::documents)
        .flat_map(|document| edit::entries(document, &["components", kind]))
        .map(|(key, _)| key.name.as_str());
    report
        .mistake(at, format!("no bundle that is extended has `{}` in `components.{kind}`", key.name))
        .maybe_hint(did_you_mean(&key.name, known))
        .hint_if_none("leave `x-override` out");
}
