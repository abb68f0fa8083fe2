//! A VNFM that answers from the state of a domain case.

use serde_json::{Map, Value, json};
use solgate_cases::FactGiven;

const FINAL: [&str; 3] = ["COMPLETED", "FAILED", "ROLLED_BACK"];
const NOBODY: &str = "ffffffff-0000-4000-8000-000000000000";
const START: &str = "2026-01-01T00:00:00Z";

/// The resources that a state describes.
#[derive(Debug, Default)]
pub struct Vnfm {
    instances: Vec<(Value, String)>,
    occurrences: Vec<Value>,
    subscriptions: Vec<(Value, String)>,
    snapshots: Vec<(Value, String)>,
}

fn members<'v>(state: &'v Value, name: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    state.get(name).and_then(Value::as_object).into_iter().flatten()
}

fn etag(value: &Value) -> String {
    value.get("etag").and_then(Value::as_str).unwrap_or("\"etag-1\"").to_owned()
}

impl Vnfm {
    #[must_use]
    pub fn new(state: &Value) -> Self {
        let plain = |name| {
            members(state, name)
                .map(|(id, own)| {
                    let mut whole = own.as_object().cloned().unwrap_or_default();
                    whole.insert("id".to_owned(), json!(id));
                    (Value::Object(whole), etag(own))
                })
                .collect()
        };
        Self {
            instances: members(state, "vnf_instances").map(|(id, own)| (instance(id, own), etag(own))).collect(),
            occurrences: occurrences(state),
            subscriptions: plain("subscriptions"),
            snapshots: plain("vnf_snapshots"),
        }
    }

    /// The answer to the request for a fact: path and query of its template, and
    /// the variables in them.
    #[must_use]
    pub fn answer(&self, path: &str, query: &[(String, Option<String>)], variables: &[(String, String)]) -> FactGiven {
        let expand = |template: &str| {
            variables
                .iter()
                .fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
        };
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let id = segments.get(1).map(|variable| expand(variable));
        match (segments.first().copied(), id) {
            (Some("vnf_lcm_op_occs"), None) => {
                let filter = query.iter().find(|(name, _)| name == "filter").and_then(|(_, value)| value.as_deref());
                let filter = expand(filter.unwrap_or_default());
                let found = self.occurrences.iter().filter(|occurrence| matches(occurrence, &filter));
                FactGiven::Found { etag: None, body: found.cloned().collect() }
            }
            (Some("vnf_lcm_op_occs"), Some(id)) => {
                one(self.occurrences.iter().map(|occurrence| (occurrence, None)), &id)
            }
            (Some("vnf_instances"), Some(id)) => one(tagged(&self.instances), &id),
            (Some("subscriptions"), Some(id)) => one(tagged(&self.subscriptions), &id),
            (Some("vnf_snapshots"), Some(id)) => one(tagged(&self.snapshots), &id),
            _ => FactGiven::Absent,
        }
    }
}

fn tagged(resources: &[(Value, String)]) -> impl Iterator<Item = (&Value, Option<String>)> {
    resources.iter().map(|(value, etag)| (value, Some(etag.clone())))
}

fn one<'v>(mut resources: impl Iterator<Item = (&'v Value, Option<String>)>, id: &str) -> FactGiven {
    resources
        .find(|(resource, _)| resource.get("id").and_then(Value::as_str) == Some(id))
        .map_or(FactGiven::Absent, |(body, etag)| FactGiven::Found { etag, body: body.clone() })
}

fn instance(id: &str, own: &Value) -> Value {
    let state = own.get("instantiationState").and_then(Value::as_str).unwrap_or("NOT_INSTANTIATED");
    let mut whole = json!({ "id": id, "vnfdId": "vnfd-1", "instantiationState": state, "_links": {} });
    if state == "INSTANTIATED" {
        let mut info = json!({ "flavourId": "default", "vnfState": "STARTED", "extCpInfo": [] });
        if let Some(aspects) = own.get("aspects").and_then(Value::as_object) {
            let levels = |index: usize| -> Value {
                aspects.iter().map(|(name, pair)| json!({ "aspectId": name, "scaleLevel": pair.get(index) })).collect()
            };
            set(&mut info, "scaleStatus", levels(0));
            set(&mut info, "maxScaleLevels", levels(1));
        }
        set(&mut whole, "instantiatedVnfInfo", info);
    }
    whole
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

fn occurrence(id: &str, instance: &str, operation: &str, state: &str) -> Value {
    json!({
        "id": id, "operationState": state, "stateEnteredTime": START, "startTime": START, "vnfInstanceId": instance,
        "operation": operation, "isAutomaticInvocation": false, "isCancelPending": false, "operationParams": Map::new(),
    })
}

/// Those that the state lists, and one for every instance that is said to be busy
/// although none of them shows it.
fn occurrences(state: &Value) -> Vec<Value> {
    let text = |own: &Value, name, default: &str| own.get(name).and_then(Value::as_str).unwrap_or(default).to_owned();
    let mut all: Vec<Value> = members(state, "vnf_lcm_op_occs")
        .map(|(id, own)| {
            let instance = text(own, "vnfInstanceId", NOBODY);
            occurrence(id, &instance, &text(own, "operation", "INSTANTIATE"), &text(own, "operationState", "COMPLETED"))
        })
        .collect();
    for (id, own) in members(state, "vnf_instances") {
        let open = |occurrence: &Value| {
            text(occurrence, "vnfInstanceId", "") == *id
                && !FINAL.contains(&text(occurrence, "operationState", "").as_str())
        };
        if own.get("operationInProgress") == Some(&json!(true)) && !all.iter().any(open) {
            all.push(occurrence(&format!("occurrence-of-{id}"), id, "SCALE", "PROCESSING"));
        }
    }
    all
}

/// As much of the filter language as the facts use: `eq` and `in`.
fn matches(occurrence: &Value, filter: &str) -> bool {
    filter.split(';').filter(|term| !term.is_empty()).all(|term| {
        let mut parts = term.trim_start_matches('(').trim_end_matches(')').split(',');
        let (_operator, attribute) = (parts.next(), parts.next().unwrap_or_default());
        let found = occurrence.get(attribute).and_then(Value::as_str);
        parts.any(|value| Some(value.trim_matches('\'')) == found)
    })
}
