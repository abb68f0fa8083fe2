//! The facts that were given, and the facts that were missing.

use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use solgate::facts::expand::expand;
use solgate::facts::{Fact, FactRequest, FactSource, MapFacts};

/// A fact that the verdict depends on and that nobody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFact {
    pub name: String,
    /// What would be asked of the VNFM.
    pub target: Option<String>,
    /// What its answer could be.
    pub example: Value,
}

/// A document of facts that remembers what it was asked for in vain.
pub struct GivenFacts {
    facts: MapFacts,
    missing: Mutex<Vec<MissingFact>>,
}

impl GivenFacts {
    pub fn new(facts: MapFacts) -> Self {
        Self { facts, missing: Mutex::default() }
    }

    /// What was missing so far, in the order of the questions.
    pub fn missing(&self) -> Vec<MissingFact> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, request: &FactRequest<'_>) {
        let template = request.template;
        let members: Map<String, Value> =
            template.members.iter().map(|member| (member.clone(), Value::from("..."))).collect();
        let missing = MissingFact {
            name: template.name.clone(),
            target: expand(template, request.variables, request.api_root).ok().map(|target| target.to_string()),
            example: if template.list { Value::Array(Vec::new()) } else { Value::Object(members) },
        };
        let mut list = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if !list.contains(&missing) {
            list.push(missing);
        }
    }
}

impl FactSource for GivenFacts {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        if !self.facts.has(&request) {
            self.note(&request);
        }
        self.facts.fetch(request).boxed()
    }
}

/// The missing facts in one sentence.
pub fn sentence(missing: &[MissingFact]) -> String {
    let names: Vec<String> = missing
        .iter()
        .map(|fact| match &fact.target {
            Some(target) => format!("{} (GET {target})", fact.name),
            None => fact.name.clone(),
        })
        .collect();
    let example: Map<String, Value> = missing.iter().map(|fact| (fact.name.clone(), fact.example.clone())).collect();
    format!(
        "the verdict depends on what the VNFM would answer for {}, and that was not given: put it into the file of --facts, \
         for example {} (or {{\"status\":404}} for what is absent)",
        names.join(" and "),
        Value::Object(example)
    )
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::check::error::CheckError;
    use solgate::facts::{FactAnswer, FactTemplate};

    fn template(name: &str, list: bool) -> FactTemplate {
        FactTemplate {
            name: name.into(),
            path: format!("/{name}/{{id}}"),
            query: vec![],
            plain_on_400: false,
            members: vec!["id".into(), "state".into()],
            list,
        }
    }

    #[tokio::test]
    async fn facts_asked_for_in_vain_are_named_with_an_example() {
        let facts = MapFacts::from_value(&json!({"down": {"status": 503}, "there": {}})).unwrap();
        let given = GivenFacts::new(facts);
        let variables = [("id".to_owned(), "i1".to_owned())];
        let headers = HeaderMap::new();
        for (name, list) in [("there", false), ("down", false), ("occ", false), ("ops", true), ("occ", false)] {
            let template = template(name, list);
            let request = FactRequest {
                template: &template,
                variables: &variables,
                api_root: "/vnflcm/v2",
                headers: &headers,
                fresh: false,
            };
            let found = matches!(given.fetch(request).await.answer, FactAnswer::Found { .. });
            assert_eq!(found, name == "there", "{name}");
        }
        assert_eq!(
            CheckError::MissingFacts(given.missing()).to_string(),
            "the verdict depends on what the VNFM would answer for occ (GET /vnflcm/v2/occ/i1) and ops (GET /vnflcm/v2/ops/i1), \
             and that was not given: put it into the file of --facts, for example \
             {\"occ\":{\"id\":\"...\",\"state\":\"...\"},\"ops\":[]} (or {\"status\":404} for what is absent)"
        );
    }
}
