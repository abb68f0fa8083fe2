//! openapi.yaml, read from the raw document, because a typed reader of OpenAPI would
//! drop keywords that it does not know.

mod answers;
mod body;
mod components;
mod extensions;
mod idle;
mod keywords;
mod mapping;
mod merge;
mod operation;
mod parameter;
mod presence;
mod reference;
mod releases;
mod schema;
mod soundness;

pub(crate) use answers::answers;
pub(crate) use mapping::check_mapping;
pub(crate) use merge::merge;
pub(crate) use presence::{Presence, answer, followed, presence, requires, secret, together};
pub(crate) use releases::may_be_gone;
pub(crate) use schema::check_meta;

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::yaml::Node;
use solgate_engine::ir::Operation;

use crate::layer::Dialect;

/// Where named schemas are.
pub(crate) const SCHEMAS: &str = "#/components/schemas/";

/// What openapi.yaml says, as far as it could be understood.
#[derive(Debug)]
pub(crate) struct Api<'n> {
    pub root: &'n Node,
    /// The paths of dialects, which refer to definitions in `root`.
    pub spoken: Vec<&'n Node>,
    /// Those of dialects come last.
    pub operations: Vec<Op<'n>>,
    /// Those of `components.schemas`, and bodies written in place.
    pub schemas: BTreeMap<String, &'n Node>,
    /// Rules named outside of schemas: by header parameters and media types.
    pub rule_uses: Vec<RuleUse>,
    /// Rules named by `x-rule` in schemas.
    pub schema_rules: Vec<RuleUse>,
    pub at: At,
    /// Part of it could not be understood, so that a name that is not here may
    /// still be known to the author.
    pub is_incomplete: bool,
}

/// An operation and the places that messages about it point at.
#[derive(Debug)]
pub(crate) struct Op<'n> {
    pub def: Operation,
    pub at: At,
    pub path_variables: Vec<String>,
    /// The schema of the request body.
    pub schema: Option<&'n Node>,
    pub rule_map: Option<&'n Node>,
}

/// A place that names a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleUse {
    pub id: String,
    pub at: At,
}

impl Api<'_> {
    pub fn has_path_variable(&self, name: &str) -> bool {
        let mut variables = self.operations.iter().flat_map(|op| &op.path_variables);
        variables.any(|known| known == name)
    }

    pub fn operation(&self, id: &str) -> Option<&Op<'_>> {
        self.operations.iter().find(|op| op.def.id == id)
    }
}

pub(crate) fn read<'n>(
    root: &'n Node,
    dialects: impl Iterator<Item = &'n Dialect>,
    report: &mut Report,
) -> Option<Api<'n>> {
    let mut members = Members::open(root, "openapi.yaml", report)?;
    match root.entry("swagger") {
        Some((key, _)) => {
            members.get("swagger");
            members.get("openapi");
            report
                .mistake(key.at, "this is Swagger 2.0, and a bundle has OpenAPI 3.1")
                .hint("`solgate import FILE -o DIR` makes a bundle of it");
        }
        None => {
            if let Some(node) = members.require("openapi", report) {
                check_version(node, report);
            }
        }
    }
    let mut api = Api {
        root,
        spoken: Vec::new(),
        operations: Vec::new(),
        schemas: BTreeMap::new(),
        rule_uses: Vec::new(),
        schema_rules: Vec::new(),
        at: root.at,
        is_incomplete: false,
    };
    let components = members.get("components").map(|node| components::read(node, report)).unwrap_or_default();
    let schemas = components.iter().filter(|(kind, _)| kind.name == "schemas").flat_map(|(_, entries)| *entries);
    for (key, node) in schemas {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if key.name.is_empty() || !key.name.chars().all(is_name) {
            report
                .mistake(key.at, format!("`{}` cannot be the name of a schema", key.name))
                .hint("letters, digits, `.`, `_` and `-`");
        }
        api.schemas.insert(key.name.clone(), node);
    }
    let mistakes = report.mistakes();
    if let Some(paths) = members.require("paths", report) {
        operation::read_all(&mut api, paths, None, report);
    }
    for dialect in dialects {
        read_dialect(&mut api, dialect, report);
    }
    api.is_incomplete |= api.operations.is_empty() && report.mistakes() > mistakes;
    extensions::finish(
        members,
        &["info", "servers", "tags", "security", "externalDocs", "webhooks", "jsonSchemaDialect"],
        report,
    );
    if let Some(dialect) = root.get("jsonSchemaDialect")
        && dialect.text != "https://json-schema.org/draft/2020-12/schema"
        && dialect.text != "https://spec.openapis.org/oas/3.1/dialect/base"
    {
        report.mistake(dialect.at, "schemas are written in JSON Schema 2020-12; other dialects are not read");
    }
    schema::check_all(&mut api, report);
    soundness::check_all(&api, report);
    Some(api)
}

fn read_dialect<'n>(api: &mut Api<'n>, dialect: &'n Dialect, report: &mut Report) {
    let Some(mut members) = Members::open(&dialect.document, "the document of a dialect", report) else {
        return;
    };
    if let Some(node) = members.require("openapi", report) {
        check_version(node, report);
    }
    members.get("components");
    if let Some(paths) = members.require("paths", report) {
        api.spoken.push(paths);
        operation::read_all(api, paths, Some(&dialect.option), report);
    }
    extensions::finish(members, &["info", "servers", "tags", "security", "externalDocs"], report);
}

fn check_version(node: &Node, report: &mut Report) {
    if !(node.text == "3.1" || node.text.starts_with("3.1.")) {
        let draft =
            report.mistake(node.at, format!("the OpenAPI version is 3.1.x, but here is {}", reader::shown(node)));
        if node.text.starts_with("3.0") {
            draft.hint(
                "`solgate import FILE -o DIR` makes a bundle of a published document; else write `openapi: 3.1.0`, \
                 and schemas in JSON Schema 2020-12",
            );
        } else {
            draft.hint("write `openapi: 3.1.0`; schemas are JSON Schema 2020-12");
        }
    }
}
