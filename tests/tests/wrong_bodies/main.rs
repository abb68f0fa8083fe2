//! The largest bodies there are, wrong or odd throughout: what is wrong with them is
//! told, and the policy judges them within its limits. `bodies.json` has them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use serde::Deserialize;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use solgate::gate::{Gate, Setting, Verdict};
use solgate::policy::{Engine, EngineConfig, EvaluationLimits, Policy};
use solgate_engine::verdict::Location;
use solgate_tests::{request, workspace};

const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";
/// Most bytes of a body.
const SIZE: usize = 1 << 20;
/// Most violations of an answer, `limits.violations` of the policy.
const VIOLATIONS: usize = 32;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wrong {
    name: String,
    method: String,
    /// Below the API root.
    path: String,
    #[serde(default)]
    merge_patch: bool,
    /// What the body begins with, what is repeated until it is full, and what it ends
    /// with; `{n}` counts.
    before: String,
    item: String,
    #[serde(default = "comma")]
    between: String,
    after: String,
    /// At most so many of them.
    #[serde(default)]
    most: Option<usize>,
    /// The rule that refuses it with 400, and the pointers of the first violations;
    /// none if nothing is wrong with the body.
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    pointers: Vec<String>,
    /// The rule that refuses it with the option `tacker`, if that is another one.
    #[serde(default)]
    tacker: Option<String>,
}

fn comma() -> String {
    ",".to_owned()
}

impl Wrong {
    fn body(&self) -> Vec<u8> {
        let mut body = self.before.clone();
        for number in 0..self.most.unwrap_or(usize::MAX) {
            let item = self.item.replace("{n}", &number.to_string());
            if body.len() + self.between.len() + item.len() + self.after.len() > SIZE {
                break;
            }
            if number > 0 {
                body.push_str(&self.between);
            }
            body.push_str(&item);
        }
        body.push_str(&self.after);
        body.into_bytes()
    }
}

/// Nothing is known to the VNFM.
struct Nothing;

impl FactSource for Nothing {
    fn fetch<'a>(&'a self, _: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        Box::pin(async { Fact { answer: FactAnswer::Absent, cached: false } })
    }
}

fn gate(tacker: bool) -> Gate {
    // All limits are those that a gateway has, but for time: a busy machine must not
    // fail the test.
    let evaluation = EvaluationLimits { time: Duration::from_secs(60), ..EvaluationLimits::default() };
    let cache = Some(workspace().join("target/solgate/cache"));
    let engine = Engine::new(EngineConfig { evaluation, cache, ..EngineConfig::default() }).expect("it starts");
    let policy = Policy::vnflcm_v2(&engine).expect("it loads");
    let settings = vec![Setting::Option { name: "tacker".to_owned(), value: tacker.into() }];
    Gate::new(vec![Arc::new(policy)], Arc::new(Nothing)).with_settings(settings).expect("it has the option")
}

#[tokio::test]
async fn a_body_that_is_wrong_throughout_is_refused_for_what_is_wrong() {
    let bodies = include_str!("bodies.json");
    let bodies: Vec<Wrong> = serde_json::from_str(bodies).expect("it is a list of bodies");
    let gates = [gate(false), gate(true)];
    let mut faults = Vec::new();
    for wrong in &bodies {
        let media = if wrong.merge_patch { "application/merge-patch+json" } else { "application/json" };
        let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", media)];
        let target = format!("/vnflcm/v2{}", wrong.path.replace("{id}", ID));
        let request = request(&wrong.method, &target, &fields, &wrong.body());
        for (gate, rule) in
            gates.iter().zip([&wrong.rule, wrong.tacker.as_ref().map_or(&wrong.rule, |_| &wrong.tacker)])
        {
            let started = Instant::now();
            let decision = gate.judge(&request).await;
            let took = started.elapsed().as_millis();
            let found = match &decision.verdict {
                Verdict::Allow => (200, String::new(), Vec::new()),
                Verdict::Deny(problem) => {
                    let pointers = problem.violations.iter().map(|violation| match &violation.location {
                        Location::Body(pointer) => pointer.clone(),
                        other => format!("{other:?}"),
                    });
                    let pointers: Vec<String> = pointers.collect();
                    (problem.status.as_u16(), problem.rule.to_string(), pointers)
                }
            };
            println!(
                "{}: {} bytes, {took} ms, {} {} {:?}",
                wrong.name,
                request.body.len(),
                found.0,
                found.1,
                found.2.first()
            );
            let right = match rule {
                Some(rule) => {
                    found.0 == 400
                        && found.1 == *rule
                        && found.2.len() <= VIOLATIONS
                        && found.2.starts_with(&wrong.pointers)
                }
                // There is no such instance, where one is asked for.
                None => matches!(found.0, 200 | 404),
            };
            if !right {
                faults.push(format!("{}: {found:?}", wrong.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(bodies.len() > 40, "{}", bodies.len());
}
