//! What a schema says about the members of a body: whether they are there, and
//! whether they are secret.

use solgate_document::yaml::{Node, Value};

use super::{Api, keywords, may_be_gone, reference};
use crate::expression::known::Step;

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

/// The schema of what the VNFM answers to a GET of that path below the API root, if
/// openapi.yaml has one.
pub(crate) fn answer<'n>(api: &Api<'n>, path: &str) -> Option<&'n Node> {
    let root = api.root;
    let followed = |node: &'n Node| match node.get("$ref") {
        Some(reference) => reference::follow(root, reference),
        None => Some(node),
    };
    let responses = root.get("paths")?.get(path)?.get("get")?.get("responses")?;
    let content = followed(responses.get("200")?)?.get("content")?;
    content.as_map()?.iter().find_map(|(_, media_type)| media_type.get("schema"))
}

/// Follows steps into a schema, to what it says about the last of them.
pub(crate) fn presence<'n>(api: &Api<'n>, schema: &'n Node, path: &[Step]) -> Presence<'n> {
    let mut current = variants(api, schema);
    let mut found = Presence::Open;
    for step in path {
        let Step::Member(step) = step else {
            current = current.iter().flat_map(|s| members(s, step)).flat_map(|s| variants(api, s)).collect();
            found = Presence::Open;
            continue;
        };
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
        let is_required = current.iter().any(|schema| requires(schema, step));
        found = if is_required { Presence::Required } else { Presence::Optional };
        current = member;
    }
    found
}

/// Whether a schema requires a member in every version of the API.
pub(crate) fn requires(schema: &Node, member: &str) -> bool {
    let names = schema.get("required").and_then(Node::as_list).unwrap_or_default();
    let own = schema.get("properties").and_then(|properties| properties.get(member));
    names.iter().any(|name| name.text == member) && !own.is_some_and(may_be_gone)
}

/// The schema of a secret that a value at `path` is, lies in or holds: one with
/// `writeOnly: true` or `format: password`.
pub(crate) fn secret<'n>(api: &Api<'n>, schema: &'n Node, path: &[Step]) -> Option<&'n Node> {
    let mut current = perhaps(api, vec![schema]);
    for step in path {
        let below = current.iter().flat_map(|schema| members(schema, step)).collect();
        current = perhaps(api, below);
        if let Some(found) = current.iter().find(|schema| is_secret(schema)) {
            return Some(found);
        }
    }
    let mut seen: Vec<&Node> = Vec::new();
    while let Some(schema) = current.pop() {
        if seen.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        if is_secret(schema) {
            return Some(schema);
        }
        seen.push(schema);
        current.extend(keywords::below(schema).iter().map(|below| below.schema));
        current.extend(schema.get("$ref").and_then(|r| reference::follow(api.root, r)));
    }
    None
}

fn is_secret(schema: &Node) -> bool {
    matches!(schema.get("writeOnly").map(|node| &node.value), Some(Value::Bool(true)))
        || schema.get("format").is_some_and(|format| format.text == "password")
}

/// The schemas of what a step leads to, without following `$ref`.
fn members<'n>(schema: &'n Node, step: &Step) -> Vec<&'n Node> {
    let properties = schema.get("properties");
    let others = || schema.get("additionalProperties").into_iter();
    match step {
        Step::Collected => vec![schema],
        Step::Item => schema.get("items").into_iter().collect(),
        Step::Member(name) => match properties.and_then(|properties| properties.get(name)) {
            Some(member) => vec![member],
            None => others().collect(),
        },
        Step::Any => {
            let named = properties.and_then(Node::as_map).unwrap_or_default();
            schema.get("items").into_iter().chain(named.iter().map(|(_, node)| node)).chain(others()).collect()
        }
    }
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

fn variants<'n>(api: &Api<'n>, schema: &'n Node) -> Vec<&'n Node> {
    together(api.root, vec![schema])
}

/// Schemas and all that hold beside them: through `$ref` and `allOf`.
pub(crate) fn together<'n>(root: &'n Node, schemas: Vec<&'n Node>) -> Vec<&'n Node> {
    let is_sure = |schema: &&'n Node| !may_be_gone(schema);
    beside(root, schemas, |schema| {
        schema.get("allOf").and_then(Node::as_list).unwrap_or_default().iter().filter(is_sure).collect()
    })
}

/// The schema itself, or what its `$ref` leads to.
pub(crate) fn followed<'n>(root: &'n Node, schema: &'n Node) -> &'n Node {
    schema.get("$ref").and_then(|reference| reference::follow(root, reference)).unwrap_or(schema)
}

/// The same, and those that may hold.
fn perhaps<'n>(api: &Api<'n>, schemas: Vec<&'n Node>) -> Vec<&'n Node> {
    beside(api.root, schemas, |schema| {
        let lists =
            ["allOf", "anyOf", "oneOf"].map(|name| schema.get(name).and_then(Node::as_list).unwrap_or_default());
        lists.into_iter().flatten().chain(["then", "else"].into_iter().filter_map(|name| schema.get(name))).collect()
    })
}

fn beside<'n>(root: &'n Node, mut open: Vec<&'n Node>, more: impl Fn(&'n Node) -> Vec<&'n Node>) -> Vec<&'n Node> {
    const MOST: usize = 64;
    let mut found: Vec<&'n Node> = Vec::new();
    while let Some(schema) = open.pop() {
        if found.len() >= MOST || found.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        found.push(schema);
        open.extend(schema.get("$ref").and_then(|r| reference::follow(root, r)));
        open.extend(more(schema));
    }
    found
}
