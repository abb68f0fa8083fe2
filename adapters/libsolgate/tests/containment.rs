//! A policy that misbehaves costs its own request and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_embedding::{Gate, Request, Step};
use solgate_tests::hostile_policy;

fn gate() -> Gate {
    let folder = tempfile::tempdir().expect("a folder");
    Gate::new(&format!("policies: [{}]", hostile_policy(folder.path()).display())).expect("it loads")
}

fn judged(gate: &Gate, path: &str) -> (Step, Option<(u16, String)>) {
    let mut evaluation = gate.evaluation(&Request::new("GET", &format!("/hostile/{path}")));
    let step = evaluation.evaluate();
    let answer = evaluation.answer().expect("there is an answer");
    let problem = serde_json::from_slice::<Value>(&answer.body).ok();
    let rule = problem.and_then(|problem| problem["violations"][0]["rule"].as_str().map(str::to_owned));
    (step, rule.map(|rule| (answer.status, rule)))
}

#[test]
fn each_failure_is_an_answer() {
    let gate = gate();
    let table = [
        ("panic", 500, "gate.policy-trap"),
        ("loop", 503, "gate.policy-deadline"),
        ("memory", 503, "gate.policy-memory"),
        ("crlf", 500, "gate.policy-outcome"),
        ("need", 500, "gate.policy-outcome"),
        ("need-nothing", 500, "gate.policy-outcome"),
    ];
    for (path, status, rule) in table {
        let begun = Instant::now();
        assert_eq!(judged(&gate, path), (Step::Deny, Some((status, rule.to_owned()))), "{path}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{path} took {:?}", begun.elapsed());
        assert_eq!(judged(&gate, "fine"), (Step::Allow, None), "after {path}");
    }
}

#[test]
fn a_loop_does_not_hold_other_threads_up() {
    let gate = gate();
    std::thread::scope(|threads| {
        let looping = threads.spawn(|| judged(&gate, "loop"));
        while !looping.is_finished() {
            assert_eq!(judged(&gate, "fine"), (Step::Allow, None));
        }
        assert_eq!(looping.join().unwrap().1.unwrap().1, "gate.policy-deadline");
    });
}
