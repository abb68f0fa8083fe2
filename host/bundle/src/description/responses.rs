//! The answers: those of the VNFM, those of the rules, and those that any request may
//! get.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use solgate_engine::ir::{Bundle, Operation, Rule, RuleKind};

use crate::book::{Places, all_rules, places};

/// The name of the schema of refusals.
pub(super) const PROBLEM: &str = "SolgateProblemDetails";

/// The option with the status for a body that its schema refuses.
const SCHEMA_STATUS: &str = "schemaErrorStatus";

/// What is answered whatever the operation is: faults of the transport, of the VNFM
/// and of the gate.
const FAULTS: &[(u16, &str)] = &[
    (400, "The request is malformed, or can be read in two ways"),
    (404, "There is no such resource"),
    (405, "The resource does not have this method"),
    (408, "The request came too slowly"),
    (413, "The body is too large"),
    (414, "The target is too long"),
    (415, "The body has a content coding"),
    (429, "This client, caller or tenant has as much as it may; see Retry-After"),
    (431, "The head is too large"),
    (500, "The gate or its policy failed; the request was not judged"),
    (501, "The transfer coding is not known"),
    (502, "The VNFM or NFVO broke off"),
    (503, "The VNFM or NFVO cannot be reached, or the gate is overloaded; see Retry-After"),
    (504, "The VNFM or NFVO did not answer in time"),
    (505, "The version of HTTP is not supported"),
];

pub(super) struct Responses<'b> {
    bundle: &'b Bundle,
    rules: Vec<Rule>,
    places: BTreeMap<String, Places>,
}

impl<'b> Responses<'b> {
    pub(super) fn new(bundle: &'b Bundle) -> Self {
        Self { bundle, rules: all_rules(bundle), places: places(bundle) }
    }

    /// By status, as references; those of the VNFM by class.
    pub(super) fn of(&self, operation: &Operation) -> Value {
        let mut responses = Map::new();
        for (class, what) in
            [("2XX", "The VNFM or NFVO has accepted the request"), ("3XX", "The VNFM or NFVO refers elsewhere")]
        {
            responses.insert(class.to_owned(), json!({ "description": what }));
        }
        let faults = FAULTS.iter().map(|(status, _)| *status);
        let statuses: BTreeSet<u16> = self.statuses(operation).chain(faults).collect();
        for status in statuses {
            responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") }));
        }
        Value::Object(responses)
    }

    /// What the operations refer to.
    pub(super) fn components(&self) -> Value {
        let mut described: BTreeMap<u16, String> =
            FAULTS.iter().map(|(status, what)| (*status, (*what).to_owned())).collect();
        for status in self.bundle.operations.iter().flat_map(|operation| self.statuses(operation)) {
            described.entry(status).or_insert_with(|| "A rule refuses the request".to_owned());
        }
        let components = described.into_iter().map(|(status, what)| (status.to_string(), problem(status, &what)));
        Value::Object(components.collect())
    }

    /// Those of the rules that an operation may break.
    fn statuses(&self, operation: &Operation) -> impl Iterator<Item = u16> {
        let concerns = |rule: &&Rule| match self.places.get(&rule.id) {
            Some(places) if rule.operations.is_empty() => places.operations.contains(&operation.id),
            _ => rule.operations.is_empty() || rule.operations.contains(&operation.id),
        };
        self.rules.iter().filter(concerns).map(|rule| match rule.kind {
            RuleKind::Schema => self.schema_status().unwrap_or(rule.status),
            _ => rule.status,
        })
    }

    fn schema_status(&self) -> Option<u16> {
        let option = self.bundle.options.iter().find(|option| option.name == SCHEMA_STATUS)?;
        option.default.as_u64()?.try_into().ok()
    }
}

fn problem(status: u16, what: &str) -> Value {
    let schema = json!({ "schema": { "$ref": format!("#/components/schemas/{PROBLEM}") } });
    let mut headers = json!({ "Version": { "schema": { "type": "string" } } });
    if status == 405
        && let Some(headers) = headers.as_object_mut()
    {
        headers.insert("Allow".to_owned(), json!({ "required": true, "schema": { "type": "string" } }));
    }
    json!({ "description": what, "headers": headers, "content": { "application/problem+json": schema } })
}

/// ETSI GS NFV-SOL 013, 6.3, with what the gate adds to it.
pub(super) fn problem_details() -> Value {
    json!({
        "type": "object",
        "required": ["status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "minLength": 1 },
            "instance": { "type": "string" },
            "violations": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["rule", "detail"],
                    "properties": {
                        "rule": { "type": "string" },
                        "pointer": { "type": "string", "format": "json-pointer" },
                        "header": { "type": "string" },
                        "parameter": { "type": "string" },
                        "detail": { "type": "string" },
                        "clause": { "type": "string" },
                    },
                },
            },
        },
    })
}
