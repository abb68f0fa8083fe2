//! Schemas that no value satisfies, as far as one schema and those beside it show.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use solgate_document::source::At;
use solgate_document::yaml::{Node, Value};

use super::{Follow, beside, branches};

/// Why no value satisfies a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Of the keyword that takes the last value away.
    pub at: At,
    pub message: String,
}

const TYPES: [&str; 6] = ["array", "boolean", "null", "number", "object", "string"];

/// The least and the greatest of something that a type's values have.
const BOUNDS: [(&str, &str, &str); 4] = [
    ("number", "minimum", "maximum"),
    ("string", "minLength", "maxLength"),
    ("array", "minItems", "maxItems"),
    ("object", "minProperties", "maxProperties"),
];

/// Finds out whether any value satisfies a schema. Looks at the schema, at what its `$ref`
/// leads to and at `allOf`, and one level into `oneOf`, `anyOf` and required members.
#[must_use]
pub fn fault<'n>(schema: &'n Node, follow: Follow<'_, 'n>) -> Option<Fault> {
    found(schema, follow, 0)
}

/// How far it is looked into other schemas.
const INTO: usize = 2;

fn found<'n>(schema: &'n Node, follow: Follow<'_, 'n>, depth: usize) -> Option<Fault> {
    if matches!(schema.value, Value::Bool(false)) {
        return Some(Fault { at: schema.at, message: "`false` allows no value".to_owned() });
    }
    let all = beside(schema, follow);
    types(&all)
        .or_else(|| values(&all))
        .or_else(|| crossed(&all))
        .or_else(|| all.iter().find_map(|schema| alternatives(schema, &all, follow, depth)))
        .or_else(|| all.iter().find_map(|schema| members(schema, &all, follow, depth)))
}

/// The names of a `type`, `integer` among them; `None` if the schema does not say.
fn named(schema: &Node) -> Option<Vec<&str>> {
    let node = schema.get("type")?;
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    let names: Vec<&str> = nodes.iter().map(|node| node.text.as_str()).collect();
    // What is not the name of a type is reported elsewhere.
    names.iter().all(|name| *name == "integer" || TYPES.contains(name)).then_some(names)
}

/// The types of values that all these schemas allow.
fn allowed(schemas: &[&Node]) -> BTreeSet<&'static str> {
    let mut left: BTreeSet<&'static str> = TYPES.into_iter().collect();
    for names in schemas.iter().filter_map(|schema| named(schema)) {
        left.retain(|name| names.contains(name) || (*name == "number" && names.contains(&"integer")));
    }
    left
}

fn types(all: &[&Node]) -> Option<Fault> {
    if !allowed(all).is_empty() {
        return None;
    }
    let mut typed = all.iter().filter_map(|schema| Some((schema.get("type")?, named(schema)?)));
    let (node, first) = typed.next()?;
    let (_, other) = typed.find(|(_, names)| {
        !names.iter().any(|name| {
            first.contains(name) || (matches!(*name, "integer" | "number") && first.iter().any(|n| n.ends_with("er")))
        })
    })?;
    let message = format!("no value is of type `{}` and `{}` at once", first.join("` or `"), other.join("` or `"));
    Some(Fault { at: node.at, message })
}

/// The type of a value, by the names of JSON Schema.
fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// The values that a schema lists, if it does.
fn listed(schema: &Node) -> Option<(&Node, Vec<Json>)> {
    if let Some(node) = schema.get("const") {
        return Some((node, vec![node.to_json()]));
    }
    let node = schema.get("enum")?;
    Some((node, node.as_list()?.iter().map(Node::to_json).collect()))
}

fn values(all: &[&Node]) -> Option<Fault> {
    let types = allowed(all);
    let mut left: Option<Vec<Json>> = None;
    for schema in all {
        let Some((node, values)) = listed(schema) else { continue };
        // An empty list is reported elsewhere.
        if values.is_empty() {
            return None;
        }
        let fitting: Vec<Json> = values.iter().filter(|value| types.contains(type_of(value))).cloned().collect();
        if fitting.is_empty() {
            let types = types.into_iter().collect::<Vec<_>>().join("` or `");
            return Some(Fault { at: node.at, message: format!("none of these values is of type `{types}`") });
        }
        let both: Vec<Json> = match &left {
            Some(known) => fitting.into_iter().filter(|value| known.contains(value)).collect(),
            None => fitting,
        };
        if both.is_empty() {
            let message = "these values and those listed beside them have none in common".to_owned();
            return Some(Fault { at: node.at, message });
        }
        left = Some(both);
    }
    None
}

/// A lower bound above the upper one, where only values of that type are allowed.
fn crossed(all: &[&Node]) -> Option<Fault> {
    let types = allowed(all);
    let only = types.first().copied().filter(|_| types.len() == 1)?;
    let (_, least, most) = BOUNDS.iter().find(|(name, ..)| *name == only)?;
    let number = |node: &Node| match &node.value {
        Value::Number(number) => number.as_f64(),
        _ => None,
    };
    let bounds = |keyword: &str| -> Vec<(f64, At)> {
        all.iter().filter_map(|schema| schema.get(keyword)).filter_map(|node| Some((number(node)?, node.at))).collect()
    };
    let mut lower = bounds(least);
    let mut upper = bounds(most);
    let (mut above, mut below) = (Vec::new(), Vec::new());
    if only == "number" {
        above = bounds("exclusiveMinimum");
        below = bounds("exclusiveMaximum");
    }
    if only == "object" {
        // Each required member is one that is there.
        let required = all.iter().filter_map(|schema| schema.get("required"));
        #[allow(clippy::cast_precision_loss)]
        lower.extend(required.filter_map(|node| Some((node.as_list()?.len() as f64, node.at))));
    }
    let greatest = |found: &[(f64, At)]| found.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0));
    let smallest = |found: &[(f64, At)]| found.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0));
    let strict = greatest(&above);
    lower.extend(&above);
    let strictly_below = smallest(&below);
    upper.extend(&below);
    let ((low, _), (high, at)) = (greatest(&lower)?, smallest(&upper)?);
    let is_strict =
        strict.is_some_and(|(bound, _)| bound >= low) || strictly_below.is_some_and(|(bound, _)| bound <= high);
    let is_crossed = low > high || (is_strict && low >= high);
    is_crossed
        .then(|| Fault { at, message: format!("the lower bound {low} and the upper bound {high} leave no value") })
}

/// All alternatives are of types that the schema itself does not allow, or are the same.
fn alternatives<'n>(schema: &'n Node, all: &[&'n Node], follow: Follow<'_, 'n>, depth: usize) -> Option<Fault> {
    for keyword in ["anyOf", "oneOf"] {
        let branches = branches(schema, keyword);
        let Some(node) = schema.get(keyword).filter(|_| !branches.is_empty()) else { continue };
        let is_impossible = |branch: &'n Node| {
            let mut together = beside(branch, follow);
            together.extend(all.iter().filter(|schema| schema.get(keyword).is_none()));
            allowed(&together).is_empty() || (depth < INTO && found(branch, follow, depth.saturating_add(1)).is_some())
        };
        if branches.iter().all(is_impossible) {
            let message = format!("no value satisfies any of the alternatives of `{keyword}`");
            return Some(Fault { at: node.at, message });
        }
        let first = branches.first().map(Node::to_json);
        if keyword == "oneOf" && branches.len() > 1 && branches.iter().all(|branch| Some(branch.to_json()) == first) {
            let message = "the alternatives of `oneOf` are all the same, so that never exactly one fits".to_owned();
            return Some(Fault { at: node.at, message });
        }
    }
    None
}

/// A member that must be there and cannot be.
fn members<'n>(schema: &'n Node, all: &[&'n Node], follow: Follow<'_, 'n>, depth: usize) -> Option<Fault> {
    // Without a type, a value of another kind passes.
    let types = allowed(all);
    if depth >= INTO || types.len() != 1 || !types.contains("object") {
        return None;
    }
    for name in schema.get("required").and_then(Node::as_list).unwrap_or_default() {
        let property = schema.get("properties").and_then(|properties| properties.get(&name.text));
        if property.is_some_and(|property| found(property, follow, depth.saturating_add(1)).is_some()) {
            let message = format!("`{}` is required, and no value of it is allowed", name.text);
            return Some(Fault { at: name.at, message });
        }
    }
    None
}
