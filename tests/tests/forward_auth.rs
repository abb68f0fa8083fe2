//! `solgate forward-auth` as a process: what it says to the server, and what it
//! reports.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use solgate_tests::process::Serving;
use solgate_tests::vnfm::{Answer, Vnfm, message, send};

/// Asks about a list of instances without Version, which the default policy requires.
fn ask(gate: &Serving) -> Answer {
    let fields = [
        "X-Forwarded-Method: GET",
        "X-Forwarded-Uri: /vnflcm/v2/vnf_instances",
        "X-Forwarded-Host: vnfm.example",
        "Accept: application/json",
    ];
    send(gate.address, &message("GET", "/", &fields, ""))
}

#[test]
fn what_refuses_nothing_is_a_warning_beside_the_verdict() {
    let vnfm = Vnfm::start();
    let start = |more: &[&str]| Serving::start_door("forward-auth", &[&["--facts", &vnfm.url()], more].concat());

    let refused = ask(&start(&[]));
    assert_eq!((refused.status, refused.field("warning")), (400, None));
    assert_eq!(refused.rules(), ["header.version.required"]);

    let passed = ask(&start(&["--severity", "header.version.required=warn"]));
    assert_eq!((passed.status, passed.field("solgate-verdict")), (200, Some("pass")));
    let warning = passed.field("warning").expect("it warns");
    assert!(warning.contains("header.version.required"), "{warning}");
}

/// A server that could not send the rest would take the connection for broken, and might
/// make an answer of its own.
#[test]
fn a_body_that_is_too_large_is_taken_to_its_end() {
    const LIMIT: usize = 1 << 20;
    let vnfm = Vnfm::start();
    let gate = Serving::start_door("forward-auth", &["--facts", &vnfm.url()]);
    let fields = [
        "X-Forwarded-Method: POST",
        "X-Forwarded-Uri: /vnflcm/v2/vnf_instances",
        "X-Forwarded-Host: vnfm.example",
        "Accept: application/json",
        "Content-Type: application/json",
        "Version: 2.0.0",
    ];
    let whole = message("POST", "/", &fields, &" ".repeat(2 * LIMIT));
    let (first, rest) = whole.split_at(LIMIT + LIMIT / 2);
    let mut client = TcpStream::connect(gate.address).expect("it listens");
    client.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    client.write_all(first).expect("it reads");
    client.peek(&mut [0]).expect("an answer");
    for piece in rest.chunks(LIMIT / 8) {
        std::thread::sleep(Duration::from_millis(20));
        client.write_all(piece).expect("it reads the rest");
    }
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("the answer to its end");
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body.size"), "{answer}");
}
