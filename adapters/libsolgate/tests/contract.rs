//! The interface itself: missing pointers, orders of calls, threads, requests that
//! cannot be read.
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::ptr::{null, null_mut};

use serde_json::Value;
use solgate_embedding::raw::{self, lend};
use solgate_embedding::{Gate, Reply, Request, Step, functions};

const INSTANCES: &str = "/vnflcm/v2/vnf_instances";

/// Status and rule of a request that must be denied at once.
fn denied(gate: &Gate, request: &Request) -> (u16, String) {
    let mut evaluation = gate.evaluation(request);
    assert_eq!(evaluation.evaluate(), Step::Deny, "{request:?}");
    let answer = evaluation.answer().expect("there is an answer");
    let problem: Value = serde_json::from_slice(&answer.body).expect("it is JSON");
    (answer.status, problem["violations"][0]["rule"].as_str().expect("a rule").to_owned())
}

#[test]
fn the_version_is_that_of_the_header() {
    // SAFETY: it takes nothing.
    assert_eq!(unsafe { (functions().abi_version)() }, 1);
}

#[test]
fn null_is_an_answer_to_null() {
    let f = functions();
    let gate = Gate::new("").unwrap();
    // SAFETY: NULL is what is tested.
    unsafe {
        (f.gate_free)(null_mut());
        (f.evaluation_free)(null_mut());
        assert_eq!((f.gate_body_limit)(null()), 0);
        assert_eq!((f.gate_facts_timeout)(null()), 0);
        assert!((f.evaluation_new)(null(), null()).is_null());
        assert!((f.evaluation_refused)(null(), 413, 0, lend(b"")).is_null());
        assert_eq!((f.evaluate)(null_mut()), 1);
        assert_eq!((f.question_count)(null()), 0);
        assert!(!(f.question_get)(null(), 0, null_mut()));
        assert!(!(f.supply)(null_mut(), 0, null()));
        assert!(!(f.answer_get)(null(), null_mut()));
        // A configuration of no length may be anywhere, and nobody need want the reason.
        let default = (f.gate_new)(null(), 0, null_mut(), 0);
        assert!(!default.is_null());
        (f.gate_free)(default);
        assert!((f.gate_new)(c"[".as_ptr(), 1, null_mut(), 7).is_null());
    }
    let mut evaluation = gate.evaluation(&Request::new("GET", INSTANCES));
    assert_eq!(evaluation.evaluate(), Step::Allow);
}

#[test]
fn empty_texts_may_be_null() {
    let gate = Gate::new("").unwrap();
    let nothing = raw::Text { data: null(), length: 0 };
    let lent = raw::Request {
        method: lend(b"GET"),
        target: lend(INSTANCES.as_bytes()),
        fields: null(),
        field_count: 0,
        body: nothing,
        body_complete: true,
        source_address: nothing,
        caller: nothing,
    };
    let f = functions();
    // SAFETY: the pointers lead to what outlives the calls, and NULL is what is tested.
    unsafe {
        let evaluation = (f.evaluation_new)(gate.handle(), &raw const lent);
        assert_eq!((f.evaluate)(evaluation), 1, "it has no Version");
        assert!(!(f.answer_get)(evaluation, null_mut()));
        assert!(!(f.question_get)(evaluation, 0, null_mut()));
        assert!(!(f.supply)(evaluation, 0, null()));
        (f.evaluation_free)(evaluation);
        assert!((f.evaluation_new)(gate.handle(), null()).is_null());
    }
}

#[test]
fn a_reason_is_cut_to_the_room_that_there_is() {
    let f = functions();
    let wrong = "mode: \u{fc}";
    for room in [0usize, 1, 2, 10, 40] {
        let mut error = [b'~'; 64];
        // SAFETY: the pointers lead to as many bytes as is said.
        let gate = unsafe { (f.gate_new)(wrong.as_ptr().cast(), wrong.len(), error.as_mut_ptr().cast(), room) };
        assert!(gate.is_null());
        assert!(error[room..].iter().all(|&byte| byte == b'~'), "{room}: it wrote beyond its room");
        if let Some(end) = error.iter().position(|&byte| byte == 0) {
            let said = std::str::from_utf8(&error[..end]).expect("it is UTF-8");
            assert!(end < room && "configuration:1:7: expected enforce, monitor or off".starts_with(said), "{said}");
        } else {
            assert_eq!(room, 0, "it does not end with NUL");
        }
    }
}

#[test]
fn an_evaluation_outlives_its_gate() {
    let gate = Gate::new("").unwrap();
    let retry = Request::new("POST", "/vnflcm/v2/vnf_lcm_op_occs/o1/retry");
    let mut begun = gate.evaluation(&retry);
    assert!(matches!(begun.evaluate(), Step::Need(_)));
    let mut new = gate.evaluation(&retry);
    let given_up = gate.evaluation(&retry);
    drop(gate);
    assert!(begun.supply(0, &Reply::new(404, "")));
    assert_eq!(begun.evaluate(), Step::Deny);
    assert!(matches!(new.evaluate(), Step::Need(_)));
    drop(given_up);
}

#[test]
fn threads_share_a_gate_and_hand_evaluations_on() {
    let gate = Gate::new("").unwrap();
    std::thread::scope(|threads| {
        for number in 0..4 {
            let gate = &gate;
            threads.spawn(move || {
                for round in 0..50 {
                    let target = format!("/vnflcm/v2/vnf_lcm_op_occs/o{number}-{round}/retry");
                    let mut evaluation = gate.evaluation(&Request::new("POST", &target));
                    let Step::Need(questions) = evaluation.evaluate() else { panic!("it needs no fact") };
                    assert_eq!(questions[0].target, target.trim_end_matches("/retry"));
                    let elsewhere = std::thread::spawn(move || {
                        assert!(evaluation.supply(0, &Reply::new(404, "")));
                        evaluation.evaluate()
                    });
                    assert_eq!(elsewhere.join().unwrap(), Step::Deny);
                }
            });
        }
    });
}

#[test]
fn what_is_no_http_is_denied() {
    let gate = Gate::new("").unwrap();
    let good = Request::new("GET", INSTANCES);
    let malformed = (400, "transport.head.malformed".to_owned());
    for method in ["", "GE T", "GET\n"] {
        let request = Request { method: method.to_owned(), ..good.clone() };
        assert_eq!(denied(&gate, &request), malformed, "{method:?}");
    }
    assert_eq!(denied(&gate, &good.clone().field("a b", "c")), malformed);
    assert_eq!(denied(&gate, &good.clone().field("", "c")), malformed);
    assert_eq!(denied(&gate, &good.clone().field("x", "a\r\nb: c")), (400, "transport.field.value".to_owned()));
    for target in ["", "*", "http://other.example/vnflcm/v2/vnf_instances", "/vnflcm/v2/vnf_instances#a"] {
        let request = Request { target: target.to_owned(), ..good.clone() };
        assert_eq!(denied(&gate, &request), (400, "transport.target.form".to_owned()), "{target:?}");
    }
}

#[test]
fn what_the_server_says_of_the_caller_must_be_readable() {
    let gate = Gate::new("").unwrap();
    let by = |caller: &str, address: &str| Request {
        caller: caller.to_owned(),
        source_address: address.to_owned(),
        ..Request::new("GET", INSTANCES)
    };
    for (caller, address) in [
        ("", "192.0.2.1"),
        ("", "unix:"),
        ("{}", ""),
        (r#"{"subject": "s", "tenant": null, "roles": ["r"], "scopes": [], "certificateNames": ["n"]}"#, "2001:db8::1"),
    ] {
        assert_eq!(gate.evaluation(&by(caller, address)).evaluate(), Step::Allow, "{caller}");
    }
    for caller in ["{", "[]", r#"{"roles": "r"}"#, r#"{"admin": true}"#] {
        assert_eq!(denied(&gate, &by(caller, "")), (500, "gate.internal".to_owned()), "{caller}");
    }
}

#[test]
fn a_request_with_the_start_of_its_body_only_is_never_allowed() {
    let start = Request { body_complete: false, ..Request::new("POST", "/vnflcm/v2/subscriptions").json("{}") };
    // How much of it there is makes no difference to the answer.
    let nothing = Request { body: vec![], target: "/vnflcm/v2/subscriptions".to_owned(), ..start.clone() };
    assert_eq!(denied(&Gate::new("").unwrap(), &nothing).0, 413);
    for configuration in ["", "mode: monitor", "mode: 'off'", "set: {outsideApiRoot: pass}"] {
        let gate = Gate::new(configuration).unwrap();
        let body = vec![b' '; gate.body_limit()];
        for target in ["/vnflcm/v2/subscriptions", "/elsewhere"] {
            let request = Request { body: body.clone(), target: target.to_owned(), ..start.clone() };
            let mut evaluation = gate.evaluation(&request);
            assert_eq!(evaluation.evaluate(), Step::Deny, "{configuration} {target}");
            let status = evaluation.answer().unwrap().status;
            let expected = if configuration.is_empty() && target == "/elsewhere" { 404 } else { 413 };
            assert_eq!(status, expected, "{configuration} {target}");
        }
    }
}

#[test]
fn the_decision_says_what_was_decided_and_no_secret() {
    let gate = Gate::new("").unwrap();
    let request = Request::new("GET", &format!("{INSTANCES}?nope=secret")).field("Authorization", "Bearer secret");
    let mut evaluation = gate.evaluation(&request);
    assert_eq!(evaluation.evaluate(), Step::Deny);
    let text = evaluation.answer().unwrap().decision;
    assert!(!text.contains("secret") && !text.contains('\n'), "{text}");
    let decision: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&decision["verdict"], &decision["path"]), (&Value::from("deny"), &Value::from(INSTANCES)));
    assert_eq!((&decision["rule"], &decision["status"]), (&Value::from("query.unknown"), &Value::from(400)));
    assert_eq!(decision["policies"][0]["name"], "vnflcm-v2");
}

#[test]
fn what_the_server_refuses_itself_is_answered_in_the_gates_words() {
    let gate = Gate::new("").unwrap();
    let table = [
        (400, 400, "transport.head.malformed"),
        (404, 404, "gate.no-upstream"),
        (408, 408, "transport.timeout"),
        (413, 413, "transport.body.size"),
        (414, 414, "transport.target.size"),
        (431, 431, "transport.head.size"),
        (502, 502, "upstream.broken"),
        (503, 503, "gate.overload"),
        (504, 504, "upstream.timeout"),
        (505, 505, "transport.version"),
        (501, 500, "gate.internal"),
        (0, 500, "gate.internal"),
    ];
    for (own, status, rule) in table {
        let answer = gate.refused(own, 17, "/a?b=secret");
        let problem: Value = serde_json::from_slice(&answer.body).expect("it is JSON");
        let said = (answer.status, problem["violations"][0]["rule"].as_str(), problem["instance"].as_str());
        assert_eq!(said, (status, Some(rule), Some("/a")), "{own}");
        assert!(!answer.decision.contains("secret"), "{}", answer.decision);
    }
    let nowhere = gate.refused(400, 0, "").body;
    assert!(!String::from_utf8_lossy(&nowhere).contains("instance"), "there is none to name");
}
