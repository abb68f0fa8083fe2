//! A request judged, and how its verdict came about, as `solgate explain` says it.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use solgate::gate::Gate;
use solgate_author::check::{self, CheckError, GateOrder};
use solgate_author::explain::{explain, traced_gate};
use tokio::runtime::Handle;

use super::asked::Scene;
use super::{Desk, milliseconds, with};
use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::opened::Subject;

pub(super) fn judge(desk: &Desk, mut scene: Scene, runtime: &Handle) -> Result<Answer, Fault> {
    let subject = desk.opened.subject(std::mem::take(&mut scene.files))?;
    let asked = scene.asked()?;
    let start = Instant::now();
    let refused = |error: CheckError| Fault::Unreadable(error.to_string());
    let verdict = match &subject.bundle {
        Some(bundle) => {
            let bundles = vec![bundle.clone()];
            runtime.block_on(explain(asked, |order| traced_gate(bundles, &order))).map_err(refused)?.json()
        }
        // A policy in another language says what it decides, and not how.
        None => {
            let policy = desk.opened.unsandboxed(&subject)?;
            let gate_for = |order: GateOrder| {
                let gate = Gate::new(vec![Arc::clone(&policy)], order.facts).with_settings(order.settings)?;
                Ok::<_, solgate::gate::SettingError>(gate.with_mode(order.mode))
            };
            let prepared = check::prepare(asked, gate_for).map_err(refused)?;
            let (report, missing) = runtime.block_on(prepared.judge());
            if !missing.is_empty() {
                return Err(refused(CheckError::MissingFacts(missing)));
            }
            with(report.json(), [("explanation", Value::Null)])
        }
    };
    let took = milliseconds(start);
    Ok(answer::json(&with(
        verdict,
        [("milliseconds", json!(took)), ("places", subject.places()), ("titles", titles(&subject))],
    )))
}

/// What each rule says is wrong, by id.
fn titles(subject: &Subject) -> Value {
    subject.manifest.rules.iter().map(|rule| (rule.id.clone(), Value::from(rule.title.as_str()))).collect()
}
