//! Which operation each state lets through.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Desk;
use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::opened::Files;

/// A bundle, and options that differ from its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct States {
    #[serde(default)]
    files: Files,
    #[serde(default)]
    options: BTreeMap<String, Value>,
}

pub(super) fn states(desk: &Desk, asked: States) -> Result<Answer, Fault> {
    let subject = desk.opened.subject(asked.files)?;
    let facts = solgate_bundle::states::states(subject.rules()?, &asked.options);
    Ok(answer::json(&json!({ "facts": facts })))
}
