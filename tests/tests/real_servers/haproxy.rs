//! HAProxy, with the configuration of its guide and our Lua script.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use solgate_tests::servers::Server;
use solgate_tests::workspace;

use crate::faults;
use crate::forward_auth::{Asking, INSTANCES, odd};

const HAPROXY: Asking = Asking {
    guide: "haproxy.md",
    launch: |folder, address| launch(folder, address, "", ""),
    without_gate: |answer| faults::expect(answer, 503, "gate.unavailable"),
};

/// Starts it, with another text in place of one in the guide's files or the script.
fn launch(folder: &Path, address: SocketAddr, from: &str, to: &str) -> Server {
    let script = std::fs::read_to_string(workspace().join("adapters/haproxy/solgate.lua")).expect("it is readable");
    let configuration = std::fs::read_to_string(folder.join("haproxy.cfg")).expect("it is readable");
    assert!(from.is_empty() || script.contains(from) || configuration.contains(from), "{from:?} is not there");
    for (name, text) in [("solgate.lua", script), ("haproxy.cfg", configuration)] {
        let text = if from.is_empty() { text } else { text.replace(from, to) };
        std::fs::write(folder.join(name), text).expect("it is written");
    }
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(folder.join("haproxy.cfg"));
    Server::start(command, address, folder)
}

/// A request in chunks that the policy allows, and whose start it would allow, too.
fn in_chunks(size: usize) -> Vec<u8> {
    let start = r#"{"vnfdId":"b1bb0ce7-ebca-4fa7-95ed-4840d70a1177"}"#;
    let body = format!("{start}{}", " ".repeat(size - start.len()));
    let chunks: String = body.as_bytes().chunks(1000).fold(String::new(), |coded, chunk| {
        format!("{coded}{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk))
    });
    format!(
        "POST /vnflcm/v2/vnf_instances HTTP/1.1\r\nHost: vnfm.example\r\nConnection: close\r\nVersion: 2.0.0\r\n\
         Accept: application/json\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
         {chunks}0\r\n\r\n"
    )
    .into_bytes()
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn does_not_judge_by_halves_what_does_not_fit_into_its_buffer() {
    let small = Asking {
        launch: |folder, address| {
            launch(folder, address, "tune.bufsize 1179648\n    tune.maxrewrite 32768", "tune.bufsize 16384")
        },
        ..HAPROXY
    };
    small.decides(&[
        (in_chunks(8_000), |answer| assert_eq!(answer.status, 202)),
        // From what does not fit with the room that HAProxy keeps, to what never fits.
        (in_chunks(15_800), |answer| faults::expect(answer, 500, "gate.body-cut")),
        (in_chunks(40_000), |answer| faults::expect(answer, 500, "gate.body-cut")),
        (in_chunks(400_000), |answer| faults::expect(answer, 500, "gate.body-cut")),
    ]);
}

/// If HAProxy itself can tell, and if only its buffer ends the reading.
#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_policy_s_limit_is_what_a_large_body_in_chunks_goes_beyond() {
    HAPROXY.decides(&[
        (in_chunks(2_000_000), |answer| faults::expect(answer, 413, "body.size")),
        (odd("GET", INSTANCES, "X: a\u{1}b\r\n"), |answer| faults::expect(answer, 400, "transport.field.value")),
        (odd("GET", INSTANCES, "X: a\tb \u{fc}\r\nAccept: application/json\r\n"), |answer| {
            assert_eq!(answer.status, 202)
        }),
    ]);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn what_it_answers_itself_is_in_its_guide() {
    let fields: String = (0..110).map(|number| format!("X-{number}: 1\r\n")).collect();
    let long = format!("X: {}\r\n", "a".repeat(1_500_000));
    let framed = |lines: &str, body: &str| odd("POST", INSTANCES, &format!("{lines}\r\n{body}"));
    HAPROXY.answers_itself(&[
        ("a field line without a colon", odd("GET", INSTANCES, "no field\r\n")),
        ("two Host fields that differ", odd("GET", INSTANCES, "Host: b\r\n")),
        ("two Content-Length fields that differ", framed("Content-Length: 2\r\nContent-Length: 3\r\n", "{} ")),
        ("a chunk whose size is not a number", framed("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n")),
        ("a transfer coding beside chunked", framed("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
        (
            "an upgrade to WebSocket without a key",
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n".to_vec(),
        ),
        ("a fragment in the target", odd("GET", "/vnflcm/v2/vnf_instances#a", "")),
        ("a byte beyond ASCII in the target", odd("GET", "/vnflcm/v2/vnf_instances?a=\u{fc}", "")),
        ("more than 101 fields", odd("GET", INSTANCES, &fields)),
        ("a head that does not fit into the buffer", odd("GET", INSTANCES, &long)),
    ]);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn lets_nothing_pass_if_the_script_fails() {
    let failing = Asking {
        launch: |folder, address| launch(folder, address, "core.httpclient()", "error(\"no client\")"),
        ..HAPROXY
    };
    failing.decides(&[(faults::good(), |answer| faults::expect(answer, 500, "gate.internal"))]);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn keeps_a_client_s_connection_when_the_gate_refuses() {
    HAPROXY.keeps_connections();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_vnfm_is_not_asked_to_say_100() {
    HAPROXY.waits_for_no_interim_answer();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn answers_as_the_library() {
    HAPROXY.answers_as_the_library();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_a_policy_that_misbehaves() {
    HAPROXY.bears_a_policy_that_misbehaves();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_failures_around_it() {
    HAPROXY.bears_failures_around_it();
}
