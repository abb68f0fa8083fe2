//! The library: a gate, asked directly.

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use solgate::facts::expand::expand;
use solgate::facts::{Fact, FactRequest, FactSource, MapFacts};
use solgate::gate::{Gate, Verdict};
use solgate_cases::FactGiven;

use super::asked::{Answers, Asked, Said};
use crate::built_in_policies;

/// A fact that was asked for, and what the VNFM answered.
pub struct Given {
    pub name: String,
    /// Path and query that the VNFM is asked for.
    pub target: Option<String>,
    pub status: u16,
    pub etag: Option<String>,
    pub body: Value,
}

impl Given {
    /// As an entry of a document of facts.
    pub fn document(&self) -> Value {
        match (self.status, &self.etag) {
            (200, Some(etag)) => json!({"status": 200, "etag": etag, "body": self.body}),
            (200, None) => json!({"status": 200, "body": self.body}),
            (status, _) => json!({"status": status}),
        }
    }
}

/// The VNFM of a case, which remembers what it was asked.
struct Source {
    answer: Answers,
    given: Arc<Mutex<Vec<Given>>>,
}

impl FactSource for Source {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        let (status, etag, body) = match (self.answer)(&request).expect("the case gives every fact that is asked for") {
            FactGiven::Found { etag, body } => (200, etag, body),
            FactGiven::Absent => (404, None, Value::Null),
            FactGiven::Withheld => (403, None, Value::Null),
            FactGiven::Unavailable => (503, None, Value::Null),
        };
        let name = request.template.name.clone();
        let target = expand(request.template, request.variables, request.api_root).ok().map(|t| t.to_string());
        let given = Given { name: name.clone(), target, status, etag, body };
        let facts = MapFacts::from_value(&json!({name: given.document()})).expect("it is an answer");
        self.given.lock().unwrap().push(given);
        async move { facts.fetch(request).await }.boxed()
    }
}

/// A gate with the settings of a case, and what its VNFM will have been asked.
pub fn gate(asked: &Asked) -> (Gate, Arc<Mutex<Vec<Given>>>) {
    let given = Arc::new(Mutex::new(Vec::new()));
    let source = Source { answer: Arc::clone(&asked.answer), given: Arc::clone(&given) };
    let gate = Gate::new(built_in_policies(), Arc::new(source))
        .with_settings(asked.case.settings.clone())
        .expect("the policy has these settings")
        .with_mode(asked.case.mode);
    (gate, given)
}

/// What the library says, and the facts on which that rests.
pub fn judge(asked: &Asked) -> (Option<Said>, Vec<Given>) {
    let (gate, given) = gate(asked);
    let case = &asked.case;
    let fields: Vec<(&str, &str)> = case.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut request = crate::request(&case.method, &case.target, &fields, &case.body);
    // As a door that stops reading at the limit.
    request.body_complete = request.body.len() <= gate.body_limit();
    request.body.truncate(gate.body_limit());
    request.caller.clone_from(&case.caller);
    request.received_at = UNIX_EPOCH + Duration::from_millis(case.at);
    let decision = gate.judge(&request).now_or_never().expect("the facts are there");
    let said = match decision.verdict {
        Verdict::Allow => None,
        Verdict::Deny(problem) => Some(said(&case.method, &problem.response(gate.style()))),
    };
    let given = std::mem::take(&mut *given.lock().unwrap());
    (said, given)
}

/// An answer as a client gets it.
pub fn said(method: &str, response: &http::Response<Bytes>) -> Said {
    let fields = response.headers().iter().filter(|(name, _)| *name != "content-length");
    Said {
        status: response.status().as_u16(),
        fields: fields
            .map(|(name, value)| (name.to_string(), value.to_str().expect("it is text").to_owned()))
            .collect(),
        problem: match method {
            "HEAD" => Value::Null,
            _ => serde_json::from_slice(response.body()).expect("it is JSON"),
        },
    }
}
