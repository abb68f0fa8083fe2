//! Request bodies.

use serde_json::{Value as Json, json};
use solgate_document::source::At;
use solgate_document::yaml::{Node, Value};

use crate::context::{Context, SCHEMAS};
use crate::parameters::InBody;
use crate::words::{clause, pascal};

pub(crate) struct Body {
    pub is_required: bool,
    pub media_types: Vec<String>,
    /// The component that it is.
    pub schema: String,
    /// The clause that its description names.
    pub clause: Option<(String, Option<String>)>,
}

impl Body {
    pub fn written(&self) -> Json {
        let schema = json!({ "schema": { "$ref": format!("{SCHEMAS}{}", self.schema) } });
        let content: serde_json::Map<String, Json> =
            self.media_types.iter().map(|name| (name.clone(), schema.clone())).collect();
        match self.is_required {
            true => json!({ "required": true, "content": content }),
            false => json!({ "content": content }),
        }
    }
}

impl<'d> Context<'d> {
    pub fn body(&mut self, operation: &str, node: &'d Node) -> Option<Body> {
        let reference = node.get("$ref");
        let documents = self.documents;
        let target = reference.and_then(|reference| documents.target(reference, &mut self.report));
        let found = match (&target, reference) {
            (Some(target), _) => target.node,
            (None, Some(_)) => return None,
            (None, None) => node,
        };
        let named = target.and_then(|target| target.steps.last().cloned());
        let content = found.get("content").and_then(Node::as_map).unwrap_or_default();
        let mut media_types: Vec<String> = Vec::new();
        let mut schemas: Vec<&'d Node> = Vec::new();
        for (key, node) in content {
            match media_type(&key.name) {
                Some(name) if media_types.contains(&name) => {}
                Some(name) => media_types.push(name),
                None => {
                    self.report
                        .warning(key.at, format!("`{}` is not a media type that a request can have", key.name))
                        .hint("left out");
                    continue;
                }
            }
            if let Some(schema) = node.get("schema")
                && !schemas.iter().any(|known| known.to_json() == schema.to_json())
            {
                schemas.push(schema);
            }
        }
        if media_types.is_empty() {
            return None;
        }
        self.report_not_json(&media_types, found.at);
        let wanted = pascal(&named.unwrap_or_else(|| format!("{operation}_request")));
        let schema = match schemas.as_slice() {
            [] => self.components.made(&wanted, found.at, json!({})),
            [schema] => self.body_schema(&wanted, schema),
            [_, other, ..] => {
                self.report
                    .warning(other.at, "the media types of this body have different schemas, and a bundle has one")
                    .hint("the bundle allows what any of them allows");
                let either: Vec<Json> = schemas.iter().map(|schema| self.schema(schema)).collect();
                self.components.made(&wanted, found.at, json!({ "anyOf": either }))
            }
        };
        let is_required = matches!(found.get("required").map(|node| &node.value), Some(Value::Bool(true)));
        let text = |node: &Node| node.get("description").and_then(|node| clause(&node.text));
        Some(Body { is_required, media_types, schema, clause: text(found) })
    }

    /// The body of Swagger 2.0, which is a parameter.
    pub fn swagger_body(&mut self, operation: &str, bodies: &[InBody<'d>], consumes: Option<&'d Node>) -> Option<Body> {
        let first = bodies.first()?;
        let names = consumes.and_then(Node::as_list).unwrap_or_default();
        let mut media_types: Vec<String> = names.iter().filter_map(|node| media_type(&node.text)).collect();
        media_types.dedup();
        if first.is_form {
            self.report_not_json(&["multipart/form-data".to_owned()], first.node.at);
            return None;
        }
        if media_types.is_empty() {
            media_types.push("application/json".to_owned());
        }
        self.report_not_json(&media_types, first.node.at);
        let wanted = match first.node.get("name").map(|node| node.text.as_str()) {
            Some(name) if !name.eq_ignore_ascii_case("body") && !name.is_empty() => pascal(name),
            _ => pascal(&format!("{operation}_request")),
        };
        let schema = self.body_schema(&wanted, first.node.get("schema")?);
        let is_required = matches!(first.node.get("required").map(|node| &node.value), Some(Value::Bool(true)));
        let clause = first.node.get("description").and_then(|node| clause(&node.text));
        Some(Body { is_required, media_types, schema, clause })
    }

    /// The component that a body is; one that is written in place gets a name.
    fn body_schema(&mut self, wanted: &str, schema: &'d Node) -> String {
        let documents = self.documents;
        let only = schema
            .as_map()
            .is_some_and(|members| members.iter().all(|(key, _)| matches!(key.name.as_str(), "$ref" | "description")));
        match schema.get("$ref").filter(|_| only).and_then(|reference| documents.target(reference, &mut self.report)) {
            Some(target) => self.component(&target),
            None => self.component_in_place(wanted, schema),
        }
    }

    fn report_not_json(&mut self, media_types: &[String], at: At) {
        if !media_types.iter().any(|name| name.ends_with("json")) {
            let names = media_types.join(", ");
            self.report.warning(at, format!("the body is {names}, and a policy judges JSON")).hint(
                "the gate refuses such a request; take the operation out of the bundle if it is to pass unjudged",
            );
        }
    }
}

/// `type/subtype`, without parameters.
fn media_type(text: &str) -> Option<String> {
    let name = text.split(';').next()?.trim().to_ascii_lowercase();
    if name == "*/*" {
        return Some("application/json".to_owned());
    }
    let (kind, subtype) = name.split_once('/')?;
    let is_token =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c));
    (is_token(kind) && is_token(subtype)).then_some(name)
}
