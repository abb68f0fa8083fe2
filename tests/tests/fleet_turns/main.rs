//! Turns that several gates take together in a real Redis, which each test starts and
//! ends itself. `make test-fleet` installs it and runs these tests.

mod failover;
mod gate;
mod store;

use std::process::Command;
use std::time::{Duration, Instant};

use gate::{BODY, FIELDS, Gate, UP, pair, pairs, rule, until};
use solgate_tests::busy_vnfm::BusyVnfm;
use solgate_tests::process::{binary, free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{message, send};
use store::Store;

/// A folder, a store in it, and a VNFM.
macro_rules! given {
    ($folder:ident, $store:ident, $vnfm:ident, $address:ident) => {
        let $folder = tempfile::tempdir().expect("a folder");
        let $folder = $folder.path();
        #[allow(unused_mut)]
        let mut $store = Store::start($folder, free_address(), &[]);
        let ($vnfm, $address) = BusyVnfm::start();
    };
}

#[test]
#[ignore = "make test-fleet"]
fn of_200_pairs_through_two_gates_200_pass() {
    given!(folder, store, vnfm, address);
    let turns = format!("{{ store: '{}' }}", store.url());
    let forwarding = Gate::open("serve", address, &turns, folder);
    let asked = Gate::open("forward-auth", address, &turns, folder);
    pairs([&forwarding, &asked], "i", 200);
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 200);
    assert_eq!(forwarding.metric("solgate_shared_turns_total{outcome=\"local\"}"), Some(0));
}

/// Without a store both of a pair would be judged by a state in which nothing runs.
#[test]
#[ignore = "make test-fleet"]
fn every_door_takes_turns_with_every_door() {
    given!(folder, store, vnfm, address);
    let turns = format!("{{ store: '{}' }}", store.url());
    let open = |door| [0, 1].map(|_| Gate::open(door, address, &turns, folder));
    let doors = ["serve", "ext-authz", "forward-auth"].map(open);
    let mut expected = 0;
    for (first, [one, _]) in doors.iter().enumerate() {
        for (second, [_, other]) in doors.iter().enumerate().skip(first) {
            pairs([one, other], &format!("d{first}{second}-"), 24);
            expected += 24;
        }
    }
    assert_eq!(vnfm.arrived.lock().unwrap().len(), expected);
    for gate in doors.iter().flatten() {
        assert_eq!(gate.metric("solgate_shared_turns_total{outcome=\"local\"}"), Some(0), "{}", gate.door);
    }
}

/// What one gate calls by another name than the other is one VNFM all the same, if both
/// say so.
#[test]
#[ignore = "make test-fleet"]
fn a_vnfm_has_the_name_that_gates_give_it() {
    given!(folder, store, vnfm, address);
    let gate = |url: &str| {
        let (listen, admin) = (free_address(), free_address());
        let file = folder.join(format!("{}.yaml", listen.port()));
        let config = format!(
            "listen: {listen}\nadmin: {admin}\nlog: \"off\"\nturns: {{ store: '{}' }}\n\
             upstreams: [{{ url: '{url}', turnsName: site-7 }}]\n",
            store.url()
        );
        std::fs::write(&file, config).expect("it is written");
        let mut command = solgate();
        command.arg("serve").arg("--config").arg(&file);
        let server = Server::start(command, listen, folder);
        Gate { door: "serve", server, address: listen, admin, vnfm: address }
    };
    let one = gate(&format!("http://{address}"));
    let two = gate(&format!("http://localhost:{}", address.port()));
    one.is_connected();
    two.is_connected();
    pairs([&one, &two], "i", 16);
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 16);
}

#[test]
#[ignore = "make test-fleet"]
fn while_the_store_is_away_turns_hold_within_each_gate_or_nothing_passes() {
    given!(folder, store, vnfm, address);
    let local = Gate::open("serve", address, &format!("{{ store: '{}' }}", store.url()), folder);
    let claiming = Gate::open("forward-auth", address, &format!("{{ store: '{}' }}", store.url()), folder);
    let strict = Gate::open("serve", address, &format!("{{ store: '{}', onStoreLoss: refuse }}", store.url()), folder);
    for gate in [&local, &claiming, &strict] {
        gate.is_connected();
    }
    // In the middle of an operation: what has been forwarded is answered.
    std::thread::scope(|threads| {
        let first = threads.spawn(|| local.terminate("pair-1").status);
        until("it has arrived", || !vnfm.arrived.lock().unwrap().is_empty());
        store.kill();
        // The VNFM answers when two have arrived.
        assert_eq!(local.terminate("pair-2").status, 202);
        assert_eq!(first.join().expect("an answer"), 202);
    });
    for round in 0..8 {
        assert_eq!(pair([&local, &local], &format!("l{round}")), [202, 409]);
        assert_eq!(pair([&claiming, &claiming], &format!("c{round}")), [202, 409]);
    }
    let refused = strict.terminate("s1");
    assert_eq!(rule(&refused), (503, "gate.turn-store".to_owned()));
    assert!(refused.field("retry-after").is_some());
    assert_eq!(strict.metric("solgate_shared_turns_total{outcome=\"refused\"}"), Some(1));
    assert!(local.metric("solgate_shared_turns_total{outcome=\"local\"}") >= Some(8));
    assert_eq!(local.metric(UP), Some(0));
    assert_eq!(send(strict.admin, &message("GET", "/readyz", &[], "")).status, 200, "it still judges");
    // A read is not an operation.
    assert_eq!(send(strict.address, &message("GET", "/vnflcm/v2/vnf_instances/s1", &FIELDS, "")).status, 200);
    store.start_again();
    for gate in [&local, &claiming, &strict] {
        gate.is_connected();
    }
    pairs([&local, &claiming], "again", 16);
    pairs([&strict, &claiming], "strict", 16);
}

#[test]
#[ignore = "make test-fleet"]
fn a_gate_that_dies_with_a_turn_holds_nobody_up_for_long() {
    given!(folder, store, vnfm, address);
    let turns = format!("{{ store: '{}', lease: 2s }}", store.url());
    let (mut dying, other) =
        (Gate::open("serve", address, &turns, folder), Gate::open("serve", address, &turns, folder));
    // The VNFM answers when two have arrived: the gate dies in between.
    std::thread::scope(|threads| {
        let request = message("POST", "/vnflcm/v2/vnf_instances/pair-1/terminate", &FIELDS, BODY);
        let gate = dying.address;
        threads.spawn(move || {
            use std::io::{Read, Write};
            let mut stream = std::net::TcpStream::connect(gate).expect("it listens");
            stream.write_all(&request).expect("it is sent");
            let _ = stream.read_to_end(&mut Vec::new());
        });
        until("it has arrived", || !vnfm.arrived.lock().unwrap().is_empty());
        dying.server.kill();
        let began = Instant::now();
        assert_eq!(other.terminate("pair-1").status, 202);
        let waited = began.elapsed();
        assert!(waited > Duration::from_millis(500) && waited < Duration::from_secs(8), "{waited:?}");
    });
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 2, "the first was forwarded before");
}

/// The facts take longer than the lease lives without the store.
#[test]
#[ignore = "make test-fleet"]
fn whose_turn_is_over_forwards_nothing() {
    for door in ["serve", "forward-auth"] {
        given!(folder, store, vnfm, address);
        let gate = Gate::open(door, address, &format!("{{ store: '{}', lease: 1s }}", store.url()), folder);
        gate.is_connected();
        assert_eq!(gate.terminate("slow-0").status, 202, "renewed meanwhile");
        std::thread::scope(|threads| {
            let asked = threads.spawn(|| rule(&gate.terminate("slow-1")));
            std::thread::sleep(Duration::from_millis(200));
            store.kill();
            assert_eq!(asked.join().expect("an answer"), (503, "gate.turn-lost".to_owned()), "{door}");
        });
        assert_eq!(*vnfm.arrived.lock().unwrap(), ["slow-0"], "{door}");
    }
}

/// Somebody deletes the lease, as a failover to a server without it does.
#[test]
#[ignore = "make test-fleet"]
fn whose_lease_is_gone_forwards_nothing() {
    given!(folder, store, vnfm, address);
    let gate = Gate::open("serve", address, &format!("{{ store: '{}', lease: 1s }}", store.url()), folder);
    gate.is_connected();
    std::thread::scope(|threads| {
        let asked = threads.spawn(|| rule(&gate.terminate("slow-1")));
        std::thread::sleep(Duration::from_millis(200));
        store.say(&["FLUSHALL"]);
        assert_eq!(asked.join().expect("an answer"), (503, "gate.turn-lost".to_owned()));
    });
    assert!(vnfm.arrived.lock().unwrap().is_empty());
    assert_eq!(gate.metric("solgate_shared_turns_total{outcome=\"lost\"}"), Some(1));
    gate.terminate("i1");
    until("nothing is left in the store", || store.say(&["KEYS", "solgate:*"]).trim() == "");
}

/// A claim ends with its time, also if the request was never forwarded.
#[test]
#[ignore = "make test-fleet"]
fn a_claim_of_what_was_not_forwarded_holds_for_a_while() {
    given!(folder, store, vnfm, address);
    let turns = format!("{{ store: '{}', claim: 1s }}", store.url());
    let (asked, forwarding) =
        (Gate::open("forward-auth", address, &turns, folder), Gate::open("serve", address, &turns, folder));
    asked.is_connected();
    forwarding.is_connected();
    assert_eq!(asked.ask("i1").status, 200, "and it is not forwarded");
    let began = Instant::now();
    assert_eq!(forwarding.terminate("i1").status, 202);
    let waited = began.elapsed();
    assert!(waited > Duration::from_millis(500) && waited < Duration::from_secs(8), "{waited:?}");
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 1);
}

/// A lease ends by the clock of the store: the clocks of gates may differ.
#[test]
#[ignore = "make test-fleet"]
fn clocks_of_gates_may_differ() {
    given!(folder, store, vnfm, address);
    let turns = format!("{{ store: '{}' }}", store.url());
    let shifted = |offset: &str| {
        let mut command = Command::new("faketime");
        command.args(["-f", offset]).arg(binary());
        command.env("SOLGATE_CACHE_DIR", folder.join("cache")).env("NO_COLOR", "1");
        command
    };
    let ahead = Gate::open_with(shifted("+2h"), "serve", address, &turns, folder);
    let behind = Gate::open_with(shifted("-3d"), "forward-auth", address, &turns, folder);
    pairs([&ahead, &behind], "i", 40);
    assert_eq!(vnfm.arrived.lock().unwrap().len(), 40);
}

/// Every way to a store: with a user and a password, by TLS, by sentinels, in a cluster,
/// by a socket.
#[test]
#[ignore = "make test-fleet"]
fn every_way_leads_to_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (vnfm, address) = BusyVnfm::start();
    let stores = store::every_kind(folder);
    for (count, (name, turns, _store)) in stores.iter().enumerate() {
        let gate = Gate::open("serve", address, turns, folder);
        gate.is_connected();
        assert_eq!(gate.terminate(&format!("i{count}")).status, 202, "{name}");
        assert_eq!(gate.metric("solgate_shared_turns_total{outcome=\"shared\"}"), Some(1), "{name}");
        assert_eq!(vnfm.arrived.lock().unwrap().len(), count + 1);
    }
}

/// A wrong password, a replica and another authority are no stores: the gate says so, and
/// goes on.
#[test]
#[ignore = "make test-fleet"]
fn a_store_that_cannot_be_used_is_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (_vnfm, address) = BusyVnfm::start();
    for (name, turns, _stores) in store::unusable(folder) {
        let gate = Gate::open("serve", address, &turns, folder);
        assert_eq!(gate.metric(UP), Some(0), "{name}");
        assert_eq!(gate.terminate(&format!("i-{}", gate.address.port())).status, 202, "{name}");
        let _ = gate.server.said_with("there is no way to the store of turns");
    }
}

/// What a reload changes: the store appears, and goes.
#[test]
#[ignore = "make test-fleet"]
fn a_reload_takes_the_store_and_leaves_it() {
    given!(folder, store, _vnfm, address);
    let (listen, admin) = (free_address(), free_address());
    let file = folder.join("solgate.yaml");
    let write = |turns: &str| {
        let config = format!(
            "listen: {listen}\nadmin: {admin}\nlog: \"off\"\n{turns}upstreams: [{{ url: 'http://{address}' }}]\n"
        );
        std::fs::write(&file, config).expect("it is written");
    };
    write("");
    let mut command = solgate();
    command.arg("serve").arg("--config").arg(&file);
    let server = Server::start(command, listen, folder);
    let gate = Gate { door: "serve", server, address: listen, admin, vnfm: address };
    assert_eq!(gate.terminate("i1").status, 202);
    assert_eq!(gate.metric(UP), None);
    write(&format!("turns: {{ store: '{}' }}\n", store.url()));
    gate.is_connected();
    assert_eq!(gate.terminate("i2").status, 202);
    assert_eq!(gate.metric("solgate_shared_turns_total{outcome=\"shared\"}"), Some(1));
    write("");
    until("the store is gone", || gate.metric(UP).is_none());
    assert_eq!(gate.terminate("i3").status, 202);
}

/// What a turn costs beside everything else: to take a lease on loopback.
#[test]
#[ignore = "make test-fleet"]
fn figure_of_a_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::start(folder.path(), free_address(), &[]);
    let mut times = store::times(&store.url(), 5_000);
    times.sort_unstable();
    let part = |percent: usize| times[times.len() * percent / 100].as_micros();
    println!("| a turn in Redis on loopback, p50 | {} us | <= 150 us |", part(50));
    println!("| the same, p99 | {} us | |", part(99));
    assert!(part(50) <= 150);
}
