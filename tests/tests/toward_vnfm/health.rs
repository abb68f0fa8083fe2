//! Health checks: an address that answers, but not well.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use solgate_tests::vnfm::{Answer, message, send};

use super::servers::{Node, Seen};
use super::{Gate, HEAD};

fn upstreams(nodes: &[Node; 2], health: &Value) -> Value {
    let addresses = nodes.each_ref().map(|node| node.address.to_string());
    json!([{"url": "http://vnfm.example/tacker", "addresses": addresses, "health": health}])
}

fn metric(gate: &Gate, name: &str, node: &Node, more: &str) -> Option<u64> {
    gate.metric(&format!("{name}{{upstream=\"vnfm.example/tacker\",address=\"{}\"{more}}}", node.address))
}

fn ask(gate: &Gate) -> Answer {
    send(gate.address, &message("GET", "/vnflcm/v2/vnf_instances", &HEAD, ""))
}

#[test]
fn an_address_that_fails_its_check_gets_nothing_until_it_passes() {
    const HEALTHY: &str = "solgate_upstream_address_healthy";
    let seen = Seen::default();
    let nodes = [Node::start(&seen), Node::start(&seen)];
    let health = json!({"path": "/vnflcm/api_versions", "interval": "20ms", "fails": 3, "passes": 2});
    let gate = Gate::before(&upstreams(&nodes, &health));
    let checked = |node: &Node| format!("GET /tacker/vnflcm/api_versions {}", node.address);
    gate.wait("both are checked", |_| nodes.iter().all(|node| seen.all().contains_key(&checked(node))));
    // A client error shows that it is well.
    nodes[0].status.store(404, Ordering::SeqCst);
    let before = seen.all()[&checked(&nodes[0])];
    gate.wait("it is asked again", |_| seen.all()[&checked(&nodes[0])] > before + 5);
    assert_eq!(metric(&gate, HEALTHY, &nodes[0], ""), Some(1));
    nodes[0].status.store(503, Ordering::SeqCst);
    gate.wait("it is left out", |gate| metric(gate, HEALTHY, &nodes[0], "") == Some(0));
    for _ in 0..10 {
        let answer = ask(&gate);
        assert_eq!((answer.status, answer.field("x-node")), (200, Some(nodes[1].address.to_string().as_str())));
    }
    let reason = ",reason=\"check\"";
    assert_eq!(metric(&gate, "solgate_upstream_address_left_out_total", &nodes[0], reason), Some(1));
    let said = gate.server.said_with("the VNFM fails its health check at this address");
    assert!(said.contains("it answered 503"), "{said}");
    // All of them fail: a check never refuses a request.
    nodes[1].status.store(500, Ordering::SeqCst);
    gate.wait("both are left out", |gate| metric(gate, HEALTHY, &nodes[1], "") == Some(0));
    assert!([500, 503].contains(&ask(&gate).status));
    nodes[0].status.store(200, Ordering::SeqCst);
    gate.wait("it passes again", |gate| metric(gate, HEALTHY, &nodes[0], "") == Some(1));
    assert_eq!(ask(&gate).status, 200);
    // Without the check nothing of it counts any more.
    gate.reconfigure(&upstreams(&nodes, &json!({})));
    assert_eq!(metric(&gate, HEALTHY, &nodes[1], ""), Some(1));
}

#[test]
fn an_address_comes_back_by_its_check_alone() {
    let seen = Seen::default();
    let mut nodes = [Node::start(&seen), Node::start(&seen)];
    let health = json!({"path": "/", "interval": "20ms", "aside": "60s", "statuses": ["200", "300-399"]});
    let gate = Gate::before(&upstreams(&nodes, &health));
    nodes[1].stop();
    let healthy = |gate: &Gate, node: &Node| metric(gate, "solgate_upstream_address_healthy", node, "");
    gate.wait("it is left out", |gate| healthy(gate, &nodes[1]) == Some(0));
    nodes[1].start_again();
    gate.wait("it is back", |gate| healthy(gate, &nodes[1]) == Some(1));
    assert_eq!(ask(&gate).status, 200);
}
