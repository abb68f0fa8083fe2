//! What the policy does, by the path.

use std::sync::atomic::{AtomicU16, Ordering};

use solgate_contract::verdict::{Denial, FactQuery, Location, Outcome, Violation};

use crate::marks;

/// Calls of `count` that this instance has seen.
static CALLS: AtomicU16 = AtomicU16::new(0);

pub(crate) fn judge(target: &str) -> Outcome {
    if let Some(outcome) = marks::judge(target) {
        return outcome;
    }
    match target.strip_prefix("/hostile/").unwrap_or_default() {
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
            denial.fields = vec![("version".to_owned(), "2.0.0\r\nSet-Cookie: a=b".to_owned())];
            Outcome::Deny(denial)
        }
        "field" => {
            let mut denial = denial(400, "cookie");
            denial.fields = vec![("set-cookie".to_owned(), "a=b".to_owned())];
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
        "undeclared" => {
            let mut denial = denial(403, "by a rule of its own");
            denial.rule = "nobody-knows-it".to_owned();
            Outcome::Deny(denial)
        }
        "undeclared-violation" => {
            let mut denial = denial(403, "by another rule, too");
            denial.violations.push(Violation {
                rule: "nobody-knows-it".to_owned(),
                location: Location::Request,
                detail: "d".to_owned(),
                clause: None,
            });
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

pub(crate) fn denial(status: u16, detail: &str) -> Denial {
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
