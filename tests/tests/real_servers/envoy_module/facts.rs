//! What the module asks the VNFM, through Envoy's clusters.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;
use solgate_tests::vnfm::{Answer, Reply, message, send};

use super::{CLUSTER, Envoy, Other};
use crate::faults::{expect, good, needs_facts, wait_until};

#[test]
#[ignore = "needs the servers of make test-doors"]
fn facts_that_do_not_come_are_a_problem_and_nothing_else() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("it is bound");
    let envoy =
        Envoy::with(&Other { upstream: Some(address), ..Other::gate(&["facts: { timeout: 300ms, maxBytes: 2000 }"]) });
    let gate = envoy.address;
    let ask = || std::thread::spawn(move || send(gate, &needs_facts()));
    let serve = |answer: &str| {
        let (mut connection, _) = silent.accept().expect("Envoy connects");
        let mut head = [0; 4096];
        let _ = connection.read(&mut head);
        let _ = connection.write_all(answer.as_bytes());
        connection
    };
    let unavailable = |waiting: std::thread::JoinHandle<Answer>, said: &str| {
        let answer = waiting.join().expect("an answer");
        expect(&answer, 503, "gate.fact-unavailable");
        let detail = answer.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(said), "{detail}");
    };
    // Silence.
    let begun = Instant::now();
    unavailable(ask(), "");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    drop(serve(""));
    // Too much, and it does not end.
    let waiting = ask();
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{}", " ".repeat(100_000));
    let connections = [serve(&long), serve(&long)];
    unavailable(waiting, "larger than 2000 bytes");
    drop(connections);
    // It breaks off.
    let waiting = ask();
    let connections = [serve("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), serve("")];
    drop(connections);
    unavailable(waiting, "");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn facts_come_in_pages_and_with_the_callers_credentials_only() {
    let envoy = Envoy::start(&[]);
    let path = "/vnflcm/v2/vnf_lcm_op_occs";
    envoy.vnfm.instance("i", "INSTANTIATED", &json!([]));
    let mut first = Reply::json(&json!([]));
    first.fields.push(("Link", format!("<{path}?nextpage_opaque_marker=1>;rel=\"next\"")));
    envoy.vnfm.reply("GET", path, first);
    let open = json!([{"id": "o", "operationState": "PROCESSING", "operation": "SCALE", "vnfInstanceId": "i"}]);
    envoy.vnfm.reply("GET", &format!("{path}?nextpage_opaque_marker=1"), Reply::json(&open));
    let fields = [
        "Version: 2.0.0",
        "Accept: application/json",
        "Content-Type: application/json",
        "Authorization: Bearer t",
        "Cookie: c",
        "If-Match: \"1\"",
    ];
    let request = message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &fields, r#"{"terminationType":"FORCEFUL"}"#);
    let answer = send(envoy.address, &request);
    assert_eq!((answer.status, answer.rules()), (409, vec!["terminate.state.in-progress".to_owned()]));
    let asked = envoy.vnfm.received();
    assert_eq!(asked.len(), 3, "{asked:?}");
    for question in asked {
        let mut names: Vec<_> = question.fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let envoys = ["x-envoy-expected-rq-timeout-ms", "x-envoy-internal", "x-forwarded-for"];
        names.retain(|name| !envoys.contains(name));
        assert_eq!(names, ["accept", "accept-encoding", "authorization", "host", "user-agent", "version"]);
        assert_eq!(question.body, b"");
    }
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn facts_come_from_the_cluster_that_is_named_or_the_one_of_the_route() {
    let with = |line: &str| Envoy::with(&Other { replaced: vec![(CLUSTER, line.to_owned())], ..Other::default() });
    let routed = with("# that of the route\n");
    routed.vnfm.instance("i", "INSTANTIATED", &json!([]));
    assert_eq!(send(routed.address, &needs_facts()).status, 202);
    let nowhere = with("cluster: nowhere\n");
    expect(&send(nowhere.address, &needs_facts()), 503, "gate.fact-unavailable");
    wait_until(|| nowhere.server.said().contains("Envoy has no such cluster"));
    assert_eq!(send(nowhere.address, &good()).status, 202, "this one needs none");
}
