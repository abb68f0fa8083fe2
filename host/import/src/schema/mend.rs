//! What would check nothing, or refuse everything, when a schema is whole.

use serde_json::{Map, Value as Json};
use solgate_bundle::sound::{Fault, fault};
use solgate_document::suggest::list;
use solgate_document::yaml::Node;

use super::Role;
use crate::context::Context;

/// Keywords that are about values of some types, and pass all others.
const ABOUT: [(&[&str], &[&str]); 4] = [
    (&["string"], &["minLength", "maxLength", "pattern", "format"]),
    (&["integer", "number"], &["multipleOf", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"]),
    (&["array"], &["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"]),
    (
        &["object"],
        &[
            "properties",
            "patternProperties",
            "additionalProperties",
            "required",
            "minProperties",
            "maxProperties",
            "propertyNames",
            "dependentRequired",
        ],
    ),
];

impl<'d> Context<'d> {
    pub(super) fn mended(&mut self, node: &'d Node, mut out: Map<String, Json>, role: Role) -> Map<String, Json> {
        for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
            // Before OpenAPI 3.1 the one says how the other is meant.
            if out.contains_key(exclusive) && node.get(exclusive).is_some_and(|node| node.text == "true") {
                out.remove(bound);
            }
        }
        self.without_idle(node, &mut out);
        if role != Role::Condition {
            self.without_contradiction(node, &mut out);
        }
        out
    }

    fn without_idle(&mut self, node: &Node, out: &mut Map<String, Json>) {
        let types: Vec<String> = match out.get("type") {
            Some(Json::String(name)) => vec![name.clone()],
            Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            _ => {
                let is_alone =
                    !["$ref", "allOf", "anyOf", "oneOf", "enum", "const"].iter().any(|name| out.contains_key(*name));
                if let Some((key, _)) = node.entry("format").filter(|_| is_alone) {
                    self.report
                        .warning(key.at, "`format` stands without `type: string`, and values that are no text pass")
                        .hint("kept");
                }
                return;
            }
        };
        for (about, keywords) in ABOUT {
            if types.iter().any(|name| about.contains(&name.as_str())) {
                continue;
            }
            for keyword in keywords {
                let is_silent = *keyword == "format" && out.get("format").is_some_and(|f| !is_checked(f));
                if is_silent || out.remove(*keyword).is_none() {
                    continue;
                }
                if let Some((key, _)) = node.entry(keyword) {
                    let message = format!(
                        "`{keyword}` is about values of type {}, and here the type is {}",
                        list(about),
                        list(&types)
                    );
                    self.report.warning(key.at, message).hint("left out: it checks nothing");
                }
            }
        }
        for (one, other) in [("then", "if"), ("else", "if"), ("minContains", "contains"), ("maxContains", "contains")] {
            if !out.contains_key(other) {
                out.remove(one);
            }
        }
        if !out.contains_key("then") && !out.contains_key("else") {
            out.remove("if");
        }
    }

    fn without_contradiction(&mut self, node: &'d Node, out: &mut Map<String, Json>) {
        // What a reference leads to is looked at by itself, unless more holds beside it.
        let is_more = node.get("allOf").is_some() || (node.get("$ref").is_some() && !out.is_empty());
        let follow = self.follow();
        let nowhere = |_: &'d Node| None;
        let Some(Fault { at, message }) = (if is_more { fault(node, &follow) } else { fault(node, &nowhere) }) else {
            return;
        };
        let own = node.as_map().unwrap_or_default().iter().find(|(_, value)| value.at == at);
        let keyword = own.map(|(key, _)| key.name.clone());
        // Texts that are written as numbers are mended already.
        let is_mended = keyword.as_deref() == Some("enum") && fits(out);
        // So is what this leaves of alternatives and required members.
        if is_mended || keyword.as_deref().is_some_and(|keyword| !out.contains_key(keyword)) {
            return;
        }
        match keyword.as_deref() {
            Some(keyword @ ("enum" | "const")) => {
                out.remove("type");
                out.remove(keyword);
            }
            Some(keyword) => {
                out.remove(keyword);
            }
            None => {
                let is_within = node.as_map().unwrap_or_default().iter().any(|(_, value)| holds(value, at.start));
                // Reported where it is written.
                if is_within && node.get("allOf").is_none() {
                    return;
                }
                out.retain(|name, _| name == "description");
            }
        }
        self.report.warning(at, message).hint("left out: with it, no request would pass");
    }
}

/// Whether some value of `enum` is of the type beside it.
fn fits(out: &Map<String, Json>) -> bool {
    let values = out.get("enum").and_then(Json::as_array);
    out.get("type").is_some_and(|name| name == "string")
        && values.is_some_and(|values| values.iter().any(Json::is_string))
}

/// Whether a node stands at this place or holds one that does.
fn holds(node: &Node, start: usize) -> bool {
    node.at.start == start
        || node.as_list().unwrap_or_default().iter().any(|node| holds(node, start))
        || node.as_map().unwrap_or_default().iter().any(|(_, node)| holds(node, start))
}

fn is_checked(format: &Json) -> bool {
    format.as_str().is_some_and(|format| solgate_engine::FORMATS.contains(&format))
}
