//! The request of a case, as a gate is asked it.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use solgate::facts::{MapFacts, map::MapFactsError};
use solgate_author::check::{Asked, Message};
use solgate_cases::{Case, FactGiven};
use solgate_engine::verdict::Setting;

/// What a case asks, with settings beside its own.
///
/// # Errors
/// If its facts are not what the VNFM could answer.
pub fn of_case(case: &Case, settings: Vec<Setting>) -> Result<Asked, MapFactsError> {
    let fields = case.fields.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    Ok(Asked {
        message: Message {
            method: case.method.clone(),
            target: case.target.clone(),
            fields,
            body: case.body.clone().into(),
        },
        body_complete: case.body_complete,
        caller: case.caller.clone(),
        received_at: UNIX_EPOCH.checked_add(Duration::from_millis(case.at)).unwrap_or(UNIX_EPOCH),
        facts: MapFacts::from_value(&facts(case))?,
        settings: case.settings.iter().cloned().chain(settings).collect(),
        mode: case.mode,
        policies: Vec::new(),
    })
}

/// The facts of a case, as the file of `--facts` has them.
#[must_use]
pub fn facts(case: &Case) -> Value {
    let facts: Map<String, Value> = case.facts.iter().map(|(name, given)| (name.clone(), answer(given))).collect();
    Value::Object(facts)
}

fn answer(given: &FactGiven) -> Value {
    match given {
        FactGiven::Found { etag: None, body } => json!({ "status": 200, "body": body }),
        FactGiven::Found { etag: Some(etag), body } => json!({ "status": 200, "etag": etag, "body": body }),
        FactGiven::Absent => json!({ "status": 404 }),
        FactGiven::Withheld => json!({ "status": 403 }),
        FactGiven::Unavailable => json!({ "status": 503 }),
    }
}
