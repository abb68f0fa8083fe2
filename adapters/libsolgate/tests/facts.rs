//! Requests whose verdict needs facts: what is asked, and what replies come to.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use serde_json::Value;
use solgate_embedding::{Answer, Evaluation, Gate, Reply, Request, Step};

const OCCURRENCE: &str = "/vnflcm/v2/vnf_lcm_op_occs/o1";

fn retry() -> Request {
    Request::new("POST", &format!("{OCCURRENCE}/retry")).field("Authorization", "Bearer t").field("Cookie", "c")
}

fn terminate() -> Request {
    Request::new("POST", "/vnflcm/v2/vnf_instances/i1/terminate").json(r#"{"terminationType": "FORCEFUL"}"#)
}

fn occurrence(state: &str) -> Reply {
    Reply::new(
        200,
        &format!(r#"{{"id": "o1", "vnfInstanceId": "i1", "operation": "SCALE", "operationState": "{state}"}}"#),
    )
}

/// The targets that are asked for now.
fn asked(evaluation: &mut Evaluation) -> Vec<String> {
    match evaluation.evaluate() {
        Step::Need(questions) => questions.into_iter().map(|question| question.target).collect(),
        other => panic!("{other:?} instead of questions: {:?}", evaluation.answer()),
    }
}

fn denied(evaluation: &mut Evaluation) -> (u16, String, Answer) {
    assert_eq!(evaluation.evaluate(), Step::Deny);
    let answer = evaluation.answer().expect("there is an answer");
    let problem: Value = serde_json::from_slice(&answer.body).expect("it is JSON");
    assert_eq!(problem["status"], answer.status);
    assert_eq!(answer.values("content-type"), ["application/problem+json"]);
    (answer.status, problem["violations"][0]["rule"].as_str().expect("a rule").to_owned(), answer)
}

#[test]
fn a_question_is_a_get_with_the_callers_credentials() {
    let gate = Gate::new("").unwrap();
    let mut evaluation = gate.evaluation(&retry());
    let Step::Need(questions) = evaluation.evaluate() else { panic!("it needs no fact") };
    let [question] = questions.as_slice() else { panic!("{questions:?}") };
    assert_eq!(question.target, OCCURRENCE);
    let mut names: Vec<_> = question.fields.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "accept-encoding", "authorization", "user-agent", "version"]);
}

#[test]
fn the_reply_decides() {
    let gate = Gate::new("").unwrap();
    let unavailable = (503, "gate.fact-unavailable");
    let table = [
        (occurrence("FAILED_TEMP"), None),
        (occurrence("COMPLETED"), Some((409, "retry.state.failed-temp"))),
        (Reply::new(404, ""), Some((404, "resource.op-occ.exists"))),
        (Reply::new(500, ""), Some(unavailable)),
        (Reply::new(200, "not JSON"), Some(unavailable)),
        (occurrence("FAILED_TEMP").field("Content-Encoding", "gzip"), Some(unavailable)),
        (occurrence("FAILED_TEMP").field("no token", "x"), Some(unavailable)),
        (Reply::new(0, ""), Some(unavailable)),
        (Reply::new(7, ""), Some(unavailable)),
    ];
    for (reply, expected) in table {
        let mut evaluation = gate.evaluation(&retry());
        assert_eq!(asked(&mut evaluation), [OCCURRENCE]);
        assert!(evaluation.supply(0, &reply));
        match expected {
            None => assert_eq!(evaluation.evaluate(), Step::Allow, "{reply:?}"),
            Some((status, rule)) => {
                let (found_status, found_rule, answer) = denied(&mut evaluation);
                assert_eq!((found_status, found_rule.as_str()), (status, rule), "{reply:?}");
                let again = if status == 503 { vec!["5"] } else { vec![] };
                assert_eq!(answer.values("retry-after"), again);
            }
        }
    }
}

#[test]
fn what_the_caller_may_not_read_is_left_to_the_vnfm_with_a_warning() {
    let gate = Gate::new("").unwrap();
    let mut evaluation = gate.evaluation(&retry());
    assert_eq!(asked(&mut evaluation), [OCCURRENCE]);
    assert!(evaluation.supply(0, &Reply::new(403, "")));
    assert_eq!(evaluation.evaluate(), Step::Allow);
    let answer = evaluation.answer().expect("there is an answer");
    assert_eq!((answer.status, answer.body.as_slice()), (0, &b""[..]));
    let warnings = answer.values("warning");
    assert!(!warnings.is_empty() && warnings.iter().all(|text| text.starts_with("299 solgate ")), "{warnings:?}");
}

#[test]
fn with_fact_failure_pass_a_fact_may_be_missing() {
    let gate = Gate::new("factFailure: pass").unwrap();
    let mut evaluation = gate.evaluation(&retry());
    assert_eq!(asked(&mut evaluation), [OCCURRENCE]);
    assert!(evaluation.supply(0, &Reply::new(0, "")));
    assert_eq!(evaluation.evaluate(), Step::Allow);
}

#[test]
fn a_list_is_asked_for_page_by_page() {
    let gate = Gate::new("").unwrap();
    let mut evaluation = gate.evaluation(&terminate());
    let first = asked(&mut evaluation);
    let [instance, list] = first.as_slice() else { panic!("{first:?}") };
    assert_eq!(instance, "/vnflcm/v2/vnf_instances/i1");
    assert!(list.starts_with("/vnflcm/v2/vnf_lcm_op_occs?"), "{list}");
    assert!(evaluation.supply(0, &Reply::new(200, r#"{"id": "i1", "instantiationState": "INSTANTIATED"}"#)));
    assert!(evaluation.supply(
        1,
        &Reply::new(200, "[]").field(
            "Link",
            "<https://vnfm.operator.example/nfv/vnflcm/v2/vnf_lcm_op_occs?nextpage_opaque_marker=2>; rel=\"next\"",
        )
    ));
    assert_eq!(asked(&mut evaluation), ["/vnflcm/v2/vnf_lcm_op_occs?nextpage_opaque_marker=2"]);
    let open = r#"[{"id": "o1", "operation": "SCALE", "operationState": "PROCESSING", "vnfInstanceId": "i1"}]"#;
    assert!(evaluation.supply(0, &Reply::new(200, open)));
    let (status, rule, _) = denied(&mut evaluation);
    assert_eq!((status, rule.as_str()), (409, "terminate.state.in-progress"));
}

#[test]
fn a_filter_that_the_vnfm_refuses_is_left_out() {
    let gate = Gate::new("").unwrap();
    let mut evaluation = gate.evaluation(&terminate());
    assert_eq!(asked(&mut evaluation).len(), 2);
    assert!(evaluation.supply(0, &Reply::new(200, r#"{"id": "i1", "instantiationState": "INSTANTIATED"}"#)));
    assert!(evaluation.supply(1, &Reply::new(400, "")));
    assert_eq!(asked(&mut evaluation), ["/vnflcm/v2/vnf_lcm_op_occs"]);
    assert!(evaluation.supply(0, &Reply::new(200, "[]")));
    assert_eq!(evaluation.evaluate(), Step::Allow);
}

#[test]
fn evaluating_again_asks_again_until_something_is_supplied() {
    let gate = Gate::new("").unwrap();
    let mut evaluation = gate.evaluation(&terminate());
    let questions = asked(&mut evaluation);
    assert_eq!(asked(&mut evaluation), questions);
    assert_eq!(evaluation.answer(), None);
    // The other question then counts as not answered.
    assert!(evaluation.supply(0, &Reply::new(200, r#"{"id": "i1", "instantiationState": "INSTANTIATED"}"#)));
    let (status, rule, answer) = denied(&mut evaluation);
    assert_eq!((status, rule.as_str()), (503, "gate.fact-unavailable"));
    assert_eq!(evaluation.evaluate(), Step::Deny);
    assert_eq!(evaluation.answer(), Some(answer));
}

#[test]
fn a_reply_belongs_to_an_open_question() {
    let gate = Gate::new("").unwrap();
    let mut evaluation = gate.evaluation(&retry());
    let reply = occurrence("FAILED_TEMP");
    assert!(!evaluation.supply(0, &reply), "nothing was asked yet");
    assert_eq!(asked(&mut evaluation), [OCCURRENCE]);
    assert!(!evaluation.supply(1, &reply), "there is one question");
    assert!(!evaluation.supply(usize::MAX, &reply));
    assert!(evaluation.supply(0, &reply));
    assert!(!evaluation.supply(0, &occurrence("COMPLETED")), "it has its reply");
    assert_eq!(evaluation.evaluate(), Step::Allow);
    assert!(!evaluation.supply(0, &reply), "it is over");
}

#[test]
fn the_gates_own_limits_hold() {
    let gate = Gate::new("facts: { timeout: 750ms, maxBytes: 20, credentials: [Cookie] }").unwrap();
    assert_eq!(gate.facts_timeout(), 750);
    let mut evaluation = gate.evaluation(&retry());
    let Step::Need(questions) = evaluation.evaluate() else { panic!("it needs no fact") };
    let fields = &questions[0].fields;
    assert!(fields.contains(&("cookie".to_owned(), "c".to_owned())), "{fields:?}");
    assert!(!fields.iter().any(|(name, _)| name == "authorization"), "{fields:?}");
    assert!(evaluation.supply(0, &occurrence("FAILED_TEMP")));
    assert_eq!(denied(&mut evaluation).0, 503);
}
