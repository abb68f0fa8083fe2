//! The C library gives the verdicts of the library, on all cases of the default
//! policy: the status, all response fields and the ProblemDetails, and it asks
//! the VNFM the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use solgate::gate::{Mode, Setting};
use solgate::request::Caller;
use solgate_embedding::{Answer, Gate, Reply, Request, Step};
use solgate_tests::doors::{self, Asked, Given, Said, library};

#[test]
fn the_c_library_agrees_with_the_library() {
    let asked = doors::of_the_bundle();
    let mut gates = BTreeMap::new();
    let (mut denied, mut facts) = (0, 0);
    for asked in &asked {
        let gate = gates.entry(asked.group()).or_insert_with(|| Gate::new(&configuration(asked)).expect("it is good"));
        let (said, given) = library::judge(asked);
        assert_eq!(judge(gate, asked, &given), said, "{}", asked.label);
        denied += usize::from(said.is_some());
        facts += given.len();
    }
    println!("{} requests, {denied} denied, {facts} facts", asked.len());
    assert!(asked.len() > 200 && denied > 100 && facts > 50);
}

fn configuration(asked: &Asked) -> String {
    let mut options = serde_json::Map::new();
    let mut severities = serde_json::Map::new();
    for setting in &asked.case.settings {
        match setting {
            Setting::Option { name, value } => options.insert(name.clone(), value.clone()),
            Setting::Severity { rule, severity } => {
                severities.insert(rule.clone(), json!({"severity": severity, "reason": "of the case"}))
            }
        };
    }
    let mode = if asked.case.mode == Mode::Monitor { "monitor" } else { "enforce" };
    json!({"mode": mode, "set": options, "severity": severities}).to_string()
}

/// What the C library says, with a VNFM that gives these facts.
fn judge(gate: &Gate, asked: &Asked, given: &[Given]) -> Option<Said> {
    let case = &asked.case;
    let limit = gate.body_limit();
    let caller = case.caller.as_ref();
    let mut evaluation = gate.evaluation(&Request {
        method: case.method.clone(),
        target: case.target.clone(),
        fields: case.fields.clone(),
        body: case.body.iter().take(limit).copied().collect(),
        body_complete: case.body.len() <= limit,
        source_address: caller.and_then(|caller| caller.source_address.clone()).unwrap_or_default(),
        caller: caller.map(verified).unwrap_or_default(),
    });
    loop {
        match evaluation.evaluate() {
            Step::Allow => return None,
            Step::Deny => return Some(said(&case.method, &evaluation.answer().expect("there is an answer"))),
            Step::Need(questions) => {
                for (index, question) in questions.iter().enumerate() {
                    // Of two facts about one resource the later one says more.
                    let fact = given.iter().rfind(|fact| fact.target.as_ref() == Some(&question.target));
                    let fact = fact.unwrap_or_else(|| panic!("{} asks for {}", asked.label, question.target));
                    assert!(evaluation.supply(index, &reply(fact)), "{}", asked.label);
                }
            }
        }
    }
}

fn verified(caller: &Caller) -> String {
    json!({
        "subject": caller.subject,
        "tenant": caller.tenant,
        "roles": caller.roles,
        "scopes": caller.scopes,
        "certificateNames": caller.certificate_names,
    })
    .to_string()
}

fn reply(fact: &Given) -> Reply {
    let reply = Reply::new(fact.status, &fact.body.to_string());
    match &fact.etag {
        Some(etag) => reply.field("ETag", etag),
        None => reply,
    }
}

fn said(method: &str, answer: &Answer) -> Said {
    Said {
        status: answer.status,
        fields: answer.fields.iter().cloned().collect(),
        problem: match method {
            "HEAD" => Value::Null,
            _ => serde_json::from_slice(&answer.body).expect("it is JSON"),
        },
    }
}
