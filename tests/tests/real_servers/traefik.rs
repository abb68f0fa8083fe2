//! Traefik, with the configuration of its guide.

use std::process::Command;

use solgate_tests::servers::{Server, installed};

use crate::faults;
use crate::forward_auth::{Asking, INSTANCES, odd};

const TRAEFIK: Asking = Asking {
    guide: "traefik.md",
    launch: |folder, address| {
        let mut command = Command::new(installed("bin/traefik"));
        command.arg("--configFile").arg(folder.join("traefik.yaml"));
        Server::start(command, address, folder)
    },
    without_gate: |answer| assert_eq!((answer.status, answer.body.len()), (500, 0)),
};

#[test]
#[ignore = "needs the servers of make test-doors"]
fn keeps_a_client_s_connection_when_the_gate_refuses() {
    TRAEFIK.keeps_connections();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_vnfm_is_not_asked_to_say_100() {
    TRAEFIK.waits_for_no_interim_answer();
}

/// Traefik hands such a target on as it came.
#[test]
#[ignore = "needs the servers of make test-doors"]
fn a_target_that_is_no_text_is_the_client_s_mistake() {
    let target =
        b"GET /vnflcm/v2/vnf_instances?a=\xff HTTP/1.1\r\nHost: a\r\nVersion: 2.0.0\r\nConnection: close\r\n\r\n";
    TRAEFIK.decides(&[(target.to_vec(), |answer| faults::expect(answer, 400, "transport.target.form"))]);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn what_it_answers_itself_is_in_its_guide() {
    let long = format!("X: {}\r\n", "a".repeat(2_000_000));
    let framed = |lines: &str, body: &str| odd("POST", INSTANCES, &format!("{lines}\r\n{body}"));
    TRAEFIK.answers_itself(&[
        ("no Host field", b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_vec()),
        ("two Host fields that differ", odd("GET", INSTANCES, "Host: b\r\n")),
        ("a field line without a colon", odd("GET", INSTANCES, "no field\r\n")),
        ("a control character in a field", odd("GET", INSTANCES, "X: \u{1}\r\n")),
        ("two Content-Length fields that differ", framed("Content-Length: 2\r\nContent-Length: 3\r\n", "{} ")),
        ("a fragment in the target", odd("GET", "/vnflcm/v2/vnf_instances#a", "")),
        ("a transfer coding beside chunked", framed("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")),
        ("a chunk whose size is not a number", framed("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n")),
        ("an expectation other than 100-continue", framed("Expect: 200-ok\r\nContent-Length: 2\r\n", "{}")),
        ("OPTIONS of the whole server", odd("OPTIONS", "*", "")),
        ("a head of more than 1 MiB", odd("GET", INSTANCES, &long)),
        ("a body above maxBodySize", framed("Content-Length: 4194305\r\n", &" ".repeat(4_194_305))),
    ]);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn answers_as_the_library() {
    TRAEFIK.answers_as_the_library();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_a_policy_that_misbehaves() {
    TRAEFIK.bears_a_policy_that_misbehaves();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_failures_around_it() {
    TRAEFIK.bears_failures_around_it();
}
