//! A case for every operation, and for what it refuses.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::facts::{Fact, example};
use crate::operations::{Operation, Resource};
use crate::parameters::In;
use crate::rules::{Rules, existence_id};
use crate::sample::Samples;
use crate::tree::followed;
use crate::words::kebab;

pub(crate) struct Skeleton<'a> {
    pub resources: &'a [Resource<'a>],
    pub facts: &'a [Fact],
    pub answers: &'a BTreeMap<String, Json>,
    pub components: &'a Map<String, Json>,
    pub rules: &'a Rules,
    /// What requests send as Version.
    pub version: &'a str,
    pub fine: bool,
}

/// The cases, and the bodies of which no example was found.
#[derive(Default)]
pub(crate) struct Cases {
    pub bases: Map<String, Json>,
    pub cases: Vec<Json>,
    pub without: Vec<String>,
}

impl Skeleton<'_> {
    pub fn cases(&self) -> Cases {
        let mut found = Cases::default();
        let samples = Samples::new(self.components);
        let mut bodies: BTreeMap<&str, Option<Json>> = BTreeMap::new();
        for resource in self.resources {
            for operation in &resource.operations {
                let body = operation.body.as_ref();
                let is_json = body.is_none_or(|body| body.media_types.iter().any(|name| name.ends_with("json")));
                let sample = body.map(|body| {
                    let known = bodies.entry(body.schema.as_str()).or_insert_with(|| samples.of(&body.schema));
                    known.clone()
                });
                match sample {
                    Some(None) => found.without.push(operation.id.clone()),
                    _ if !is_json => found.without.push(operation.id.clone()),
                    Some(Some(sample)) => self.operation(resource, operation, Some(sample), &mut found),
                    None => self.operation(resource, operation, None, &mut found),
                }
            }
        }
        found
    }

    fn operation(&self, resource: &Resource<'_>, operation: &Operation<'_>, body: Option<Json>, found: &mut Cases) {
        let id = operation.id.as_str();
        let mut case = Map::new();
        case.insert("method".to_owned(), json!(operation.method.to_ascii_uppercase()));
        let mut headers = Map::new();
        let mut query = Vec::new();
        let parameters: Vec<_> = resource.parameters_of(operation).collect();
        let has_version = parameters.iter().any(|parameter| parameter.is("version"));
        if has_version {
            headers.insert("Version".to_owned(), json!(self.version));
        }
        let accepted = operation.produces.iter().flat_map(|(_, types)| types).find(|name| !name.contains('*'));
        headers.insert("Accept".to_owned(), json!(accepted.map_or("application/json", String::as_str)));
        for parameter in parameters.iter().filter(|parameter| parameter.needs_rule) {
            match parameter.place {
                In::Header => {
                    headers.insert(parameter.name.clone(), json!("x"));
                }
                _ => query.push(format!("{}=x", parameter.name)),
            }
        }
        let mut path = resource.path.split('/').map(|segment| self.value_of(segment)).collect::<Vec<_>>().join("/");
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        case.insert("path".to_owned(), json!(path));
        if body.is_some() {
            let names = operation.body.iter().flat_map(|body| &body.media_types);
            let name = names.clone().find(|name| name.ends_with("json")).or_else(|| names.clone().next());
            headers.insert("Content-Type".to_owned(), json!(name.map_or("application/json", String::as_str)));
        }
        case.insert("headers".to_owned(), Json::Object(headers));
        if let Some(body) = &body {
            case.insert("body".to_owned(), body.clone());
        }
        let acted_on: Vec<&Fact> = self.facts.iter().filter(|fact| fact.operations.contains(&operation.id)).collect();
        let mut facts = Map::new();
        for fact in &acted_on {
            let variable = fact.path.rsplit('/').next().unwrap_or_default();
            let id = self.value_of(variable);
            facts.insert(fact.name.clone(), example(fact, self.answers.get(&fact.read_by), self.components, &id));
        }
        if !facts.is_empty() {
            case.insert("facts".to_owned(), Json::Object(facts));
        }
        found.bases.insert(id.to_owned(), Json::Object(case));
        let mut add = |name: String, set: Option<(&str, Json)>, expect: Json| {
            let mut case = Map::new();
            case.insert("name".to_owned(), json!(name));
            case.insert("base".to_owned(), json!(id));
            match set {
                Some(("", place)) => {
                    case.insert("unset".to_owned(), json!([place]));
                }
                Some((place, value)) => {
                    case.insert("set".to_owned(), json!({ place: value }));
                }
                None => {}
            }
            case.insert("expect".to_owned(), expect);
            found.cases.push(Json::Object(case));
        };
        add(format!("{id} passes"), None, json!("allow"));
        if let (Some(body), Some(of_body)) = (&body, &operation.body) {
            for (name, rule) in self.missing(body, &of_body.schema) {
                let expect = json!({ "status": 400, "rules": [rule] });
                let place = format!("/body/{}", solgate_document::pointer::escape(&name));
                add(format!("{id} needs {name}"), Some(("", json!(place))), expect);
            }
        }
        for fact in &acted_on {
            let place = format!("/facts/{}", fact.name);
            let expect = json!({ "status": 404, "rules": [existence_id(fact)] });
            add(
                format!("{id} needs a {} that is there", fact.called),
                Some((&place, json!({ "status": 404 }))),
                expect,
            );
        }
        if parameters.iter().any(|parameter| parameter.kind == Some("filter")) {
            let place = format!("{path}{}filter=(eq", if path.contains('?') { "&" } else { "?" });
            let expect = json!({ "status": 400, "rules": ["query.filter.syntax"] });
            add(format!("{id} refuses a filter that does not end"), Some(("/path", json!(place))), expect);
        }
        if has_version {
            let expect = json!({ "status": 406, "rules": ["header.version.supported"] });
            add(format!("{id} is of this version"), Some(("/headers/Version", json!("99.0.0"))), expect);
        }
    }

    /// The members that a body must have, each with the rule that says so; those that the
    /// schema itself requires, whatever alternatives there are.
    fn missing(&self, body: &Json, schema: &str) -> Vec<(String, String)> {
        let Some(rule) = self.rules.of_type.get(schema) else { return Vec::new() };
        let Some(schema) = self.components.get(schema).map(|schema| followed(self.components, schema)) else {
            return Vec::new();
        };
        let alternatives = ["anyOf", "oneOf", "not", "if", "dependentRequired", "minProperties"];
        if alternatives.iter().any(|keyword| schema.get(keyword).is_some()) {
            return Vec::new();
        }
        let names = schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        let is_described =
            |name: &&str| schema.get("properties").is_some_and(|properties| properties.get(name).is_some());
        names
            .filter(|name| body.get(name).is_some())
            .filter(is_described)
            .map(|name| {
                let rule = if self.fine { format!("{rule}.{}", kebab(name)) } else { rule.clone() };
                (name.to_owned(), rule)
            })
            .collect()
    }

    /// What stands for a segment of a path: `ns-instance-1` for `{nsInstanceId}`.
    fn value_of(&self, segment: &str) -> String {
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => {
                let name = kebab(name);
                format!("{}-1", name.strip_suffix("-id").unwrap_or(&name))
            }
            None => segment.to_owned(),
        }
    }
}
