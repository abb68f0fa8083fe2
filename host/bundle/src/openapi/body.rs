//! Request bodies.

use solgate_document::diagnostic::Report;
use solgate_document::pointer;
use solgate_document::reader::{self, Members};
use solgate_document::yaml::Node;
use solgate_engine::ir::{Body, MediaType};

use super::extensions;
use super::{Api, RuleUse, SCHEMAS, reference};

/// Whether a member that is null is judged as if it were absent.
const NULLS: [(&str, bool); 2] = [("absent", true), ("value", false)];

const MERGE_PATCH: &str = "application/merge-patch+json";

/// The body of an operation, and its schema, which has this name if it has none.
pub(super) fn read<'n>(
    api: &mut Api<'n>,
    name: String,
    node: &'n Node,
    report: &mut Report,
) -> (Option<Body>, Option<&'n Node>) {
    match body(api, name, node, report) {
        Some((body, schema)) => (Some(body), Some(schema)),
        None => (None, None),
    }
}

fn body<'n>(api: &mut Api<'n>, name: String, node: &'n Node, report: &mut Report) -> Option<(Body, &'n Node)> {
    let node = reference::resolve(api.root, node, report)?;
    let mut members = Members::open(node, "a request body", report)?;
    let required =
        members.get("required").and_then(|node| reader::boolean(node, "`required`", report)).unwrap_or(false);
    let rule = members.get("x-rule");
    let null_is_absent = members.get("x-null").and_then(|node| reader::choice(node, "`x-null`", &NULLS, report));
    let content = members.require("content", report);
    extensions::finish(members, &["description"], report);
    let entries = reader::map(content?, "`content`", report)?;
    if entries.is_empty() {
        report.mistake(content?.at, "a request body has at least one media type");
    }
    let mut media_types: Vec<MediaType> = Vec::new();
    let mut schema: Option<&'n Node> = None;
    for (key, node) in entries {
        if !is_media_type(&key.name) {
            report
                .mistake(key.at, format!("`{}` is not a media type", key.name))
                .hint("write type/subtype without parameters, like application/json");
        }
        let Some(mut members) = Members::open(node, "a media type", report) else {
            continue;
        };
        let own = members.require("schema", report);
        let rule = members.get("x-rule").and_then(|node| rule_use(api, node, report));
        extensions::finish(members, &["example", "examples", "encoding"], report);
        media_types.push(MediaType { name: key.name.clone(), rule });
        match (schema, own) {
            (None, own) => schema = own,
            (Some(first), Some(own)) if first.to_json() != own.to_json() => {
                report
                    .mistake(own.at, "the media types of one body have the same schema")
                    .related(first.at, "another schema here");
            }
            _ => {}
        }
    }
    let media_type_rule = match rule {
        Some(node) => rule_use(api, node, report)?,
        None if media_types.first().is_some_and(|m| m.name == MERGE_PATCH) => {
            "header.content-type.merge-patch".to_owned()
        }
        None => "header.content-type.json".to_owned(),
    };
    let (name, schema) = schema_of(api, name, schema?, report)?;
    let null_is_absent = null_is_absent.unwrap_or(false);
    Some((Body { required, null_is_absent, media_types, media_type_rule, schema: name }, schema))
}

fn rule_use(api: &mut Api<'_>, node: &Node, report: &mut Report) -> Option<String> {
    let id = reader::line(node, "the id of a rule", report)?.to_owned();
    api.rule_uses.push(RuleUse { id: id.clone(), at: node.at });
    Some(id)
}

/// The name of the schema below `components.schemas`; one that is written in
/// place gets `own`.
fn schema_of<'n>(api: &mut Api<'n>, own: String, node: &'n Node, report: &mut Report) -> Option<(String, &'n Node)> {
    let only_ref = node.as_map().is_some_and(|members| members.len() == 1);
    if only_ref && let Some(reference) = node.get("$ref") {
        let found = reference::target(api.root, reference, SCHEMAS, report)?;
        let name = reference.text.strip_prefix(SCHEMAS)?;
        if !name.contains('/') {
            return Some((pointer::unescape(name), found));
        }
    }
    if api.schemas.contains_key(&own) {
        report.mistake(node.at, format!("the name `{own}` is taken by a schema, and this body needs it"));
        return None;
    }
    api.schemas.insert(own.clone(), node);
    Some((own, node))
}

/// `type/subtype`, without parameters.
fn is_media_type(text: &str) -> bool {
    let token =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
    text.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
}

/// The same, or with `*` in place of the subtype or of both.
pub(super) fn is_media_range(text: &str) -> bool {
    text == "*/*"
        || is_media_type(text)
        || text.strip_suffix("/*").is_some_and(|kind| is_media_type(&format!("{kind}/x")))
}
