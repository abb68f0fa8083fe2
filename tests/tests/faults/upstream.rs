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
    /// The answer of the gate: status and rule.
    Problem(u16, &'static str),
    /// The VNFM's own status and body.
    Passes(u16, &'static str),
    /// The VNFM's status, and then the end of the connection within the body.
    Cut(u16),
}

/// Fault, how the VNFM plays it, and the outcome.
fn faults() -> Vec<(&'static str, Vec<Act>, Outcome)> {
    use Outcome::{Cut, Passes, Problem};
    let broken = Problem(502, "upstream.broken");
    let late = Problem(504, "upstream.timeout");
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
        ("ends the connection within the body", answer_and_close(&CREATED[..CREATED.len() - 1]), Cut(201)),
        (
            "ends the connection within a chunk",
            answer_and_close("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"),
            Cut(201),
        ),
        (
            "sends a chunk that is none",
            answer_and_close("HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
            Cut(201),
        ),
        ("answers something else than HTTP", answer_and_close("SSH-2.0-OpenSSH_9.6\r\n\r\n"), broken),
        ("answers with HTTP/2", answer_and_close("HTTP/2 201\r\n\r\n"), broken),
        (
            "sends a head without end",
            vec![Act::ReadBody, Act::Send(b"HTTP/1.1 201 Created\r\nX: ".to_vec()), Act::Flood(vec![b'x'; 4096])],
            broken,
        ),
        (
            "sends a thousand fields",
            answer_and_close(format!("HTTP/1.1 201 Created\r\n{}\r\n", "X: y\r\n".repeat(1000))),
            broken,
        ),
        (
            "sends two Content-Length that differ",
            answer_and_close("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}\n"),
            broken,
        ),
        (
            "sends a Content-Length that is no number",
            answer_and_close("HTTP/1.1 201 Created\r\nContent-Length: two\r\n\r\n{}"),
            broken,
        ),
        (
            "sends more than its Content-Length",
            answer(format!("{CREATED}HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong")),
            Passes(201, "{}"),
        ),
        (
            "sends less than its Content-Length, and waits",
            vec![Act::ReadBody, Act::Send(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{}".to_vec()), Act::Close],
            Cut(201),
        ),
        ("sends 100 Continue first", answer(format!("HTTP/1.1 100 Continue\r\n\r\n{CREATED}")), Passes(201, "{}")),
        (
            "sends 103 Early Hints first",
            answer(format!("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n{CREATED}")),
            Passes(201, "{}"),
        ),
        ("changes the protocol", answer_and_close("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), broken),
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
    let gate = Gate::start(&vnfm.url(), &[], &[]);
    for (fault, acts, outcome) in faults() {
        vnfm.play(move |_| acts.clone());
        match outcome {
            Outcome::Problem(status, rule) => {
                let before = gate.requests(status, rule);
                expect_problem(&send(gate.address, &subscribe()), status, rule, fault);
                wait_until("it is counted", || gate.requests(status, rule) == before + 1);
                documented::names(status, rule);
            }
            Outcome::Passes(status, body) => {
                let got = send(gate.address, &subscribe());
                let body_got = String::from_utf8_lossy(&got.body);
                assert_eq!((got.status, body_got.as_ref()), (status, body), "{fault}");
            }
            Outcome::Cut(status) => {
                let bytes = raw(&gate, &subscribe());
                assert!(bytes.starts_with(&format!("HTTP/1.1 {status} ")), "{fault}: {bytes}");
                let whole = bytes.contains("\r\n0\r\n") || bytes.ends_with("{}\r\n");
                assert!(!whole, "{fault}: the client takes it for whole: {bytes}");
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
