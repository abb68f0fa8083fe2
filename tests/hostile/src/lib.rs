//! A policy that misbehaves when the request's path asks it to. It shows that
//! the host bears it: each path costs its own request and nothing else.
#![cfg(target_arch = "wasm32")]

use std::sync::atomic::{AtomicU16, Ordering};

wit_bindgen::generate!({ path: "../../wit", world: "policy" });

use exports::solgate::policy::judge::{
    Context, Denial, FactQuery, Guest, Limits, Location, Manifest, Outcome, Pair, Request, Violation,
};

/// Calls of `count` that this instance has seen.
static CALLS: AtomicU16 = AtomicU16::new(0);

struct Hostile;

export!(Hostile);

impl Guest for Hostile {
    fn describe() -> Manifest {
        Manifest {
            name: "hostile".to_owned(),
            version: "1.0.0".to_owned(),
            digest: "0".repeat(64),
            fields: vec![],
            api_roots: vec!["/hostile".to_owned()],
            operations: vec![],
            facts: vec![],
            options: vec![],
            rules: vec![],
            limits: Limits { body_bytes: 1 << 20, target_bytes: 8192, depth: 64 },
            secrets: vec![],
        }
    }

    fn evaluate(request: Request, _: Context) -> Outcome {
        match request.target.strip_prefix("/hostile/").unwrap_or_default() {
            "loop" => loop {
                std::hint::black_box(());
            },
            "panic" => panic!("on request"),
            "recursion" => Outcome::Deny(denial(recurse(1) as u16, "deep")),
            "memory" => {
                let mut hoard: Vec<Vec<u8>> = Vec::new();
                loop {
                    // Not touched, so that the memory limit comes before the deadline.
                    hoard.push(std::hint::black_box(Vec::with_capacity(8 << 20)));
                }
            }
            "output" => Outcome::Deny(denial(400, &"x".repeat(8 << 20))),
            // Small for the policy, and large for who takes them out.
            "violations" => Outcome::Deny(violated(300)),
            "flood" => Outcome::Deny(violated(300_000)),
            "status" => Outcome::Deny(denial(200, "fine")),
            "crlf" => {
                let mut denial = denial(400, "split");
                denial.fields = vec![Pair { name: "version".to_owned(), value: "2.0.0\r\nSet-Cookie: a=b".to_owned() }];
                Outcome::Deny(denial)
            }
            "field" => {
                let mut denial = denial(400, "cookie");
                denial.fields = vec![Pair { name: "set-cookie".to_owned(), value: "a=b".to_owned() }];
                Outcome::Deny(denial)
            }
            "title" => {
                let mut denial = denial(400, "no title");
                denial.title.clear();
                Outcome::Deny(denial)
            }
            "empty" => {
                let mut denial = denial(400, "no violation");
                denial.violations.clear();
                Outcome::Deny(denial)
            }
            // These two are about instances: how many calls this one has seen, and one
            // that grows and behaves.
            "count" => {
                let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
                Outcome::Deny(denial(400 + calls, "counted"))
            }
            "growth" => {
                drop(std::hint::black_box(vec![1u8; 8 << 20]));
                Outcome::Allow(vec![])
            }
            "need" => Outcome::Need(vec![FactQuery { name: "undeclared".to_owned(), variables: vec![] }]),
            "need-nothing" => Outcome::Need(vec![]),
            _ => Outcome::Allow(vec![]),
        }
    }
}

fn denial(status: u16, detail: &str) -> Denial {
    Denial {
        status,
        rule: "hostile".to_owned(),
        title: "Hostile".to_owned(),
        detail: detail.to_owned(),
        violations: vec![Violation {
            rule: "hostile".to_owned(),
            location: Location::Request,
            detail: detail.to_owned(),
            clause: None,
        }],
        fields: vec![],
        findings: vec![],
    }
}

fn violated(times: usize) -> Denial {
    let mut denial = denial(400, "many");
    let violation =
        || Violation { rule: "h".to_owned(), location: Location::Request, detail: "d".to_owned(), clause: None };
    denial.violations = std::iter::repeat_with(violation).take(times).collect();
    denial
}

fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + frame[(depth % 64) as usize] }
}
