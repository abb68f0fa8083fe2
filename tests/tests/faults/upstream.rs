//! A VNFM that fails while a request is forwarded to it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm, answer, answer_and_close};
use solgate_tests::process::free_address;
use solgate_tests::vnfm::{Received, Vnfm, message, send};

use crate::documented;
use crate::gate::{Gate, HEAD, PATIENCE, expect_problem, subscribe, wait_until};

const CREATED: &str = "HTTP/1.1 201 Created\r\nVersion: 2.0.0\r\nContent-Length: 2\r\n\r\n{}";

/// What the client gets.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// The answer of the gate: status, rule, and what its detail says.
    Problem(u16, &'static str, &'static str),
    /// The VNFM's own status and body.
    Passes(u16, &'static str),
    /// The VNFM's status, then the end of the connection within the body, and the rule by
    /// which that is told.
    Cut(u16, &'static str),
}

/// Fault, how the VNFM plays it, and the outcome.
fn faults() -> Vec<(&'static str, Vec<Act>, Outcome)> {
    use Outcome::{Cut, Passes, Problem};
    let broken = Problem(502, "upstream.broken", "ended the connection before it answered");
    let late = Problem(504, "upstream.timeout", "did not answer within");
    let malformed = |what| Problem(502, "upstream.malformed", what);
    let coding = Problem(502, "upstream.coding", "transfer coding other than chunked");
    let head = |fields: &str| format!("HTTP/1.1 201 Created\r\nVersion: 2.0.0\r\n{fields}\r\n");
    let chunked = |fields: &str| head(&format!("{fields}Transfer-Encoding: chunked\r\n")) + "5\r\nhello\r\n0\r\n\r\n";
    // Slower than the time limit in all, never slower between two bytes.
    let step = Duration::from_millis(100);
    vec![
        ("takes the request and never answers", vec![Act::ReadBody, Act::Hang], late),
        ("does not even read the body", vec![Act::Hang], late),
        ("sends the head of its answer byte by byte", vec![Act::ReadBody, Act::Drip(CREATED.into(), step)], late),
        (
            "sends the body of its answer byte by byte",
            vec![
                Act::ReadBody,
                Act::Send(b"HTTP/1.1 201 Created\r\nContent-Length: 20\r\n\r\n".to_vec()),
                Act::Drip(b"01234567890123456789".to_vec(), step),
            ],
            Passes(201, "01234567890123456789"),
        ),
        ("ends the connection", vec![Act::ReadBody, Act::Close], broken),
        ("resets the connection", vec![Act::Close], broken),
        ("ends the connection within the head", answer_and_close(&CREATED[..30]), broken),
        ("resets the connection within the head", vec![Act::Send(CREATED[..30].into()), Act::Close], broken),
        (
            "ends the connection within the body",
            answer_and_close(&CREATED[..CREATED.len() - 1]),
            Cut(201, "upstream.cut"),
        ),
        (
            "ends the connection within a chunk",
            answer_and_close("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"),
            Cut(201, "upstream.cut"),
        ),
        (
            "sends a chunk that is none",
            answer_and_close("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            Cut(201, "upstream.cut"),
        ),
        ("answers something else than HTTP", answer_and_close("SSH-2.0-OpenSSH_9.6\r\n\r\n"), malformed("version")),
        ("answers with HTTP/2", answer_and_close("HTTP/2 201\r\n\r\n"), malformed("version")),
        (
            "sends a head without end",
            vec![Act::ReadBody, Act::Send(b"HTTP/1.1 201 Created\r\nX: ".to_vec()), Act::Flood(vec![b'x'; 4096])],
            malformed("its head is too large"),
        ),
        (
            "sends a thousand fields",
            answer_and_close(format!("HTTP/1.1 201 Created\r\n{}\r\n", "X: y\r\n".repeat(1000))),
            malformed("more than 100 header fields"),
        ),
        ("folds a field", answer(head("X: y\r\n z\r\nContent-Length: 0\r\n")), malformed("goes on in the next line")),
        ("sends NUL in a field", answer(head("X: \0\r\nContent-Length: 0\r\n")), malformed("bytes that do not belong")),
        ("sends a name with a space", answer(head("X : y\r\n")), malformed("bytes that do not belong")),
        ("has no status", answer("HTTP/1.1 two Created\r\n\r\n"), malformed("its status line")),
        ("has a status of nothing", answer("HTTP/1.1 000 Nothing\r\n\r\n"), malformed("its status line")),
        (
            "sends chunks in HTTP/1.0",
            answer_and_close(chunked("").replace("1.1", "1.0")),
            malformed("transfer-encoding"),
        ),
        ("says less than its chunks are", answer(chunked("Content-Length: 3\r\n")), Passes(201, "hello")),
        ("says more than its chunks are", answer(chunked("Content-Length: 100\r\n")), Passes(201, "hello")),
        ("says nothing beside its chunks", answer(chunked("Content-Length: 0\r\n")), Passes(201, "hello")),
        ("says nonsense beside its chunks", answer(chunked("Content-Length: two\r\n")), Passes(201, "hello")),
        ("sends its length twice in one field", answer(head("Content-Length: 2, 2\r\n") + "{}"), Passes(201, "{}")),
        (
            "sends its length in two fields",
            answer(head("Content-Length: 2\r\nContent-Length: 2\r\n") + "{}"),
            Passes(201, "{}"),
        ),
        (
            "codes what it sends in chunks",
            answer(head("Transfer-Encoding: gzip, chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n"),
            coding,
        ),
        (
            "codes it, in two fields",
            answer(head("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n"),
            coding,
        ),
        ("codes it without chunks", answer_and_close(head("Transfer-Encoding: gzip\r\n") + "hello"), coding),
        (
            "sends two Content-Length that differ",
            answer_and_close("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}\n"),
            malformed("content-length"),
        ),
        (
            "sends a Content-Length that is no number",
            answer_and_close("HTTP/1.1 201 Created\r\nContent-Length: two\r\n\r\n{}"),
            malformed("content-length"),
        ),
        (
            "sends more than its Content-Length",
            answer(format!("{CREATED}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")),
            Passes(201, "{}"),
        ),
        (
            "sends less than its Content-Length, and waits",
            vec![Act::ReadBody, Act::Send(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{}".to_vec()), Act::Close],
            Cut(201, "upstream.cut"),
        ),
        ("sends 100 Continue first", answer(format!("HTTP/1.1 100 Continue\r\n\r\n{CREATED}")), Passes(201, "{}")),
        (
            "sends 103 Early Hints first",
            answer(format!("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n{CREATED}")),
            Passes(201, "{}"),
        ),
        (
            "changes the protocol",
            answer_and_close("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
            malformed("it changes the protocol"),
        ),
        (
            "falls silent within the body of its answer",
            vec![
                Act::ReadBody,
                Act::Send(head("Content-Length: 9\r\n").into_bytes()),
                Act::Send(b"{}".to_vec()),
                Act::Hang,
            ],
            Cut(201, "upstream.silent"),
        ),
        (
            "falls silent before the body of its answer",
            vec![Act::ReadBody, Act::Send(head("Content-Length: 9\r\n").into_bytes()), Act::Hang],
            Cut(201, "upstream.silent"),
        ),
        (
            "falls silent between two chunks",
            vec![Act::ReadBody, Act::Send(chunked("")[..chunked("").len() - 5].into()), Act::Hang],
            Cut(201, "upstream.silent"),
        ),
        ("ends its answer with the connection", answer_and_close("HTTP/1.0 201 Created\r\n\r\n{}"), Passes(201, "{}")),
        (
            "answers before it has read the body",
            vec![
                Act::Send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}".to_vec()),
                Act::ReadBody,
            ],
            Passes(413, "{}"),
        ),
    ]
}

/// Sends a request and reads to the end of the connection.
fn raw(gate: &Gate, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(gate.address).expect("it listens");
    stream.write_all(request).expect("it is sent");
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn whatever_the_vnfm_does_the_client_gets_an_answer_and_the_next_one_a_good_one() {
    let vnfm = FaultyVnfm::start(|_| answer(CREATED));
    // The clients of this one wait for 20 s: a silence must end before.
    let gate = Gate::start(&vnfm.url(), &["answerIdle: 1500ms"], &[]);
    for (fault, acts, outcome) in faults() {
        vnfm.play(move |_| acts.clone());
        match outcome {
            Outcome::Problem(status, rule, detail) => {
                let before = gate.requests(status, rule);
                let got = send(gate.address, &subscribe());
                expect_problem(&got, status, rule, fault);
                let said = got.json()["detail"].to_string();
                assert!(said.contains(detail), "{fault}: {said}");
                wait_until("it is counted", || gate.requests(status, rule) == before + 1);
                documented::names(status, rule);
            }
            Outcome::Passes(status, body) => {
                let got = send(gate.address, &subscribe());
                let body_got = String::from_utf8_lossy(&got.body);
                assert_eq!((got.status, body_got.as_ref()), (status, body), "{fault}");
                let lengths: Vec<&str> = got
                    .fields
                    .iter()
                    .filter(|(name, _)| name == "content-length")
                    .map(|(_, value)| value.as_str())
                    .collect();
                let right = lengths.is_empty() || lengths == [body.len().to_string().as_str()];
                assert!(right, "{fault}: {:?}", got.fields);
            }
            Outcome::Cut(status, rule) => {
                let before = gate.requests(status, rule);
                let bytes = raw(&gate, &subscribe());
                assert!(bytes.starts_with(&format!("HTTP/1.1 {status} ")), "{fault}: {bytes}");
                let whole = bytes.contains("\r\n0\r\n") || bytes.ends_with("{}\r\n");
                assert!(!whole, "{fault}: the client takes it for whole: {bytes}");
                wait_until("it is counted", || gate.requests(status, rule) == before + 1);
                documented::says(&format!("`{rule}`"));
            }
        }
        let posts = |received: &Received| received.line.starts_with("POST ");
        assert_eq!(vnfm.received().iter().filter(|one| posts(one)).count(), 1, "{fault}: it was sent once");
        vnfm.play(|_| answer(CREATED));
        let next = send(gate.address, &subscribe());
        assert_eq!((next.status, next.body.as_slice()), (201, &b"{}"[..]), "after: {fault}");
        assert_eq!(vnfm.received().len(), 1, "after: {fault}");
    }
    assert!(gate.is_ready());
    wait_until("connections to the VNFM that failed are closed", || vnfm.open() <= 1);
}

#[test]
fn a_vnfm_that_is_not_there_is_served_when_it_is_back() {
    let address = free_address();
    let gate = Gate::start(&format!("http://{address}"), &[], &[]);
    for _ in 0..3 {
        expect_problem(&send(gate.address, &subscribe()), 503, "upstream.unreachable", "refuses connections");
    }
    documented::names(503, "upstream.unreachable");
    let _vnfm = Vnfm::start_at(address);
    assert_eq!(send(gate.address, &subscribe()).status, 202);
}

/// Kept connections that the VNFM closes in between are not used again.
#[test]
fn a_kept_connection_that_the_vnfm_has_closed_costs_nothing() {
    let vnfm = FaultyVnfm::start(|_| answer_and_close(CREATED));
    let gate = Gate::start(&vnfm.url(), &[], &[]);
    for round in 0..20 {
        assert_eq!(send(gate.address, &subscribe()).status, 201, "round {round}");
        wait_until("it is closed", || vnfm.open() == 0);
    }
    assert_eq!(vnfm.received().len(), 20, "each was sent once");
}

/// A request without effect is sent again when a kept connection breaks under it.
#[test]
fn a_get_is_tried_twice_and_a_post_is_not() {
    let mut broken = false;
    let vnfm = FaultyVnfm::start(move |_| {
        broken = !broken;
        if broken { vec![Act::ReadBody, Act::Close] } else { answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]") }
    });
    let gate = Gate::start(&vnfm.url(), &[], &[]);
    let list = message("GET", "/vnflcm/v2/vnf_instances", &HEAD[..2], "");
    assert_eq!(send(gate.address, &list).status, 200);
    assert_eq!(vnfm.received().len(), 2);
    expect_problem(&send(gate.address, &subscribe()), 502, "upstream.broken", "a POST");
    assert_eq!(vnfm.received().len(), 1);
}
