//! How often the VNFM is asked for facts: over all cases of a bundle, through the gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use solgate::Request;
use solgate::facts::{Fact, FactRequest, FactSource, MapFacts};
use solgate::gate::{FactFailure, Gate, Verdict};
use solgate::policy::Policy;
use solgate_bundle::Compiled;
use solgate_cases::{Case, FactGiven};
use solgate_engine::ir::{Bundle, RuleKind, Stage};

/// Requests to the VNFM beyond the one that is judged.
#[derive(Debug, Default)]
pub struct Asked {
    /// For each request that was allowed.
    pub allowed: Vec<usize>,
    /// For each that was denied for what it is, whatever the state of the VNFM.
    pub denied_by_request: Vec<usize>,
    /// For each that was denied for the state that the VNFM is in.
    pub denied_by_state: Vec<usize>,
    /// The cases that cost more than they may.
    pub too_many: Vec<TooMany>,
}

/// A case that costs the VNFM more than it may: anything for a denial that no state
/// decides, more than [`Asked::MOST`] for others.
#[derive(Debug)]
pub struct TooMany {
    /// Empty if the request is for none.
    pub operation: String,
    /// File, line and name.
    pub case: String,
    pub requests: usize,
}

impl Asked {
    /// What a request that is allowed may cost.
    pub const MOST: usize = 2;

    /// Puts every case of a bundle before a gate with the native policy.
    ///
    /// # Panics
    /// If the bundle's policy does not load, or a case has no form of a request.
    pub async fn count(compiled: &Compiled) -> Self {
        let policy =
            Arc::new(Policy::without_sandbox(solgate_unsandboxed::judge(compiled.bundle.clone()).expect("it loads")));
        let mut asked = Self::default();
        for case in &compiled.cases {
            asked.add(&policy, &compiled.bundle, case).await;
        }
        asked
    }

    async fn add(&mut self, policy: &Arc<Policy>, bundle: &Bundle, case: &Case) {
        let vnfm = Arc::new(Counting { vnfm: vnfm(case), asked: AtomicUsize::new(0) });
        let gate = Gate::new(vec![Arc::clone(policy)], Arc::clone(&vnfm) as Arc<dyn FactSource>)
            .with_settings(case.settings.clone())
            .expect("the settings of a case fit")
            .with_mode(case.mode)
            .with_fact_failure(FactFailure::Pass);
        let decision = gate.judge(&request(case)).await;
        let count = vnfm.asked.load(Ordering::Relaxed);
        let (counts, most) = match &decision.verdict {
            Verdict::Allow => (&mut self.allowed, Self::MOST),
            Verdict::Deny(problem) if problem.violations.iter().any(|broken| reads_state(bundle, &broken.rule)) => {
                (&mut self.denied_by_state, Self::MOST)
            }
            Verdict::Deny(_) => (&mut self.denied_by_request, 0),
        };
        counts.push(count);
        if count > most {
            let operation = decision.operation.unwrap_or_default();
            let case = format!("{}:{}: {}", case.file, case.line, case.name);
            self.too_many.push(TooMany { operation, case, requests: count });
        }
    }
}

/// Whether it takes a fact to find that a rule is broken.
fn reads_state(bundle: &Bundle, id: &str) -> bool {
    let Some(rule) = bundle.rules.iter().find(|rule| rule.id == id) else { return false };
    match &rule.kind {
        RuleKind::Exists { .. } | RuleKind::IfMatch { .. } => true,
        RuleKind::Require(require) => matches!(require.stage, Stage::Existence | Stage::State),
        RuleKind::Engine | RuleKind::Schema => false,
    }
}

/// Answers from a case, and counts.
struct Counting {
    vnfm: MapFacts,
    asked: AtomicUsize,
}

impl FactSource for Counting {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.vnfm.fetch(request)
    }
}

fn vnfm(case: &Case) -> MapFacts {
    let answer = |given: &FactGiven| match given {
        FactGiven::Found { etag: Some(etag), body } => json!({"etag": etag, "body": body}),
        FactGiven::Found { etag: None, body } => json!({ "body": body }),
        FactGiven::Absent => json!({"status": 404}),
        FactGiven::Withheld => json!({"status": 403}),
        FactGiven::Unavailable => json!({"status": 503}),
    };
    let facts: serde_json::Map<String, Value> =
        case.facts.iter().map(|(name, given)| (name.clone(), answer(given))).collect();
    MapFacts::from_value(&json!({ "facts": facts })).expect("the facts of a case are answers")
}

fn request(case: &Case) -> Request {
    let mut headers = HeaderMap::new();
    for (name, value) in &case.fields {
        let name = HeaderName::try_from(name).expect("a field name");
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).expect("a field value"));
    }
    Request {
        method: case.method.clone(),
        target: case.target.clone(),
        headers,
        body: case.body.clone().into(),
        body_complete: case.body_complete,
        caller: case.caller.clone(),
        received_at: UNIX_EPOCH + Duration::from_millis(case.at),
    }
}
