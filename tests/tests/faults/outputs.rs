//! Standard error and standard output that nobody reads, that are full, or closed: no
//! request, no probe, no signal and no start waits for them or ends by them.

use std::net::SocketAddr;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm};
use solgate_tests::process::free_address;
use solgate_tests::vnfm::{Vnfm, message, send};

use crate::documented;
use crate::gate::{Gate, HEAD, PATIENCE, subscribe, wait_until, wrapped};

const DOORS: [&str; 3] = ["serve", "forward-auth", "ext-authz"];
/// More bytes than a pipe takes.
const MANY: usize = 600;

/// What is done with an output of the gate: a name, what the shell does before, and how
/// it redirects. Descriptor N is 1 or 2.
fn outputs(descriptor: u32) -> [(&'static str, String, String); 4] {
    let n = descriptor;
    [
        // Whoever opens a FIFO for both does not wait for a reader, and is none; it takes
        // 64 KiB.
        ("is not read", format!("mkfifo \"$FIFO\"; exec {n}<>\"$FIFO\"; head -c 65536 /dev/zero >&{n}"), String::new()),
        ("is on a full disk", ":".to_owned(), format!("{n}> /dev/full")),
        ("is closed", ":".to_owned(), format!("{n}>&-")),
        (
            "is a pipe whose reader has gone",
            format!("mkfifo \"$FIFO\"; (: < \"$FIFO\") & exec {n}> \"$FIFO\"; wait"),
            String::new(),
        ),
    ]
}

fn start(door: &str, vnfm: &str, before: &str, redirection: &str) -> Gate {
    let fifo = tempfile::tempdir().expect("a folder").keep().join("fifo");
    Gate::run(door, vnfm, &["answerTimeout: 60s"], &[], |command| {
        let mut shell = wrapped(&command, before, redirection);
        shell.env("FIFO", fifo);
        shell
    })
}

fn list() -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances", &HEAD[..2], "")
}

fn is_healthy(admin: SocketAddr) -> bool {
    send(admin, &message("GET", "/healthz", &[], "")).status == 200
}

/// How the gate ends when it is told to.
fn stop(gate: &mut Gate) -> ExitStatus {
    gate.server.signal("TERM");
    ended(gate)
}

fn ended(gate: &mut Gate) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = gate.server.status() {
            return status;
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn a_vnfm_that_is_down_stops_nothing_whatever_becomes_of_standard_error() {
    for (what, before, redirection) in outputs(2) {
        let mut gate = start("serve", &format!("http://{}", free_address()), &before, &redirection);
        for _ in 0..MANY {
            assert_eq!(send(gate.address, &list()).status, 503, "standard error {what}");
        }
        assert!(is_healthy(gate.admin) && gate.is_ready(), "standard error {what}");
        assert_eq!(stop(&mut gate).code(), Some(0), "standard error {what}");
    }
}

#[test]
fn every_door_starts_and_ends_whatever_becomes_of_its_outputs() {
    let vnfm = Vnfm::start();
    for door in DOORS {
        for descriptor in [1, 2] {
            for (what, before, redirection) in outputs(descriptor) {
                let mut gate = start(door, &vnfm.url(), &before, &redirection);
                assert!(is_healthy(gate.admin), "{door}: {descriptor} {what}");
                assert_eq!(stop(&mut gate).code(), Some(0), "{door}: {descriptor} {what}");
            }
        }
    }
}

/// It is the answer to something that the VNFM carries out.
#[test]
fn a_post_in_flight_is_answered_whatever_becomes_of_standard_error() {
    for (what, before, redirection) in outputs(2) {
        let go = Arc::new(AtomicBool::new(false));
        let wait = Arc::clone(&go);
        let created = "HTTP/1.1 201 Created\r\nVersion: 2.0.0\r\nContent-Length: 2\r\n\r\n{}";
        let vnfm =
            FaultyVnfm::start(move |_| vec![Act::ReadBody, Act::Until(Arc::clone(&wait)), Act::Send(created.into())]);
        let mut gate = start("serve", &vnfm.url(), &before, &redirection);
        let address = gate.address;
        let answer = std::thread::spawn(move || send(address, &subscribe()));
        wait_until("it is in flight", || !vnfm.received().is_empty());
        gate.server.signal("TERM");
        wait_until("it takes no more", || std::net::TcpStream::connect(address).is_err());
        go.store(true, Ordering::Relaxed);
        assert_eq!(answer.join().expect("it is answered").status, 201, "standard error {what}");
        assert_eq!(ended(&mut gate).code(), Some(0), "standard error {what}");
    }
}

/// A start that fails, too, has an end.
#[test]
fn what_cannot_start_says_so_to_nobody_and_ends() {
    for (what, before, redirection) in outputs(2) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new(solgate_tests::process::binary());
        command.args(["serve", "--upstream", "http://127.0.0.1:9", "--policy", "nowhere.wasm"]);
        let mut shell = wrapped(&command, &before, &redirection);
        shell.env("FIFO", folder.path().join("fifo"));
        let status = shell.stdout(std::process::Stdio::null()).status().expect("it runs");
        assert_eq!(status.code(), Some(2), "standard error {what}");
    }
}

#[test]
fn a_cause_is_said_once_in_a_second_with_how_often_it_was_left_out() {
    let mut gate = start("serve", &format!("http://{}", free_address()), ":", "");
    for _ in 0..MANY {
        assert_eq!(send(gate.address, &list()).status, 503);
    }
    // Each line stands for one request, and for those that it says were left out.
    let stand_for = |said: &str| -> Vec<usize> {
        let lines = said.lines().filter(|line| line.contains("the VNFM failed a request"));
        let left_out =
            |line: &str| line.split_once(" left_out=").map_or(0, |(_, more)| more.parse().expect("a number"));
        lines.map(|line| 1 + left_out(line)).collect()
    };
    wait_until("all are said", || stand_for(&gate.server.said()).iter().sum::<usize>() == MANY);
    let lines = stand_for(&gate.server.said());
    assert!(lines.len() < MANY / 2, "{}", gate.server.said());
    assert_eq!(gate.count("solgate_messages_dropped_total"), 0);
    assert_eq!(stop(&mut gate).code(), Some(0));
}

#[test]
fn messages_that_are_lost_are_counted() {
    let gate = start("serve", &format!("http://{}", free_address()), ":", "2> /dev/full");
    let dropped = || gate.count("solgate_messages_dropped_total");
    // What is said at the start.
    wait_until("it is counted", || dropped() > 0);
    let before = dropped();
    assert_eq!(send(gate.address, &list()).status, 503);
    wait_until("it is counted", || dropped() > before);
    documented::says("`solgate_messages_dropped_total`");
}

#[test]
fn decision_lines_that_are_lost_are_counted_and_said() {
    let vnfm = Vnfm::start();
    let gate = start("serve", &vnfm.url(), ":", "> /dev/full");
    assert_eq!(send(gate.address, &subscribe()).status, 202);
    wait_until("it is counted", || gate.count("solgate_decision_lines_dropped_total") > 0);
    let _ = gate.server.said_with("decision lines were dropped");
}
