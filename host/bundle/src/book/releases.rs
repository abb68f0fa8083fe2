//! What came or went with a version of the API, as a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;
use solgate_document::pointer;
use solgate_engine::ir::{Bundle, Operation, Releases};
use solgate_engine::version::ApiVersion;

use super::markdown::code;

/// The versions that have something, and what it is.
type Change = ((Option<ApiVersion>, Option<ApiVersion>), String);

/// What some versions of the API have, with the operations in which it is.
struct Changes<'b> {
    bundle: &'b Bundle,
    found: BTreeMap<Change, BTreeSet<String>>,
    /// Schemas on the way, which may refer back to themselves.
    entered: Vec<&'b str>,
}

/// The section of the rule book; empty if all versions have the same.
pub(super) fn section(bundle: &Bundle) -> String {
    let mut changes = Changes { bundle, found: BTreeMap::new(), entered: Vec::new() };
    for operation in &bundle.operations {
        changes.operation(operation);
    }
    let mut page = String::new();
    if changes.found.is_empty() {
        return page;
    }
    page.push_str(
        "\n## Versions\n\nA request is judged by the version that its `Version` field asks for. In other versions than those of this \
         table, a member or a parameter counts as unknown, a value as not listed, and an operation as not there.\n\n\
         | since | until | what | operations |\n|---|---|---|---|\n",
    );
    let shown = |version: &Option<ApiVersion>| version.as_ref().map_or_else(String::new, ToString::to_string);
    for (((since, until), what), operations) in &changes.found {
        let operations: Vec<String> = operations.iter().map(|id| code(id)).collect();
        let _ = writeln!(page, "| {} | {} | {what} | {} |", shown(since), shown(until), operations.join(", "));
    }
    page
}

impl<'b> Changes<'b> {
    fn add(&mut self, releases: Releases, what: String, operation: &Operation) {
        let ends = (releases.since, releases.until);
        self.found.entry((ends, what)).or_default().insert(operation.id.clone());
    }

    fn operation(&mut self, operation: &'b Operation) {
        if !operation.releases.are_all() {
            let what = format!("the operation {} {}", operation.method, code(&operation.path));
            self.add(operation.releases, what, operation);
        }
        for parameter in &operation.query {
            if !parameter.releases.are_all() {
                self.add(parameter.releases, format!("the query parameter {}", code(&parameter.name)), operation);
            }
            for (attribute, releases) in &parameter.attribute_releases {
                let what = format!("the attribute {} in {}", code(attribute), code(&parameter.name));
                self.add(*releases, what, operation);
            }
        }
        let body = operation.body.as_ref().and_then(|body| self.bundle.schemas.get(&body.schema));
        if let Some(schema) = body {
            self.schema(schema, "", operation);
        }
    }

    fn schema(&mut self, schema: &'b Value, at: &str, operation: &Operation) {
        for (value, releases) in by_value(schema) {
            self.add(releases, format!("the value {} of {}", code(&value), place(at)), operation);
        }
        for (keyword, below) in schema.as_object().into_iter().flatten() {
            match (keyword.as_str(), below) {
                ("$ref", Value::String(target)) => self.follow(target, at, operation),
                ("properties", Value::Object(members)) => {
                    for (name, member) in members {
                        let at = format!("{at}/{}", pointer::escape(name));
                        self.own(member, || format!("the member {}", code(&at)), operation);
                        self.schema(member, &at, operation);
                    }
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(choices)) => {
                    for choice in choices {
                        self.own(choice, || alternative(keyword, choice, at), operation);
                        self.schema(choice, at, operation);
                    }
                }
                ("prefixItems", Value::Array(items)) => {
                    items.iter().for_each(|item| self.below(item, at, operation));
                }
                ("patternProperties" | "dependentSchemas", Value::Object(schemas)) => {
                    schemas.values().for_each(|schema| self.below(schema, at, operation));
                }
                ("items" | "additionalProperties" | "contains", below) => self.below(below, at, operation),
                ("if" | "then" | "else" | "not", below) => {
                    self.own(below, || format!("a condition of {}", place(at)), operation);
                    self.schema(below, at, operation);
                }
                _ => {}
            }
        }
    }

    /// Items, or members of any name.
    fn below(&mut self, schema: &'b Value, at: &str, operation: &Operation) {
        let at = format!("{at}/*");
        self.own(schema, || format!("what is said of {}", code(&at)), operation);
        self.schema(schema, &at, operation);
    }

    fn own(&mut self, schema: &Value, what: impl FnOnce() -> String, operation: &Operation) {
        let of = |name: &str| schema.get(name).and_then(Value::as_str).and_then(ApiVersion::plain);
        let releases = Releases { since: of("x-since"), until: of("x-until") };
        if !releases.are_all() {
            self.add(releases, what(), operation);
        }
    }

    fn follow(&mut self, target: &'b str, at: &str, operation: &Operation) {
        let name = target.strip_prefix("#/components/schemas/").unwrap_or(target);
        if self.entered.contains(&name) {
            return;
        }
        if let Some(schema) = self.bundle.schemas.get(name) {
            self.entered.push(name);
            self.schema(schema, at, operation);
            self.entered.pop();
        }
    }
}

/// The values of a schema that some versions have.
fn by_value(schema: &Value) -> BTreeMap<String, Releases> {
    let mut found: BTreeMap<String, Releases> = BTreeMap::new();
    let entries = |name: &str| schema.get(name).and_then(Value::as_object).into_iter().flatten();
    for (value, version) in entries("x-since") {
        found.entry(value.clone()).or_default().since = version.as_str().and_then(ApiVersion::plain);
    }
    for (value, version) in entries("x-until") {
        found.entry(value.clone()).or_default().until = version.as_str().and_then(ApiVersion::plain);
    }
    found
}

fn alternative(keyword: &str, choice: &Value, at: &str) -> String {
    let required = choice.get("required").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<String> = required.filter_map(Value::as_str).map(code).collect();
    match (names.is_empty(), keyword) {
        (true, _) => format!("an alternative of {}", place(at)),
        (false, "allOf") => format!("that {} needs {}", place(at), names.join(" and ")),
        (false, _) => format!("that {} can do with {}", place(at), names.join(" and ")),
    }
}

fn place(at: &str) -> String {
    if at.is_empty() { "the body".to_owned() } else { code(at) }
}
