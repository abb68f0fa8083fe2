//! The smallest body that a schema allows, for the cases of a bundle.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use crate::context::SCHEMAS;
use crate::tree::followed;

/// Deepest nesting of a body.
const MAX_DEPTH: usize = 24;
/// So many ways to choose among alternatives are tried.
const CHOICES: usize = 8;

pub(crate) struct Samples<'c> {
    components: &'c Map<String, Json>,
}

impl<'c> Samples<'c> {
    pub fn new(components: &'c Map<String, Json>) -> Self {
        Self { components }
    }

    /// A body that a component allows, if one is found.
    pub fn of(&self, name: &str) -> Option<Json> {
        let root = json!({
            "$ref": format!("{SCHEMAS}{name}"),
            "components": { "schemas": self.components },
        });
        let validator = jsonschema::options().should_validate_formats(true).build(&root).ok()?;
        let schema = self.components.get(name)?;
        (0..CHOICES).find_map(|choice| {
            let found = self.sample(schema, choice, 0)?;
            (found.is_object() && validator.is_valid(&found)).then_some(found)
        })
    }

    fn sample(&self, schema: &'c Json, choice: usize, depth: usize) -> Option<Json> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut all = All::default();
        self.gather(schema, choice, 0, &mut all);
        if let Some(value) = all.values.first() {
            return Some((*value).clone());
        }
        let is_object = !all.properties.is_empty() || !all.required.is_empty();
        let kind = all.kind.unwrap_or(if is_object { "object" } else { "string" });
        Some(match kind {
            "object" => self.object(&all, choice, depth)?,
            "array" => {
                let count = usize::try_from(all.number("minItems").unwrap_or(0.0).max(0.0) as u64).ok()?.min(16);
                let item = match all.keyword("items") {
                    Some(items) if count > 0 => self.sample(items, choice, depth.saturating_add(1))?,
                    _ => json!("x"),
                };
                json!(vec![item; count])
            }
            "boolean" => json!(true),
            "null" => Json::Null,
            "integer" | "number" => number(&all),
            _ => json!(text(&all)),
        })
    }

    fn object(&self, all: &All<'c>, choice: usize, depth: usize) -> Option<Json> {
        let mut out = Map::new();
        let least = usize::try_from(all.number("minProperties").unwrap_or(0.0).max(0.0) as u64).ok()?;
        let optional = all.properties.iter().map(|(name, _)| *name).filter(|name| !all.required.contains(name));
        let missing = least.saturating_sub(all.required.len());
        for name in all.required.iter().copied().chain(optional.take(missing)) {
            let schema = all.properties.iter().find(|(known, _)| *known == name).map(|(_, schema)| *schema);
            let value = match schema {
                Some(schema) => self.sample(schema, choice, depth.saturating_add(1))?,
                None => json!("x"),
            };
            out.insert(name.to_owned(), value);
        }
        Some(Json::Object(out))
    }

    /// Everything that holds together, with one of each group of alternatives.
    fn gather(&self, schema: &'c Json, choice: usize, depth: usize, all: &mut All<'c>) {
        let schema = followed(self.components, schema);
        let Some(keywords) = schema.as_object().filter(|_| depth < MAX_DEPTH) else { return };
        all.schemas.push(schema);
        if all.kind.is_none() {
            all.kind = match keywords.get("type") {
                Some(Json::String(name)) => Some(name),
                Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).find(|name| *name != "null"),
                _ => None,
            };
        }
        if let Some(value) = keywords.get("const") {
            all.values = vec![value];
        }
        if let Some(values) = keywords.get("enum").and_then(Json::as_array) {
            all.values = match all.values.is_empty() {
                true => values.iter().collect(),
                false => all.values.iter().copied().filter(|value| values.contains(value)).collect(),
            };
        }
        all.properties.extend(
            keywords.get("properties").and_then(Json::as_object).into_iter().flatten().map(|(n, s)| (n.as_str(), s)),
        );
        all.required
            .extend(keywords.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str));
        for part in keywords.get("allOf").and_then(Json::as_array).into_iter().flatten() {
            self.gather(part, choice, depth.saturating_add(1), all);
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = keywords.get(keyword).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
            let index = choice.checked_rem(branches.len()).unwrap_or_default();
            if let Some(branch) = branches.get(index) {
                self.gather(branch, choice, depth.saturating_add(1), all);
            }
        }
    }
}

/// What schemas say together.
#[derive(Default)]
struct All<'c> {
    kind: Option<&'c str>,
    values: Vec<&'c Json>,
    properties: Vec<(&'c str, &'c Json)>,
    required: BTreeSet<&'c str>,
    schemas: Vec<&'c Json>,
}

impl<'c> All<'c> {
    fn keyword(&self, name: &str) -> Option<&'c Json> {
        self.schemas.iter().find_map(|schema| schema.get(name))
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.keyword(name)?.as_f64()
    }
}

fn number(all: &All<'_>) -> Json {
    for keyword in ["minimum", "maximum"] {
        if let Some(bound) = all.keyword(keyword) {
            return bound.clone();
        }
    }
    #[allow(clippy::cast_possible_truncation)]
    let near = |bound: f64, step: i64| json!((bound as i64).saturating_add(step));
    if let Some(bound) = all.number("exclusiveMinimum") {
        return near(bound, 1);
    }
    if let Some(bound) = all.number("exclusiveMaximum") {
        return near(bound, -1);
    }
    all.keyword("multipleOf").cloned().unwrap_or_else(|| json!(1))
}

/// A text of that format or pattern.
fn text(all: &All<'_>) -> String {
    let found = match all.keyword("format").and_then(Json::as_str) {
        Some("uri" | "http-uri" | "uri-reference") => "http://192.0.2.1/x",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("hostname") => "x.example",
        Some("email") => "x@x.example",
        Some("date") => "2026-01-01",
        Some("time") => "12:00:00Z",
        Some("date-time") => "2026-01-01T12:00:00Z",
        Some("duration") => "P1D",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("json-pointer") => "/x",
        _ => "x",
    };
    if let Some(pattern) = all.keyword("pattern") {
        let validator = jsonschema::validator_for(&json!({ "pattern": pattern })).ok();
        let tries = [
            "x",
            "1",
            "x1",
            "X",
            "02:00:00:00:00:01",
            "192.0.2.1",
            "192.0.2.0/24",
            "2001:db8::/32",
            "1.0.0",
            "00000000-0000-4000-8000-000000000000",
        ];
        let fits = |text: &&&str| validator.as_ref().is_some_and(|validator| validator.is_valid(&json!(text)));
        return tries.iter().find(fits).map_or("x", |text| *text).to_owned();
    }
    let least = all.number("minLength").unwrap_or(0.0).clamp(0.0, 4096.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let least = least as usize;
    let most = all.number("maxLength").unwrap_or(f64::MAX);
    if most < 1.0 {
        return String::new();
    }
    let more = least.saturating_sub(found.chars().count());
    format!("{found}{}", "x".repeat(more))
}
