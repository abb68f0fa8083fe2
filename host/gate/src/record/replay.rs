//! Judges a recorded request again, with other policies.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{FactOutcome, Record, RecordedBody, RecordedFactFailure, RecordedMode, RecordedVerdict};
use crate::Request;
use crate::facts::MapFacts;
use crate::gate::{FactFailure, Gate, Mode, Setting, SettingError};
use crate::policy::Policy;
use crate::request::Caller;

/// Why a record cannot be judged again.
#[derive(Debug, thiserror::Error)]
pub enum NotReplayed {
    #[error("its body of {0} bytes was not recorded; start the gate with --log-bodies")]
    NoBody(usize),
    #[error("its body was not recorded: {0}")]
    Withheld(String),
    #[error("it was recorded in part: {0}")]
    Partial(String),
    #[error("the gate itself failed at that time ({0}); there is no verdict to compare with")]
    Fault(String),
    #[error("the policy needs the fact {0}, which the gate did not fetch at that time")]
    NoFact(String),
    #[error("the record is damaged: its {0} cannot be read")]
    Damaged(&'static str),
    #[error("the recorded settings do not fit this policy: {0}")]
    Settings(#[from] SettingError),
}

/// Judges records again by the same policies.
pub struct Replay {
    policies: Vec<Arc<Policy>>,
    /// By what records say of their gates: it is the same for many of them.
    gates: HashMap<String, Arc<Gate>>,
}

/// Gates of so many settings are kept.
const GATES: usize = 64;

impl Replay {
    /// By these policies.
    #[must_use]
    pub fn new(policies: Vec<Arc<Policy>>) -> Self {
        Self { policies, gates: HashMap::new() }
    }

    /// Judges a request again: with the facts, the settings, the caller and the time of
    /// then.
    ///
    /// # Errors
    /// If the record does not hold what the verdict rests on.
    pub async fn judge(&mut self, record: &Record) -> Result<RecordedVerdict, NotReplayed> {
        if record.verdict.fault {
            return Err(NotReplayed::Fault(record.verdict.rule.clone().unwrap_or_default()));
        }
        if let Some(reason) = &record.partial {
            return Err(NotReplayed::Partial(reason.clone()));
        }
        let request = record.request()?;
        let facts = MapFacts::from_value(&record.answers()?).map_err(|_| NotReplayed::Damaged("facts"))?;
        let gate = self.gate(record)?;
        let decision = gate.judge_with(&request, &facts).await;
        let recorded = |name: &String| record.facts.iter().any(|fact| fact.name == *name);
        if let Some(missing) = decision.facts.iter().map(|fact| &fact.name).find(|name| !recorded(name)) {
            return Err(NotReplayed::NoFact(missing.clone()));
        }
        Ok(RecordedVerdict::from(&decision))
    }

    fn gate(&mut self, record: &Record) -> Result<Arc<Gate>, NotReplayed> {
        let context = &record.context;
        let said = json!([context.mode, context.fact_failure, context.options, context.severity]).to_string();
        if let Some(gate) = self.gates.get(&said) {
            return Ok(Arc::clone(gate));
        }
        let gate = Arc::new(record.gate(self.policies.clone())?);
        if self.gates.len() >= GATES {
            self.gates.clear();
        }
        self.gates.insert(said, Arc::clone(&gate));
        Ok(gate)
    }
}

impl Record {
    /// The gate of then, with these policies and without facts.
    fn gate(&self, policies: Vec<Arc<Policy>>) -> Result<Gate, SettingError> {
        let mode = match self.context.mode {
            RecordedMode::Enforce => Mode::Enforce,
            RecordedMode::Monitor => Mode::Monitor,
        };
        let fact_failure = match self.context.fact_failure {
            RecordedFactFailure::Deny => FactFailure::Deny,
            RecordedFactFailure::Pass => FactFailure::Pass,
        };
        let gate = Gate::new(policies, Arc::new(MapFacts::default())).with_settings(self.settings())?;
        Ok(gate.with_mode(mode).with_fact_failure(fact_failure))
    }

    fn request(&self) -> Result<Request, NotReplayed> {
        let recorded = &self.request;
        let mut headers = HeaderMap::new();
        for (name, value) in &recorded.fields {
            let name = HeaderName::try_from(name).map_err(|_| NotReplayed::Damaged("header fields"))?;
            let value = HeaderValue::try_from(value).map_err(|_| NotReplayed::Damaged("header fields"))?;
            headers.append(name, value);
        }
        let body = match &recorded.body {
            None if recorded.body_bytes == 0 => Bytes::new(),
            None => return Err(NotReplayed::NoBody(recorded.body_bytes)),
            Some(RecordedBody::Withheld { withheld, .. }) => return Err(NotReplayed::Withheld(withheld.clone())),
            Some(RecordedBody::Text { text, .. }) => Bytes::copy_from_slice(text.as_bytes()),
            Some(RecordedBody::Base64 { base64 }) => {
                BASE64.decode(base64.as_bytes()).map_err(|_| NotReplayed::Damaged("body"))?.into()
            }
        };
        Ok(Request {
            method: recorded.method.clone(),
            target: recorded.target.clone(),
            headers,
            body,
            body_complete: recorded.body_complete,
            caller: self.context.caller.as_ref().map(|caller| Caller {
                subject: caller.subject.clone(),
                tenant: caller.tenant.clone(),
                roles: caller.roles.clone(),
                scopes: caller.scopes.clone(),
                certificate_names: caller.certificate_names.clone(),
                source_address: caller.source_address.clone(),
            }),
            received_at: self.received_at()?,
        })
    }

    fn received_at(&self) -> Result<SystemTime, NotReplayed> {
        humantime::parse_rfc3339(&self.time).map_err(|_| NotReplayed::Damaged("time"))
    }

    /// The facts as a document for [`MapFacts`]; of several answers the last counts.
    ///
    /// # Errors
    /// [`NotReplayed::Damaged`] if an answer that was found has no body.
    pub fn answers(&self) -> Result<Value, NotReplayed> {
        let mut facts = Map::new();
        for fact in &self.facts {
            let answer = match fact.outcome {
                FactOutcome::Found => {
                    let body = fact.body.as_ref().ok_or(NotReplayed::Damaged("facts"))?;
                    match &fact.etag {
                        Some(etag) => json!({"status": 200, "etag": etag, "body": body}),
                        None => json!({"status": 200, "body": body}),
                    }
                }
                FactOutcome::Absent => json!({"status": 404}),
                FactOutcome::Withheld => json!({"status": 403}),
                FactOutcome::Unavailable => json!({"status": 503}),
            };
            facts.insert(fact.name.clone(), answer);
        }
        Ok(json!({"facts": facts}))
    }

    fn settings(&self) -> Vec<Setting> {
        let options = self.context.options.iter();
        let options = options.map(|(name, value)| Setting::Option { name: name.clone(), value: value.clone() });
        let severities = self.context.severity.iter();
        let severities =
            severities.map(|(rule, severity)| Setting::Severity { rule: rule.clone(), severity: *severity });
        options.chain(severities).collect()
    }
}
