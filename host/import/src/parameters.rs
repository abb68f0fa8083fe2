//! Parameters, each with what the engine checks of it.

use serde_json::{Map, Value as Json, json};
use solgate_document::source::At;
use solgate_document::yaml::{Node, Value};

use crate::context::{Context, Dialect};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum In {
    Path,
    Query,
    Header,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub name: String,
    pub place: In,
    /// The engine does not check it; a rule must.
    pub needs_rule: bool,
    pub kind: Option<&'static str>,
    pub value: Json,
}

/// What parameters of these names hold, by ETSI GS NFV-SOL 013, clause 5.
const KINDS: [(&str, &str); 5] = [
    ("filter", "filter"),
    ("all_fields", "allFields"),
    ("fields", "fields"),
    ("exclude_fields", "excludeFields"),
    ("exclude_default", "excludeDefault"),
];

/// Header fields that the engine judges by itself.
const OF_ENGINE: [&str; 5] = ["version", "accept", "authorization", "content-type", "if-match"];

impl Parameter {
    pub fn is(&self, name: &str) -> bool {
        self.place == In::Header && self.name.eq_ignore_ascii_case(name)
    }
}

/// A body or a part of one, which Swagger 2.0 has among the parameters.
pub(crate) struct InBody<'d> {
    pub node: &'d Node,
    /// A field of a form.
    pub is_form: bool,
}

impl<'d> Context<'d> {
    /// The parameters of a list; those in the body go to `bodies`.
    pub fn parameters(
        &mut self,
        node: Option<&'d Node>,
        variables: &[String],
        bodies: &mut Vec<InBody<'d>>,
    ) -> Vec<Parameter> {
        let mut found: Vec<Parameter> = Vec::new();
        for item in node.and_then(Node::as_list).unwrap_or_default() {
            let documents = self.documents;
            let Some(node) = documents.resolve(item, &mut self.report) else { continue };
            let (Some(name), Some(place)) = (node.get("name"), node.get("in")) else {
                self.report
                    .warning(item.at, "a parameter has a `name` and says where it is with `in`")
                    .hint("left out");
                continue;
            };
            let place = match place.text.as_str() {
                "path" => In::Path,
                "query" => In::Query,
                "header" => In::Header,
                "body" if self.dialect == Dialect::V2 => {
                    bodies.push(InBody { node, is_form: false });
                    continue;
                }
                "formData" if self.dialect == Dialect::V2 => {
                    bodies.push(InBody { node, is_form: true });
                    continue;
                }
                other => {
                    self.report.warning(place.at, format!("a policy sees no parameter in `{other}`")).hint("left out");
                    continue;
                }
            };
            let is_known = |known: &Parameter| known.place == place && known.name == name.text;
            if found.iter().any(is_known) {
                self.report.warning(item.at, format!("the parameter `{}` is here twice", name.text)).hint("left out");
                continue;
            }
            if place == In::Path && !variables.contains(&name.text) {
                self.report.warning(item.at, format!("the path has no variable `{}`", name.text)).hint("left out");
                continue;
            }
            found.extend(self.parameter(node, &name.text, place, item.at));
        }
        found
    }

    fn parameter(&mut self, node: &'d Node, name: &str, place: In, at: At) -> Option<Parameter> {
        let is_required = matches!(node.get("required").map(|node| &node.value), Some(Value::Bool(true)));
        let lower = name.to_ascii_lowercase();
        let of_engine = place == In::Header && OF_ENGINE.contains(&lower.as_str());
        if of_engine && lower == "version" && !is_required {
            self.report
                .warning(at, "`Version` need not be sent here, and a policy that knows the field asks for it")
                .hint("left out, so that Version is not looked at in this operation");
            return None;
        }
        let mut value = Map::new();
        value.insert("name".to_owned(), json!(name));
        let place_name = match place {
            In::Path => "path",
            In::Query => "query",
            In::Header => "header",
        };
        value.insert("in".to_owned(), json!(place_name));
        if is_required && (place == In::Path || of_engine) {
            value.insert("required".to_owned(), json!(true));
        }
        // Swagger 2.0 has the keywords beside the name.
        let schema = match (self.dialect, node.get("schema")) {
            (Dialect::V2, _) => node.get("type").map(|node| json!({ "type": node.text })),
            (_, schema) => schema
                .and_then(|schema| self.documents.resolve(schema, &mut self.report))
                .and_then(|schema| schema.get("type"))
                .map(|node| json!({ "type": node.to_json() })),
        };
        value.insert("schema".to_owned(), schema.unwrap_or_else(|| json!({})));
        let kind = KINDS.iter().find(|(known, _)| place == In::Query && *known == name).map(|(_, kind)| *kind);
        if let Some(kind) = kind {
            value.insert("x-kind".to_owned(), json!(kind));
        }
        let needs_rule = is_required && place != In::Path && !of_engine;
        Some(Parameter { name: name.to_owned(), place, needs_rule, kind, value: Json::Object(value) })
    }
}
