//! Many at once: connections that say nothing, and requests that need the same fact.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm, answer};
use solgate_tests::vnfm::{Received, Vnfm, message, send};

use crate::gate::{Gate, HEAD, subscribe, wait_until};

/// So many connections as this process may have, but no more than 1,000.
fn many() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").expect("Linux says so");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("it is among them");
    let most = line.split_whitespace().nth(3).and_then(|soft| soft.parse().ok()).unwrap_or(usize::MAX);
    most.saturating_sub(200).clamp(100, 1000)
}

#[test]
fn a_thousand_connections_that_say_nothing_cost_little_and_stop_nobody() {
    let (vnfm, count) = (Vnfm::start(), many());
    let gate = Gate::start(&vnfm.url(), &["idle: 60s"], &[]);
    assert_eq!(send(gate.address, &subscribe()).status, 202);
    let (memory, descriptors) = (gate.memory(), gate.descriptors());
    let idle: Vec<TcpStream> = (0..count).map(|_| TcpStream::connect(gate.address).expect("it is taken")).collect();
    let open = u64::try_from(count).expect("it fits");
    wait_until("they are all taken", || gate.count("solgate_open_connections") == open);
    for _ in 0..50 {
        assert_eq!(send(gate.address, &subscribe()).status, 202);
    }
    let each = gate.memory().saturating_sub(memory) / open;
    println!("{count} idle connections: {each} bytes of memory each, {} descriptors", gate.descriptors());
    assert!(each < 64 << 10, "{each} bytes for each");
    assert!(gate.is_ready());
    drop(idle);
    wait_until("they are gone", || gate.count("solgate_open_connections") == 0);
    wait_until("their descriptors are, too", || gate.descriptors() <= descriptors + 10);
}

/// What a server asks for a request that it is about to forward.
fn asked() -> Vec<u8> {
    let target = "/vnflcm/v2/vnf_instances/i/terminate";
    let fields = [
        HEAD[0],
        HEAD[1],
        HEAD[2],
        "X-Forwarded-Method: POST",
        &format!("X-Forwarded-Uri: {target}"),
        "X-Forwarded-Host: vnfm.example",
        "X-Forwarded-Proto: http",
        "X-Forwarded-For: 192.0.2.1",
    ];
    message("POST", "/", &fields, r#"{"terminationType":"FORCEFUL"}"#)
}

fn fact(request: &Received, state: &str) -> Vec<Act> {
    let body = match request.line.contains("/vnf_instances/") {
        true => format!(r#"{{"id":"i","instantiationState":"{state}"}}"#),
        false => "[]".to_owned(),
    };
    answer(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// Requests that need the same fact share one question, and yet none is denied by a
/// state that had passed when it came.
#[test]
fn a_stampede_asks_once_and_no_denial_rests_on_what_was_before() {
    const CROWD: usize = 200;
    let go = Arc::new(AtomicBool::new(false));
    let held = Arc::clone(&go);
    let mut asked_before = false;
    let vnfm = FaultyVnfm::start(move |request| {
        if request.line.contains("/vnf_instances/") && !std::mem::replace(&mut asked_before, true) {
            // What it says is the state of now, although it comes late.
            let mut acts = fact(request, "NOT_INSTANTIATED");
            acts.insert(0, Act::Until(Arc::clone(&held)));
            return acts;
        }
        fact(request, "INSTANTIATED")
    });
    let gate = Gate::run("forward-auth", &vnfm.url(), &[], &["facts: { timeout: 60s, ttl: 60s }"], |command| command);
    let questions = |received: &[Received]| received.iter().filter(|one| one.line.contains("/vnf_instances/")).count();
    let mut received = Vec::new();
    let (first, crowd) = std::thread::scope(|threads| {
        let first = threads.spawn(|| send(gate.address, &asked()).status);
        wait_until("the first question arrives", || {
            received.extend(vnfm.received());
            questions(&received) == 1
        });
        // From here on the instance is instantiated.
        let crowd: Vec<_> = (0..CROWD).map(|_| threads.spawn(|| send(gate.address, &asked()).status)).collect();
        wait_until("all have come", || gate.count("solgate_open_connections") > CROWD as u64);
        std::thread::sleep(Duration::from_millis(300));
        go.store(true, Ordering::Relaxed);
        let crowd: Vec<u16> = crowd.into_iter().map(|one| one.join().expect("an answer")).collect();
        (first.join().expect("an answer"), crowd)
    });
    assert_eq!(first, 409, "what it asked itself decides");
    assert_eq!(crowd, [200; CROWD], "none is denied by the state before");
    received.extend(vnfm.received());
    println!("{} questions for {} requests", received.len(), CROWD + 1);
    // Whoever comes while one is under way waits for it; how many rounds that makes
    // depends on how fast they come.
    assert!(received.len() < CROWD / 4, "{} questions", received.len());
}
