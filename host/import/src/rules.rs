//! The rules of a bundle: one for each request type, or one for each member.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use crate::facts::Fact;
use crate::operations::Resource;
use crate::parameters::In;
use crate::root::About;
use crate::tree::{reference, references};
use crate::words::{clause, kebab};

/// Longest id of a rule, in bytes.
const LONGEST: usize = 128;

pub(crate) struct Rules {
    /// Those of schemas, by id.
    of_schemas: BTreeMap<String, Json>,
    order: Vec<String>,
    used: BTreeSet<String>,
    /// The rule of each request type.
    pub of_type: BTreeMap<String, String>,
}

/// Gives every schema that a request body reaches a rule.
pub(crate) fn annotate(
    resources: &[Resource<'_>],
    components: &mut Map<String, Json>,
    about: &About,
    fine: bool,
) -> Rules {
    let mut rules =
        Rules { of_schemas: BTreeMap::new(), order: Vec::new(), used: BTreeSet::new(), of_type: BTreeMap::new() };
    let mut types = Vec::new();
    for operation in resources.iter().flat_map(|resource| &resource.operations) {
        let Some(body) = &operation.body else { continue };
        if !rules.of_type.contains_key(&body.schema) {
            let id = unused(&kebab(&body.schema), &mut rules.used);
            rules.of_type.insert(body.schema.clone(), id);
            let found =
                body.clause.clone().or_else(|| own_clause(components.get(&body.schema))).or(operation.clause.clone());
            types.push((body.schema.clone(), found));
        }
    }
    for (name, clause) in &types {
        let Some(id) = rules.of_type.get(name).cloned() else { continue };
        let title = format!("The body does not match {name}");
        let doc = format!("The body has to match the schema {name}. The answer names each place that does not.");
        rules.add(&id, title, about.clause(clause.as_ref()), &doc);
        if let Some(schema) = components.get_mut(name) {
            put_rule(schema, &id);
        }
    }
    if fine {
        let mut open: Vec<String> = types.into_iter().map(|(name, _)| name).collect();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut next = 0_usize;
        while let Some(name) = open.get(next).cloned() {
            next = next.saturating_add(1);
            if !seen.insert(name.clone()) {
                continue;
            }
            let Some(schema) = components.get_mut(&name) else { continue };
            references(schema, &mut open);
            let of_type = rules.of_type.get(&name).cloned();
            let id = of_type.unwrap_or_else(|| unused(&kebab(&name), &mut rules.used));
            let clause = about.clause(own_clause(Some(schema)).as_ref());
            rules.members(schema, &id, &name, clause.as_deref());
        }
    }
    rules
}

/// The clause that the description of a schema names.
fn own_clause(schema: Option<&Json>) -> Option<(String, Option<String>)> {
    clause(schema?.get("description")?.as_str()?)
}

fn unused(id: &str, used: &mut BTreeSet<String>) -> String {
    let numbered = (2_u32..).map(|number| format!("{id}-{number}"));
    let mut ids = std::iter::once(id.to_owned()).chain(numbered);
    let found = ids.find(|id| !used.contains(id)).unwrap_or_else(|| id.to_owned());
    used.insert(found.clone());
    found
}

fn put_rule(schema: &mut Json, id: &str) {
    match schema {
        Json::Object(members) => {
            members.entry("x-rule").or_insert_with(|| json!(id));
        }
        // Nothing fits, which only a mapping can say with a rule.
        Json::Bool(false) => *schema = json!({ "not": {}, "x-rule": id }),
        _ => *schema = json!({ "x-rule": id }),
    }
}

impl Rules {
    fn add(&mut self, id: &str, title: String, clause: Option<String>, doc: &str) {
        if self.of_schemas.contains_key(id) {
            return;
        }
        let mut rule = Map::new();
        rule.insert("id".to_owned(), json!(id));
        rule.insert("otherwise".to_owned(), json!({ "title": title }));
        if let Some(clause) = clause {
            rule.insert("clause".to_owned(), json!(clause));
        }
        if !doc.is_empty() {
            rule.insert("doc".to_owned(), json!(doc));
        }
        self.of_schemas.insert(id.to_owned(), Json::Object(rule));
        self.order.push(id.to_owned());
    }

    /// A rule for each member of an object that is described here, however deep.
    fn members(&mut self, schema: &mut Json, above: &str, named: &str, clause: Option<&str>) {
        let Some(keywords) = schema.as_object_mut() else { return };
        let required = keywords.get("required").cloned().unwrap_or_default();
        let is_required =
            |member: &str| required.as_array().is_some_and(|names| names.iter().any(|name| name == member));
        for (keyword, value) in keywords {
            match (keyword.as_str(), value) {
                ("properties", Json::Object(members)) => {
                    for (member, schema) in members {
                        let id = self.id_of(above, member);
                        let named = format!("{named}.{member}");
                        let text = schema.get("description").and_then(Json::as_str).unwrap_or_default().to_owned();
                        let what = if is_required(member) { "is missing, or is not" } else { "is not" };
                        let title = format!("{named} {what} as the API describes it");
                        self.add(&id, title, clause.map(str::to_owned), &text);
                        put_rule(schema, &id);
                        self.members(schema, &id, &named, clause);
                    }
                }
                ("allOf" | "anyOf" | "oneOf", Json::Array(items)) => {
                    items.iter_mut().for_each(|schema| self.members(schema, above, named, clause));
                }
                ("items" | "additionalProperties" | "then" | "else", schema) => {
                    self.members(schema, above, named, clause);
                }
                _ => {}
            }
        }
    }

    /// The rule of a member. Where the way to it is too long, its last part alone says which.
    fn id_of(&mut self, above: &str, member: &str) -> String {
        let id = format!("{above}.{}", kebab(member));
        if id.len() <= LONGEST {
            return id;
        }
        let named = above.split('.').next().unwrap_or_default();
        let last = above.rsplit('.').next().unwrap_or_default();
        let short: String =
            format!("{named}.{last}.{}", kebab(member)).chars().take(LONGEST.saturating_sub(8)).collect();
        unused(short.trim_end_matches(['.', '-']), &mut self.used)
    }

    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The rules that schemas name, in the order in which they are met.
    pub fn written(&self) -> Vec<&Json> {
        self.order.iter().filter_map(|id| self.of_schemas.get(id)).collect()
    }
}

impl About {
    /// A clause with the document that it is in.
    fn clause(&self, found: Option<&(String, Option<String>)>) -> Option<String> {
        let (number, document) = found?;
        let document = document.as_ref().or(self.standard.as_ref());
        Some(document.map_or_else(|| number.clone(), |document| format!("{document}, {number}")))
    }
}

/// Rules about parameters that must be there, which the engine does not look at.
pub(crate) fn of_parameters(resources: &[Resource<'_>]) -> Vec<Json> {
    let mut places: BTreeMap<(bool, String), Vec<String>> = BTreeMap::new();
    let mut order = Vec::new();
    for resource in resources {
        for operation in &resource.operations {
            for parameter in resource.parameters_of(operation).filter(|parameter| parameter.needs_rule) {
                let is_header = parameter.place == In::Header;
                let name = if is_header { parameter.name.to_ascii_lowercase() } else { parameter.name.clone() };
                let key = (is_header, name);
                if !places.contains_key(&key) {
                    order.push(key.clone());
                }
                places.entry(key).or_default().push(operation.id.clone());
            }
        }
    }
    let mut rules = Vec::new();
    for key in order {
        let operations = places.get(&key).cloned().unwrap_or_default();
        let (is_header, name) = &key;
        let (map, member) = if *is_header { ("headers", "header") } else { ("query", "parameter") };
        let mut rule = Map::new();
        rule.insert("id".to_owned(), json!(format!("{map}.{}.required", kebab(name))));
        rule.insert("operations".to_owned(), json!(operations));
        rule.insert("require".to_owned(), json!(format!("'{}' in {map}", name.replace(['\'', '\\'], ""))));
        rule.insert(member.to_owned(), json!(name));
        let what = if *is_header { "header field" } else { "query parameter" };
        rule.insert("otherwise".to_owned(), json!({ "status": 400, "title": format!("The {what} {name} is missing") }));
        rules.push(Json::Object(rule));
    }
    rules
}

/// The rules that a resource has to exist.
pub(crate) fn of_existence(facts: &[Fact]) -> Vec<Json> {
    facts
        .iter()
        .map(|fact| {
            json!({
                "id": existence_id(fact),
                "operations": fact.operations,
                "exists": fact.name,
                "otherwise": { "title": format!("There is no such {}", fact.called) },
                "clause": "ETSI GS NFV-SOL 013, 6.4",
                "doc": "It has been deleted, or the identifier is wrong.",
            })
        })
        .collect()
}

pub(crate) fn existence_id(fact: &Fact) -> String {
    format!("{}.exists", kebab(&fact.name))
}

/// The names of components that values reach, themselves included.
pub(crate) fn reached<'v>(values: impl Iterator<Item = &'v Json>, components: &Map<String, Json>) -> BTreeSet<String> {
    let mut open = Vec::new();
    for value in values {
        references(value, &mut open);
        open.extend(reference(value).map(str::to_owned));
    }
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(schema) = components.get(&name).filter(|_| !found.contains(&name)) {
            references(schema, &mut open);
            found.insert(name);
        }
    }
    found
}
