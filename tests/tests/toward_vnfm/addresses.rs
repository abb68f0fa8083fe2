//! Several addresses of one VNFM: one of them stops under load, and comes back.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use solgate_tests::vnfm::{Answer, PATIENCE, exchange, message, send};

use super::servers::{Node, Seen};
use super::{Gate, HEAD};

fn upstreams(nodes: &[Node], members: &Value) -> Value {
    let addresses: Vec<String> = nodes.iter().map(|node| node.address.to_string()).collect();
    let mut upstream = json!({"url": "http://vnfm.example", "addresses": addresses});
    for (name, value) in members.as_object().expect("members") {
        upstream[name] = value.clone();
    }
    json!([upstream])
}

fn healthy(gate: &Gate, node: &Node) -> Option<u64> {
    gate.metric(&format!("solgate_upstream_address_healthy{{upstream=\"vnfm.example\",address=\"{}\"}}", node.address))
}

fn left_out(gate: &Gate, node: &Node, reason: &str) -> u64 {
    let labels = format!("upstream=\"vnfm.example\",address=\"{}\",reason=\"{reason}\"", node.address);
    gate.metric(&format!("solgate_upstream_address_left_out_total{{{labels}}}")).expect("it is counted")
}

fn node_of(answer: &Answer) -> SocketAddr {
    answer.field("x-node").expect("a node answers").parse().expect("an address")
}

/// A request that the policy lets through without facts, with an id of its own.
fn request(method: &str, id: usize) -> Vec<u8> {
    let body = if method == "POST" { r#"{"vnfdId":"d"}"# } else { "" };
    let id = format!("X-Id: {id}");
    message(method, "/vnflcm/v2/vnf_instances", &[&HEAD[..], &[&id]].concat(), body)
}

fn ask(address: SocketAddr, request: &[u8]) -> Option<Answer> {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    exchange(stream, request).ok()
}

#[test]
fn one_of_three_stops_under_load_and_nothing_is_lost_or_done_twice() {
    for balance in ["roundRobin", "leastRequests"] {
        let seen = Seen::default();
        let mut nodes = [Node::start(&seen), Node::start(&seen), Node::start(&seen)];
        let gate = Gate::before(&upstreams(&nodes, &json!({"balance": balance, "health": {"aside": "50ms"}})));
        let (ids, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let load = |method: &'static str| {
            let (mut good, mut broken, mut others) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
            while !stop.load(Ordering::SeqCst) {
                let id = ids.fetch_add(1, Ordering::SeqCst);
                match ask(gate.address, &request(method, id)).map(|answer| (answer.status, answer)) {
                    Some((200, _)) => drop(good.insert(id)),
                    Some((502, answer)) if answer.rules() == ["upstream.broken"] => drop(broken.insert(id)),
                    other => others.push((id, other)),
                }
            }
            (method, good, broken, others)
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let methods = ["POST", "GET", "POST", "GET", "POST", "POST"];
            let threads: Vec<_> = methods.into_iter().map(|method| scope.spawn(move || load(method))).collect();
            for _ in 0..3 {
                std::thread::sleep(Duration::from_millis(400));
                nodes[1].stop();
                std::thread::sleep(Duration::from_millis(400));
                nodes[1].start_again();
            }
            std::thread::sleep(Duration::from_millis(400));
            stop.store(true, Ordering::SeqCst);
            threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
        });
        let arrived = seen.all();
        let mut cut = 0;
        for (method, good, broken, others) in results {
            assert!(others.is_empty(), "{balance} {method}: {others:?}\n{}", gate.server.said());
            assert!(good.len() > 10, "{balance} {method}: {}", good.len());
            for id in &good {
                let times = arrived.get(&format!("{method} {id}")).copied().unwrap_or(0);
                // A GET whose connection was cut was sent again.
                assert!(times == 1 || method == "GET" && times > 0, "{balance} {method} {id}: {times} times");
            }
            // Those that were in flight to the one that stopped; never twice.
            assert!(method == "POST" || broken.is_empty(), "a GET goes to another address: {broken:?}");
            for id in &broken {
                assert!(arrived.get(&format!("{method} {id}")).is_none_or(|times| *times == 1), "{method} {id}");
            }
            cut += broken.len();
        }
        assert!(cut <= 3 * 4, "no more than were in flight: {cut}");
        assert!(left_out(&gate, &nodes[1], "connect") >= 1, "{}", gate.server.said());
        gate.wait("it gets requests again", |gate| {
            drop(ask(gate.address, &request("GET", 0)));
            healthy(gate, &nodes[1]) == Some(1)
        });
        let said = gate.server.said_with("the VNFM is reached at this address again");
        assert!(said.contains("the VNFM cannot be reached at this address"), "{said}");
        let asked: BTreeSet<SocketAddr> =
            (0..30).filter_map(|id| ask(gate.address, &request("GET", id))).map(|answer| node_of(&answer)).collect();
        assert_eq!(asked.len(), 3, "{balance}");
    }
}

#[test]
fn each_address_has_its_turn_and_facts_come_from_one_that_is_up() {
    let seen = Seen::default();
    let mut nodes = [Node::start(&seen), Node::start(&seen)];
    let gate = Gate::before(&upstreams(&nodes, &json!({"health": {"aside": "60s"}})));
    let turns: Vec<SocketAddr> = (0..6).map(|id| node_of(&send(gate.address, &request("POST", id)))).collect();
    assert_eq!(turns.iter().filter(|node| **node == nodes[0].address).count(), 3, "{turns:?}");
    nodes[0].stop();
    let retry = || gate.send("POST", "/vnflcm/v2/vnf_lcm_op_occs/o/retry", "");
    for _ in 0..4 {
        let answer = retry();
        assert_eq!((answer.status, node_of(&answer)), (200, nodes[1].address), "{}", gate.server.said());
    }
    assert_eq!((healthy(&gate, &nodes[0]), healthy(&gate, &nodes[1])), (Some(0), Some(1)));
    assert_eq!(left_out(&gate, &nodes[0], "connect"), 1);
    // What is known of an address stays known when the rest changes, and another comes.
    let third = Node::start(&seen);
    let addresses: Vec<String> = nodes.iter().chain([&third]).map(|node| node.address.to_string()).collect();
    gate.reconfigure(&json!([{"url": "http://vnfm.example", "addresses": addresses, "health": {"aside": "59s"}}]));
    let health = [&nodes[0], &nodes[1], &third].map(|node| healthy(&gate, node));
    assert_eq!(health, [Some(0), Some(1), Some(1)]);
    assert_eq!(left_out(&gate, &nodes[0], "connect"), 1);
    // Whoever looks at the gate's health does not hear of the VNFM's.
    nodes[1].stop();
    gate.reconfigure(&upstreams(&nodes, &json!({"health": {"aside": "60s"}})));
    let answer = retry();
    assert_eq!((answer.status, answer.rules().concat()), (503, "gate.fact-unavailable".to_owned()));
    let answer = send(gate.address, &request("POST", 7));
    assert_eq!((answer.status, answer.rules().concat()), (503, "upstream.unreachable".to_owned()));
    let detail = answer.json()["detail"].to_string();
    assert!(detail.contains("none of 2 addresses takes a connection; the last: connection refused"), "{detail}");
    assert!(answer.field("retry-after").is_some());
    assert_eq!(send(gate.admin, &message("GET", "/readyz", &[], "")).status, 200);
    // As soon as one is there, it is found, although it rests.
    nodes[0].start_again();
    assert_eq!(send(gate.address, &request("POST", 8)).status, 200, "{}", gate.server.said());
    assert_eq!(healthy(&gate, &nodes[0]), Some(1));
}
