//! What is asked of every door, and what a door says.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use solgate::facts::FactRequest;
use solgate::gate::{Mode, Setting};
use solgate_bundle::BuildOptions;
use solgate_cases::{Case, FactGiven};

use crate::domain::{self, DomainCase, Vnfm};
use crate::{default_policy, workspace};

/// A VNFM that is asked for facts; `None` if nobody says what it answers.
pub type Answers = Arc<dyn Fn(&FactRequest<'_>) -> Option<FactGiven> + Send + Sync>;

/// A request, the settings under which it is judged, and a VNFM.
pub struct Asked {
    pub label: String,
    pub case: Case,
    pub sent: Sent,
    pub answer: Answers,
}

/// How a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// With Content-Length.
    WithLength,
    /// In chunks.
    Chunked,
}

/// A denial as a client gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub status: u16,
    /// All but those that are about the connection and the length.
    pub fields: BTreeMap<String, String>,
    /// Null in the answer to a HEAD.
    pub problem: Value,
}

impl Said {
    /// The rules of the violations.
    pub fn rules(said: &Option<Self>) -> Vec<&str> {
        let violations = said.as_ref().and_then(|said| said.problem["violations"].as_array());
        violations.into_iter().flatten().filter_map(|violation| violation["rule"].as_str()).collect()
    }
}

impl Asked {
    /// What differs from the policy's own settings, as one text: requests with the
    /// same are judged by the same gate.
    pub fn group(&self) -> String {
        let settings: Vec<Value> = self
            .case
            .settings
            .iter()
            .map(|setting| match setting {
                Setting::Option { name, value } => json!([name, value]),
                Setting::Severity { rule, severity } => json!([rule, severity]),
            })
            .collect();
        format!("{} {}", if self.case.mode == Mode::Monitor { "monitor" } else { "enforce" }, json!(settings))
    }
}

/// The cases of the default policy; not those that say `bodyComplete: false` of a
/// short body: a door finds out itself whether it has the whole.
pub fn of_the_bundle() -> Vec<Asked> {
    let limit = default_policy().body_limit();
    let compiled = solgate_bundle::compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default());
    let cases = compiled.expect("it compiles").cases.into_iter();
    cases
        .filter(|case| case.body_complete || case.body.len() > limit)
        .map(|case| {
            let facts = case.facts.clone();
            Asked {
                label: case.name.clone(),
                case,
                sent: Sent::WithLength,
                answer: Arc::new(move |request| facts.get(&request.template.name).cloned()),
            }
        })
        .collect()
}

/// The cases of the domain, each in the profiles that `profiles` chooses.
pub fn of_the_domain(cases: &[DomainCase], profiles: impl Fn(&DomainCase) -> Vec<String>) -> Vec<Asked> {
    let mut all = Vec::new();
    for case in cases {
        for profile in profiles(case) {
            let vnfm = Vnfm::new(&case.state);
            let mut own = case.case().expect("it is a case");
            own.settings = domain::settings(&profile);
            all.push(Asked {
                label: format!("{} in the profile {profile}", case.id),
                case: own,
                sent: Sent::WithLength,
                answer: Arc::new(move |request| {
                    Some(vnfm.answer(&request.template.path, &request.template.query, request.variables))
                }),
            });
        }
    }
    all
}
