//! `solgate ext-authz` as a process: how it stops.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use envoy_types::ext_authz::v3::pb::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use solgate_tests::doors::{ext_authz, transport};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_check_in_flight_is_answered_when_it_is_told_to_stop() {
    let vnfm = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let mut command = solgate();
    command.args(["ext-authz", "--listen", &address.to_string()]);
    command.args(["--facts", &format!("http://{}", vnfm.local_addr().expect("it is bound"))]);
    let mut gate = Server::start(command, address, folder.path());

    let asked = transport::requests().into_iter().find(|asked| asked.label == "a retry").expect("it needs a fact");
    let asking = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
        runtime.block_on(async {
            let mut client = AuthorizationClient::connect(format!("http://{address}")).await.expect("it listens");
            let answer = tokio::time::timeout(PATIENCE, client.check(ext_authz::check(&asked, "vnfm.example")));
            answer.await.expect("in time").expect("it answers").into_inner()
        })
    });
    let (mut question, _) = vnfm.accept().expect("it asks for the fact");
    gate.signal("TERM");
    wait("it notices", || gate.said().contains("stopping"));
    let _ = question.read(&mut [0; 4096]).expect("it asks");
    let occurrence = r#"{"id":"occ-1","operationState":"FAILED_TEMP","operation":"SCALE","vnfInstanceId":"vnf-1"}"#;
    let length = occurrence.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    question.write_all(format!("{head}{occurrence}").as_bytes()).expect("it reads");

    let answer = asking.join().expect("it is answered");
    assert!(matches!(answer.http_response, Some(HttpResponse::OkResponse(_))), "{answer:?}");
    wait("it ends", || !gate.is_running());
    assert!(!gate.said().contains("were cut"), "{}", gate.said());
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
