//! What every door must bear.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_tests::kept::Kept;
use solgate_tests::vnfm::{Answer, Vnfm, message, send};

/// A request that the default policy allows.
#[must_use]
pub fn good() -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances", &["Version: 2.0.0", "Accept: application/json"], "")
}

/// A request that the default policy denies with `terminate.type.enum`.
#[must_use]
pub fn bad() -> Vec<u8> {
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &fields, r#"{"terminationType":"soon"}"#)
}

/// A request on which the default policy needs facts.
#[must_use]
pub fn needs_facts() -> Vec<u8> {
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &fields, r#"{"terminationType":"FORCEFUL"}"#)
}

/// The answer is ProblemDetails with this status and rule.
pub fn expect(answer: &Answer, status: u16, rule: &str) {
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.field("content-type"), Some("application/problem+json"));
    assert_eq!(answer.rules(), [rule]);
    assert_eq!(answer.json()["status"], Value::from(status));
}

/// Refusals of every kind leave the client its connection.
pub fn keeps_connections(address: SocketAddr) {
    let kept = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace("Connection: close\r\n", "").into_bytes();
    let unknown = message("GET", "/vnflcm/v2/nothing", &["Version: 2.0.0", "Accept: application/json"], "");
    let other = message("GET", "/vnflcm/v2/vnf_instances", &["Version: 2.0.0", "Accept: text/plain"], "");
    let mut client = Kept::new(address);
    for (request, status) in [(bad(), 400), (unknown, 404), (other, 406), (bad(), 400), (good(), 202)] {
        let answer = client.send(&kept(request)).expect("an answer");
        assert_eq!((answer.status, answer.field("connection").unwrap_or("keep-alive")), (status, "keep-alive"));
    }
    assert_eq!(client.opened(), 1);
}

/// A server whose policy is tests/hostile answers for it, and goes on.
pub fn policy_that_misbehaves(address: SocketAddr, vnfm: &Vnfm) {
    vnfm.forget();
    let ask = |target: &str| send(address, &message("GET", target, &[], ""));
    for _ in 0..3 {
        expect(&ask("/hostile/panic"), 500, "gate.policy-trap");
        expect(&ask("/hostile/loop"), 503, "gate.policy-deadline");
        assert_eq!(ask("/hostile/fine").status, 202, "it goes on");
    }
    let received = vnfm.received();
    assert_eq!(received.len(), 3, "only what was allowed has arrived");
}

/// Puts another file in the place of one, in one step.
pub fn replace(file: &Path, bytes: &[u8]) {
    let beside = file.with_extension("new");
    std::fs::write(&beside, bytes).expect("it is written");
    std::fs::rename(beside, file).expect("it is replaced");
}

/// Waits for something that a gate does in its own time.
pub fn wait_until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "it has not happened within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends good and bad requests while `disturb` does something, and counts answers.
/// All must be right.
pub fn under_load(address: SocketAddr, disturb: impl FnOnce()) {
    let (stop, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(send(address, &good()).status, 202);
                    expect(&send(address, &bad()), 400, "terminate.type.enum");
                    answers.fetch_add(2, Ordering::Relaxed);
                }
            });
        }
        // A panic must end the load, too.
        let _stop = StopWhenDropped(&stop);
        let fifty_more = || {
            let wanted = answers.load(Ordering::Relaxed) + 50;
            let deadline = Instant::now() + Duration::from_secs(60);
            while answers.load(Ordering::Relaxed) < wanted && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        // Servers with several workers answer when the first of them has its gate.
        fifty_more();
        disturb();
        fifty_more();
    });
    assert!(answers.into_inner() > 50, "there was no load");
}

/// Ends a load, whatever happens.
pub struct StopWhenDropped<'a>(pub &'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
