//! A VNFM that fails when it is asked for a fact: nothing is let through on a state
//! that nobody knows.

use std::time::Duration;

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm, answer, answer_and_close};
use solgate_tests::vnfm::{Received, send};

use crate::documented;
use crate::gate::{Gate, expect_problem, terminate};

const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nVersion: 2.0.0\r\nContent-Length: 0\r\n\r\n";

fn json(body: &str) -> String {
    with("", body)
}

fn with(field: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{field}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// An instance that may be terminated, and no open operations on it.
fn good(request: &Received) -> Vec<Act> {
    if request.line.starts_with("POST ") {
        answer(ACCEPTED)
    } else if request.line.contains("/vnf_instances/") {
        answer(json(r#"{"id":"i","instantiationState":"INSTANTIATED"}"#))
    } else {
        answer(json("[]"))
    }
}

/// Fault, and how the VNFM plays it when it is asked for the instance.
fn faults() -> Vec<(&'static str, Vec<Act>)> {
    let step = Duration::from_millis(100);
    let whole = json(r#"{"id":"i","instantiationState":"INSTANTIATED"}"#);
    let wrong = json(r#"{"id":"i","instantiationState":"NOT_INSTANTIATED"}"#);
    let endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n".as_bytes().to_vec();
    vec![
        ("never answers", vec![Act::ReadBody, Act::Hang]),
        ("answers byte by byte", vec![Act::ReadBody, Act::Drip(whole.clone().into(), step)]),
        ("ends the connection", vec![Act::Close]),
        ("ends the connection within the head", answer_and_close(&whole[..20])),
        ("ends the connection within the body", answer_and_close(&whole[..whole.len() - 1])),
        ("answers something else than HTTP", answer_and_close("+OK POP3 ready\r\n\r\n")),
        ("answers without end", vec![Act::ReadBody, Act::Send(endless), Act::Flood(b"4\r\naaaa\r\n".to_vec())]),
        ("announces a huge answer", answer("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{")),
        ("answers nothing", answer(json(""))),
        ("answers something else than JSON", answer(json("<html>it works</html>"))),
        ("answers half of it", answer(json(r#"{"id":"i","instantiationState":"INST"#))),
        ("answers with a list", answer(json(r#"[{"id":"i","instantiationState":"INSTANTIATED"}]"#))),
        ("answers with a number", answer(json("7"))),
        (
            "says something twice",
            answer(json(r#"{"instantiationState":"NOT_INSTANTIATED","instantiationState":"INSTANTIATED"}"#)),
        ),
        ("nests without end", answer(json(&"[".repeat(10_000)))),
        ("compresses unasked", answer(with("Content-Encoding: gzip\r\n", "\u{1f}\u{8b}"))),
        ("redirects", answer("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")),
        ("fails", answer("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")),
        ("is overloaded", answer("HTTP/1.1 429 Slowly\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")),
        ("has no content", answer("HTTP/1.1 204 No Content\r\n\r\n")),
        (
            "announces content where there is none, and sends it late",
            vec![
                Act::ReadBody,
                Act::Send(format!("HTTP/1.1 204 No Content\r\nContent-Length: {}\r\n\r\n", wrong.len()).into()),
                Act::Pause(Duration::from_millis(30)),
                Act::Send(wrong.into()),
            ],
        ),
        ("codes its answer", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")),
        ("has two lengths", answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ")),
        ("folds a field", answer(with("X: y\r\n z\r\n", r#"{"id":"i","instantiationState":"INSTANTIATED"}"#))),
        (
            "falls silent within its answer",
            vec![Act::ReadBody, Act::Send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()), Act::Hang],
        ),
        ("has only a part", answer("HTTP/1.1 206 Partial\r\nContent-Length: 2\r\n\r\n{}")),
    ]
}

fn posts(vnfm: &FaultyVnfm) -> usize {
    vnfm.received().iter().filter(|request| request.line.starts_with("POST ")).count()
}

#[test]
fn what_is_no_fact_lets_nothing_through_and_the_next_request_is_judged() {
    let vnfm = FaultyVnfm::start(good);
    let gate = Gate::start(&vnfm.url(), &[], &[]);
    for (fault, acts) in faults() {
        vnfm.play(move |request| if request.line.contains("/vnf_instances/i ") { acts.clone() } else { good(request) });
        let answer = send(gate.address, &terminate("i"));
        expect_problem(&answer, 503, "gate.fact-unavailable", fault);
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!said.contains(&vnfm.url()[7..]) && !said.contains("html"), "{fault}: {said}");
        assert_eq!(posts(&vnfm), 0, "{fault}: nothing is let through");
        vnfm.play(good);
        assert_eq!(send(gate.address, &terminate("i")).status, 202, "after: the VNFM {fault}");
        assert_eq!(posts(&vnfm), 1, "after: the VNFM {fault}");
    }
    documented::names(503, "gate.fact-unavailable");
    assert!(gate.is_ready());
}

/// The chunks say where it ends, whatever the length says.
#[test]
fn a_fact_with_a_length_beside_its_chunks_is_read_to_its_end() {
    let vnfm = FaultyVnfm::start(good);
    let gate = Gate::start(&vnfm.url(), &[], &[]);
    for length in ["0", "3", "1000", "2, 2", "two"] {
        let body = r#"{"id":"i","instantiationState":"INSTANTIATED"}"#;
        let chunks = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        vnfm.play(
            move |request| {
                if request.line.contains("/vnf_instances/i ") { answer(chunks.clone()) } else { good(request) }
            },
        );
        assert_eq!(send(gate.address, &terminate("i")).status, 202, "{length}");
    }
}

/// JSON of the right form that says something that no VNFM says.
#[test]
fn a_fact_of_the_wrong_type_lets_nothing_through() {
    let vnfm = FaultyVnfm::start(good);
    let gate = Gate::start(&vnfm.url(), &[], &[]);
    for body in [
        "{}",
        r#"{"id":"i"}"#,
        r#"{"instantiationState":7}"#,
        r#"{"instantiationState":null}"#,
        r#"{"instantiationState":["INSTANTIATED"]}"#,
    ] {
        vnfm.play(
            move |request| {
                if request.line.contains("/vnf_instances/i ") { answer(json(body)) } else { good(request) }
            },
        );
        let answer = send(gate.address, &terminate("i"));
        assert!((400..=503).contains(&answer.status), "{body}: {}", answer.status);
        assert_eq!(posts(&vnfm), 0, "{body}: {}", answer.status);
        vnfm.play(good);
        assert_eq!(send(gate.address, &terminate("i")).status, 202, "after {body}");
        assert_eq!(posts(&vnfm), 1, "after {body}");
    }
}

#[test]
fn a_gate_that_is_to_pass_without_facts_says_so() {
    let vnfm = FaultyVnfm::start(good);
    let gate = Gate::start(&vnfm.url(), &[], &["factFailure: pass"]);
    vnfm.play(|request| {
        if request.line.contains("/vnf_instances/i ") {
            answer("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")
        } else {
            good(request)
        }
    });
    let passed = send(gate.address, &terminate("i"));
    assert_eq!(passed.status, 202);
    assert_eq!(posts(&vnfm), 1);
}
