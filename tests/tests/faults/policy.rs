//! A policy that misbehaves, in a gate that serves others meanwhile.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use solgate_tests::hostile_policy;
use solgate_tests::vnfm::{Vnfm, message, send};

use crate::documented;
use crate::gate::{Gate, expect_problem, wait_until};

fn ask(path: &str) -> Vec<u8> {
    message("GET", &format!("/hostile/{path}"), &[], "")
}

fn gate(vnfm: &Vnfm, evaluation: &str) -> (Gate, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let policies = format!("policies: [{}]", hostile_policy(folder.path()).display());
    (Gate::start(&vnfm.url(), &[], &[&policies, evaluation]), folder)
}

#[test]
fn what_a_policy_does_is_cut_at_the_limits_of_the_configuration() {
    let vnfm = Vnfm::start();
    let (gate, _folder) =
        gate(&vnfm, "evaluation: { time: 100ms, memoryBytes: 50331648, outputBytes: 65536, violations: 32 }");
    for (path, status, rule) in [
        ("loop", 503, "gate.policy-deadline"),
        ("recursion", 500, "gate.policy-trap"),
        ("panic", 500, "gate.policy-trap"),
        ("memory", 503, "gate.policy-memory"),
        ("output", 500, "gate.policy-outcome"),
        ("violations", 500, "gate.policy-outcome"),
        ("flood", 500, "gate.policy-outcome"),
        ("status", 500, "gate.policy-outcome"),
    ] {
        expect_problem(&send(gate.address, &ask(path)), status, rule, path);
        documented::names(status, rule);
        assert_eq!(vnfm.received(), [], "{path}");
        assert_eq!(send(gate.address, &ask("well")).status, 202, "after {path}");
        assert_eq!(vnfm.received().len(), 1, "after {path}");
    }
}

#[test]
fn a_thousand_traps_in_a_row_are_noticed_by_nobody_else() {
    const TRAPS: usize = 1000;
    let vnfm = Vnfm::start();
    let (gate, _folder) = gate(&vnfm, "isolation: recycle:8");
    let (done, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    let grown = std::thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    // Its instances are used again, but for those that trapped.
                    assert_eq!(send(gate.address, &ask("well")).status, 202);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let traps = || {
            let mut settled = 0;
            for number in 0..TRAPS {
                expect_problem(&send(gate.address, &ask("panic")), 500, "gate.policy-trap", "a trap");
                if number == TRAPS / 5 {
                    settled = gate.memory();
                }
            }
            gate.memory().saturating_sub(settled)
        };
        // A panic must end the others, too.
        let grown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(traps));
        done.store(true, Ordering::Relaxed);
        grown.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    let served = served.into_inner();
    println!("{TRAPS} traps beside {served} good answers; memory grew by {} KiB", grown >> 10);
    assert!(served > 100, "there was nobody else: {served}");
    assert!(grown < 16 << 20, "memory grew by {grown} bytes");
    wait_until("all are counted", || gate.requests(500, "gate.policy-trap") == TRAPS as u64);
    assert_eq!(gate.requests(202, ""), served as u64);
}
