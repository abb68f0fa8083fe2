//! More than there is room for: it is refused at once, and what was there before goes
//! on.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm, answer};
use solgate_tests::vnfm::{Answer, Received, Vnfm, message, send};

use crate::documented;
use crate::gate::{Gate, HEAD, PATIENCE, expect_problem, subscribe, terminate, wait_until, wrapped};

const ACCEPTED: &str = "HTTP/1.1 202 Accepted\r\nVersion: 2.0.0\r\nContent-Length: 0\r\n\r\n";

#[test]
fn connections_beyond_the_limit_are_refused_while_health_is_reported() {
    for door in ["serve", "forward-auth"] {
        let vnfm = Vnfm::start();
        let gate = Gate::run(door, &vnfm.url(), &["connections: 5"], &[], |command| command);
        gate.wait_until_empty();
        let held: Vec<TcpStream> = (0..5).map(|_| TcpStream::connect(gate.address).expect("it is taken")).collect();
        wait_until("they are taken", || gate.count("solgate_open_connections") == 5);
        // More than are answered at a time, and none of them reads.
        let beyond: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(gate.address).expect("it listens")).collect();
        let refused = || {
            let outcome = |name| gate.count(&format!("solgate_connections_refused_total{{outcome=\"{name}\"}}"));
            (outcome("answered"), outcome("closed"))
        };
        wait_until("they are refused", || refused().0 + refused().1 == 100);
        assert!(refused().0 >= 64, "{:?}", refused());
        assert!(gate.is_ready(), "{door}");
        drop(beyond);
        wait_until("one is told so again", || {
            let mut stream = TcpStream::connect(gate.address).expect("it listens");
            let _ = stream.write_all(&subscribe());
            stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
            let mut said = String::new();
            let _ = stream.read_to_string(&mut said);
            let told = said.starts_with("HTTP/1.1 503 ") && said.contains("gate.connections");
            assert!(told || said.is_empty(), "{said}");
            assert!(!told || said.to_ascii_lowercase().contains("retry-after: 5"), "{said}");
            assert_eq!(said.contains("solgate-verdict: refuse"), told && door == "forward-auth", "{said}");
            told
        });
        assert_eq!(gate.count("solgate_open_connections"), 5, "{door}");
        drop(held);
        wait_until("there is room again", || gate.count("solgate_open_connections") == 0);
        assert_ne!(send(gate.address, &subscribe()).status, 503, "{door}");
    }
    documented::names(503, "gate.connections");
}

/// Every connection needs a file descriptor; the last ones are for something else.
#[test]
fn a_gate_that_may_open_few_files_takes_fewer_connections() {
    let vnfm = Vnfm::start();
    // 128 of them are kept for everything else, and a connection may need two.
    let gate =
        Gate::run("serve", &vnfm.url(), &["clientShare: 1"], &[], |command| wrapped(&command, "ulimit -n 228", ""));
    gate.wait_until_empty();
    let _ = gate.server.said_with("the limit of open files allows fewer connections");
    let many: Vec<TcpStream> = (0..300).map(|_| TcpStream::connect(gate.address).expect("it listens")).collect();
    wait_until("as many are open as can be", || gate.count("solgate_open_connections") == 50);
    assert!(gate.is_ready());
    assert!(!gate.server.said().contains("could not be taken"), "{}", gate.server.said());
    drop(many);
    wait_until("there is room again", || gate.count("solgate_open_connections") == 0);
    assert_eq!(send(gate.address, &subscribe()).status, 202);
}

/// A VNFM that accepts operations when it is told to.
pub fn slow_vnfm(go: &Arc<AtomicBool>) -> FaultyVnfm {
    let go = Arc::clone(go);
    FaultyVnfm::start(move |request| {
        if request.line.starts_with("POST ") {
            return vec![Act::ReadBody, Act::Until(Arc::clone(&go)), Act::Send(ACCEPTED.into())];
        }
        let body = if request.line.contains("/vnf_instances/") {
            r#"{"id":"i","instantiationState":"INSTANTIATED"}"#
        } else {
            "[]"
        };
        answer(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    })
}

fn operations(received: &[Received]) -> usize {
    received.iter().filter(|request| request.line.starts_with("POST ")).count()
}

/// Sends requests until `held` of them are under way, which it leaves to the VNFM;
/// then `beyond`, whose answers it returns, and then lets the VNFM accept all.
fn crowded(limits: &[&str], request: &[u8], held: usize, beyond: usize) -> (Vec<Answer>, Vec<u16>) {
    let go = Arc::new(AtomicBool::new(false));
    let vnfm = slow_vnfm(&go);
    let limits = [limits, &["answerTimeout: 60s"]].concat();
    let gate = Gate::start(&vnfm.url(), &limits, &[]);
    let answers = std::thread::scope(|threads| {
        let mut under_way = Vec::new();
        let mut received = Vec::new();
        for count in 1..=held {
            under_way.push(threads.spawn(|| send(gate.address, request).status));
            wait_until("it is under way", || {
                received.extend(vnfm.received());
                let open = gate.count("solgate_open_connections");
                open == count as u64 && operations(&received) > 0
            });
        }
        // The last one may not have got to its place yet.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let refused: Vec<Answer> = (0..beyond).map(|_| send(gate.address, request)).collect();
        assert!(gate.is_ready());
        go.store(true, Ordering::Relaxed);
        (refused, under_way.into_iter().map(|one| one.join().expect("an answer")).collect())
    });
    assert_eq!(send(gate.address, request).status, 202, "there is room again");
    answers
}

#[test]
fn requests_beyond_the_limit_are_refused() {
    let (refused, served) = crowded(&["requests: 2"], &subscribe(), 2, 5);
    refused.iter().for_each(|answer| expect_problem(answer, 503, "gate.requests", "beyond the limit"));
    assert_eq!(served, [202, 202]);
    documented::names(503, "gate.requests");
}

#[test]
fn operations_that_wait_for_a_resource_are_refused_when_they_are_too_many() {
    // One has the turn, and two wait.
    let (refused, served) = crowded(&["waiting: 2"], &terminate("i"), 3, 5);
    refused.iter().for_each(|answer| expect_problem(answer, 503, "gate.turn-queue", "beyond the limit"));
    assert_eq!(served, [202, 202, 202]);
    documented::names(503, "gate.turn-queue");
    documented::names(503, "gate.turn");
}

/// An evaluation takes many times the memory of its body: those of large bodies are
/// done a few at a time.
#[test]
fn many_large_bodies_at_once_take_the_memory_of_a_few_evaluations() {
    const CLIENTS: usize = 100;
    let vnfm = Vnfm::start();
    let gate = Gate::start(&vnfm.url(), &["bodyTimeout: 60s", "answerTimeout: 60s"], &[]);
    let items = vec![r#"{"a":"b"}"#; 90_000].join(",");
    let body = format!(r#"{{"callbackUri":"http://nfvo.example/cb","x":[{items}]}}"#);
    let large = message("POST", "/vnflcm/v2/subscriptions", &HEAD, &body);
    let answers: Vec<Answer> = std::thread::scope(|threads| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| threads.spawn(|| send(gate.address, &large))).collect();
        clients.into_iter().map(|client| client.join().expect("an answer")).collect()
    });
    for answer in answers {
        // On a slow machine there is no room for some of them; nobody is cut off.
        match answer.status {
            202 => {}
            _ => expect_problem(&answer, 503, "gate.overload", "beyond what it can judge"),
        }
    }
    let peak = gate.peak_memory();
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    println!("{CLIENTS} bodies of {} bytes at once: at most {} MiB", body.len(), peak >> 20);
    assert!(peak < (200 + 16 * processors) << 20, "{peak} bytes");
}

/// Bodies of the largest size from many clients at once: each is judged, or refused
/// because there is no room.
#[test]
fn a_flood_of_large_bodies_stays_within_the_memory_for_bodies() {
    const CLIENTS: usize = 40;
    let vnfm = Vnfm::start();
    let limits = ["bodyMemoryBytes: 8388608", "clientShare: 1", "bodyTimeout: 60s", "answerTimeout: 60s"];
    let gate = Gate::start(&vnfm.url(), &limits, &[]);
    let text = r#"{"callbackUri":"http://nfvo.example/cb"}"#;
    let body = format!("{text}{}", " ".repeat((1 << 20) - text.len()));
    let large = message("POST", "/vnflcm/v2/subscriptions", &HEAD, &body);
    let before = gate.memory();
    let answers: Vec<Answer> = std::thread::scope(|threads| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| threads.spawn(|| send(gate.address, &large))).collect();
        clients.into_iter().map(|client| client.join().expect("an answer")).collect()
    });
    let judged = answers.iter().filter(|answer| answer.status == 202).count();
    let refused = answers.iter().filter(|answer| answer.status == 503);
    refused.clone().for_each(|answer| expect_problem(answer, 503, "gate.body-memory", "beyond the limit"));
    assert_eq!(judged + refused.count(), CLIENTS, "nothing else happens to them");
    println!(
        "{judged} of {CLIENTS} large bodies judged; memory grew by {} MiB",
        gate.memory().saturating_sub(before) >> 20
    );
    assert_eq!(send(gate.address, &large).status, 202);
    documented::names(503, "gate.body-memory");
    documented::names(503, "gate.overload");
}
