//! What the gate itself adds to its policies: rounds, facts, several policies,
//! settings.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use solgate::Request;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use solgate::gate::{Decision, FactFailure, Gate, Setting, SettingError, Severity, Verdict};
use solgate_tests::{default_policy, request};

const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";

/// Answers from a table, and keeps what it was asked: name and `fresh`.
#[derive(Clone, Default)]
struct Script {
    answers: Vec<(&'static str, FactAnswer, bool)>,
    asked: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Script {
    /// The state of an instance with nothing going on.
    fn instance(state: &str, cached: bool) -> Self {
        let found = |body: serde_json::Value| FactAnswer::Found { etag: None, body: body.to_string().into() };
        let instance = found(serde_json::json!({"id": ID, "instantiationState": state}));
        Self {
            answers: vec![("vnfInstance", instance, cached), ("openOps", found(serde_json::json!([])), cached)],
            ..Self::default()
        }
    }

    fn with(mut self, name: &str, answer: FactAnswer) -> Self {
        for entry in &mut self.answers {
            if entry.0 == name {
                entry.1 = answer.clone();
            }
        }
        self
    }

    fn asked(&self) -> Vec<(String, bool)> {
        let mut asked = std::mem::take(&mut *self.asked.lock().expect("nobody panicked"));
        asked.sort();
        asked
    }
}

impl FactSource for Script {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        self.asked.lock().expect("nobody panicked").push((request.template.name.clone(), request.fresh));
        let fact = self.answers.iter().find(|(name, ..)| *name == request.template.name).map_or(
            Fact { answer: FactAnswer::Unavailable("not in the script".to_owned()), cached: false },
            |(_, answer, cached)| Fact { answer: answer.clone(), cached: *cached && !request.fresh },
        );
        Box::pin(async move { fact })
    }
}

fn terminate(body: &str) -> Request {
    let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")];
    request("POST", &format!("/vnflcm/v2/vnf_instances/{ID}/terminate"), &fields, body.as_bytes())
}

fn gate(script: &Script) -> Gate {
    Gate::new(vec![default_policy()], Arc::new(script.clone()))
}

fn rule(decision: &Decision) -> Option<(u16, &str)> {
    match &decision.verdict {
        Verdict::Allow => None,
        Verdict::Deny(problem) => Some((problem.status.as_u16(), &problem.rule)),
    }
}

fn warnings(decision: &Decision) -> Vec<&str> {
    decision.findings.iter().map(|finding| finding.violation.rule.as_str()).collect()
}

const GOOD: &str = r#"{"terminationType":"FORCEFUL"}"#;

#[tokio::test]
async fn facts_are_asked_for_once_and_only_when_the_request_is_right_in_itself() {
    let script = Script::instance("INSTANTIATED", false);
    let gate = gate(&script);
    assert_eq!(rule(&gate.judge(&terminate("{}")).await), Some((400, "terminate.type.required")));
    assert_eq!(script.asked(), []);
    assert_eq!(rule(&gate.judge(&terminate(GOOD)).await), None);
    assert_eq!(script.asked(), [("openOps".to_owned(), false), ("vnfInstance".to_owned(), false)]);
}

#[tokio::test]
async fn no_denial_rests_on_a_cached_fact() {
    let script = Script::instance("NOT_INSTANTIATED", true);
    let decision = gate(&script).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), Some((409, "terminate.state.instantiated")));
    let asked = script.asked();
    assert_eq!(asked.iter().filter(|(_, fresh)| *fresh).count(), 2, "{asked:?}");

    let script = Script::instance("INSTANTIATED", true);
    assert_eq!(rule(&gate(&script).judge(&terminate(GOOD)).await), None);
    assert_eq!(
        script.asked().iter().filter(|(_, fresh)| *fresh).count(),
        0,
        "an allowed request is not asked about again"
    );
}

#[tokio::test]
async fn an_unavailable_fact_denies_or_passes_as_the_operator_says() {
    let script =
        Script::instance("INSTANTIATED", false).with("vnfInstance", FactAnswer::Unavailable("slow".to_owned()));
    let decision = gate(&script).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), Some((503, "gate.fact-unavailable")));
    let decision = gate(&script).with_fact_failure(FactFailure::Pass).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), None);
    assert_eq!(warnings(&decision), ["fact.unavailable"]);

    let script = Script::instance("INSTANTIATED", false).with("vnfInstance", FactAnswer::Withheld);
    let decision = gate(&script).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), None);
    assert_eq!(warnings(&decision), ["fact.withheld"]);
}

#[tokio::test]
async fn of_several_policies_the_first_denial_answers_and_facts_are_shared() {
    let script = Script::instance("INSTANTIATED", false);
    let gate = Gate::new(vec![default_policy(), default_policy()], Arc::new(script.clone()));
    assert_eq!(rule(&gate.judge(&terminate("{}")).await), Some((400, "terminate.type.required")));
    assert_eq!(script.asked(), []);
    let decision = gate.judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), None);
    assert_eq!(decision.policies.len(), 2);
    assert_eq!(script.asked().len(), 2, "policies share what they ask");
}

#[tokio::test]
async fn settings_relax_rules_and_switch_options() {
    let script = Script::instance("INSTANTIATED", false);
    let set = |settings| gate(&script).with_settings(settings).expect("they are known");
    let severity = |rule: &str, severity| Setting::Severity { rule: rule.to_owned(), severity };
    let option = |name: &str, value: &str| Setting::Option { name: name.to_owned(), value: value.into() };
    let wrong = terminate(r#"{"terminationType":"NOW"}"#);

    let decision = set(vec![severity("terminate.type.enum", Severity::Warn)]).judge(&wrong).await;
    assert_eq!((rule(&decision), warnings(&decision)), (None, vec!["terminate.type.enum"]));
    let decision = set(vec![severity("terminate.type.enum", Severity::Off)]).judge(&wrong).await;
    assert_eq!((rule(&decision), warnings(&decision)), (None, vec![]));
    let decision = set(vec![option("schemaErrorStatus", "422")]).judge(&wrong).await;
    assert_eq!(rule(&decision), Some((422, "terminate.type.enum")));
    let decision = set(vec![option("supportedVersions", "2.1.0,2.2.*")]).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), Some((406, "header.version.supported")));
    let decision = set(vec![option("supportedVersions", "2.*.*")]).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), None);
    let decision = set(vec![option("requireAuthorization", "true")]).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), Some((401, "header.auth.required")));

    let off = vec![severity("terminate.state.in-progress", Severity::Off)];
    let _ = script.asked();
    assert_eq!(rule(&set(off).judge(&terminate(GOOD)).await), None);
    assert_eq!(script.asked(), [("vnfInstance".to_owned(), false)], "a rule that is off asks for nothing");
}

#[test]
fn settings_that_no_policy_knows_are_refused() {
    let refusal = |setting| gate(&Script::default()).with_settings(vec![setting]).err().expect("it is refused");
    let option = |name: &str, value: serde_json::Value| Setting::Option { name: name.to_owned(), value };
    assert!(matches!(refusal(option("stict", true.into())), SettingError::UnknownOption { .. }));
    assert!(matches!(refusal(option("strict", "maybe".into())), SettingError::WrongType { .. }));
    assert!(matches!(refusal(option("schemaErrorStatus", 500.into())), SettingError::NotAllowed { .. }));
    let unknown = refusal(Setting::Severity { rule: "terminate.typ.enum".to_owned(), severity: Severity::Warn });
    assert_eq!(
        unknown,
        SettingError::UnknownRule { id: "terminate.typ.enum".to_owned(), near: Some("terminate.type.enum".to_owned()) }
    );
}
