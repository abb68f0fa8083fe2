//! Everything at once, for a while: requests of every kind, a VNFM that breaks off,
//! clients that mean harm or hold whatever they can get, and policies that are replaced, some of them no good.
//! No verdict is wrong, no answer is lost, no operation arrives twice, and memory
//! stays what it was.
//!
//! `make test-soak` takes ten minutes; SOAK_SECONDS in the environment is another time.

mod crowd;
mod gate;
mod hostile;
mod traffic;
mod vnfm;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gate::SoakedGate;
use hostile::Hostile;
use traffic::Traffic;
use vnfm::FaultyVnfm;

/// Clients that know what they must be answered.
const CLIENTS: usize = 4;
/// Between two policies.
const RELOAD: Duration = Duration::from_secs(2);
/// It takes so long until everything is held that clients can hold.
const WARM: Duration = Duration::from_secs(16);

/// What a process may take beyond what it had when warm, in bytes.
const MORE_MEMORY: u64 = 32 << 20;
/// The same for open files.
const MORE_FILES: usize = 64;

#[test]
fn it_holds_for_a_while() {
    soak(Duration::from_secs(24));
}

#[test]
#[ignore = "takes ten minutes; make test-soak runs it"]
fn it_holds_for_ten_minutes() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(Ok(600), |text| text.parse()).expect("SOAK_SECONDS is a number");
    soak(Duration::from_secs(seconds));
}

fn soak(time: Duration) {
    let vnfm = FaultyVnfm::start();
    let gate = SoakedGate::start(&vnfm.url());
    let traffic = Traffic::default();
    let hostile = Hostile::default();
    let stop = AtomicBool::new(false);
    let mut most = gate.usage();
    // The most that it had while it got warm: clients that break off and return make it go up and down.
    let mut warm = most;
    std::thread::scope(|threads| {
        let _stop = StopWhenDropped(&stop);
        for _ in 0..CLIENTS {
            threads.spawn(|| traffic.run(gate.address, &vnfm, &stop));
        }
        threads.spawn(|| hostile.attack(gate.address, &stop));
        threads.spawn(|| hostile.dawdle(gate.address, &stop));
        threads.spawn(|| crowd::crowd(gate.address, gate.admin, &stop));
        let start = Instant::now();
        for round in 1.. {
            if start.elapsed() >= time {
                break;
            }
            gate.replace_policy(round);
            std::thread::sleep(RELOAD.min(time / 8));
            let usage = gate.usage();
            if start.elapsed() < (time / 4).max(WARM.min(time * 2 / 3)) {
                warm = warm.max(usage);
            }
            most = most.max(usage);
            if round % 10 == 0 {
                println!("{:4} s, {} answers, {usage}", start.elapsed().as_secs(), traffic.answers());
            }
        }
    });
    println!(
        "{} s: {} answers, {} of {} hostile requests answered, {} policies taken over and {} refused; \
         {warm} when warm, {most} at most",
        time.as_secs(),
        traffic.answers(),
        hostile.answered(),
        hostile.attempts(),
        gate.reloads("swapped"),
        gate.reloads("refused"),
    );
    assert_eq!(traffic.wrong(), BTreeMap::new());
    assert_eq!(hostile.wrong(), Vec::<String>::new());
    assert_eq!(vnfm.strays(), Vec::<String>::new(), "operations that nobody sent, or that arrived too late");
    for kind in traffic::KINDS {
        assert!(traffic.count(kind.name) > 0, "no request was {}", kind.name);
    }
    assert!(gate.reloads("swapped") > 1 && gate.reloads("refused") > 0, "{}", gate.said());
    assert!(hostile.answered() > 0);
    // Whoever wanted too much was told so.
    assert!(gate.of_full_clients() > 0 && gate.connections_refused() > 0);
    // None of the answers is missing from the counts.
    assert!(gate.counted() >= traffic.answers(), "{} of {}", gate.counted(), traffic.answers());
    assert!(most.memory < warm.memory + MORE_MEMORY, "memory grew from {warm} to {most}");
    assert!(most.files < warm.files + MORE_FILES, "files grew from {warm} to {most}");
}

struct StopWhenDropped<'a>(&'a AtomicBool);

impl Drop for StopWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
