//! Whether a body that passes its schema has a member.

use super::{Api, reference};
use crate::yaml::Node;

/// What a schema says about a member.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Presence<'n> {
    Required,
    Optional,
    /// Not described; these are the members that are.
    Unknown(Vec<&'n str>),
    /// Nothing is said about the members here.
    Open,
}

/// Follows member names (and `[]` for items) into a schema.
pub(crate) fn presence<'n>(api: &Api<'n>, schema: &'n Node, path: &[String]) -> Presence<'n> {
    let mut current = variants(api, schema);
    let mut found = Presence::Open;
    for step in path {
        if step == "[]" {
            current = below(api, &current, |schema| schema.get("items"));
            found = Presence::Open;
            continue;
        }
        let describes = |schema: &&&Node| schema.get("properties").is_some();
        if !current.iter().any(|schema| describes(&schema)) {
            return Presence::Open;
        }
        let member = below(api, &current, |schema| schema.get("properties")?.get(step));
        if member.is_empty() {
            let is_open = |schema: &&Node| {
                schema.get("additionalProperties").is_some_and(|more| more.as_map().is_some())
                    || schema.get("patternProperties").is_some()
            };
            if current.iter().any(is_open) {
                return Presence::Open;
            }
            return Presence::Unknown(names(&current));
        }
        let is_required = current.iter().any(|schema| {
            let names = schema.get("required").and_then(Node::as_list);
            names.unwrap_or_default().iter().any(|name| name.text == *step)
        });
        found = if is_required { Presence::Required } else { Presence::Optional };
        current = member;
    }
    found
}

fn below<'n>(api: &Api<'n>, schemas: &[&'n Node], step: impl Fn(&'n Node) -> Option<&'n Node>) -> Vec<&'n Node> {
    schemas.iter().filter_map(|schema| step(schema)).flat_map(|schema| variants(api, schema)).collect()
}

fn names<'n>(schemas: &[&'n Node]) -> Vec<&'n str> {
    schemas
        .iter()
        .filter_map(|schema| schema.get("properties")?.as_map())
        .flatten()
        .map(|(key, _)| key.name.as_str())
        .collect()
}

/// The schema and all that hold beside it: through `$ref` and `allOf`.
fn variants<'n>(api: &Api<'n>, schema: &'n Node) -> Vec<&'n Node> {
    const MOST: usize = 64;
    let mut found: Vec<&'n Node> = Vec::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        if found.len() >= MOST || found.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        found.push(schema);
        if let Some(target) = schema.get("$ref").and_then(|r| reference::follow(api.root, r)) {
            open.push(target);
        }
        open.extend(schema.get("allOf").and_then(Node::as_list).unwrap_or_default());
    }
    found
}
