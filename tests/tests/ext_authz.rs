//! `solgate ext-authz` as a process: how it stops, and what it reports.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use envoy_types::ext_authz::v3::pb::{CheckResponse, HttpResponse};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use solgate_tests::doors::{ext_authz, transport};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A gate that has asked the VNFM for a fact, and now waits.
struct Waiting {
    gate: Server,
    /// The VNFM's end of the connection.
    question: TcpStream,
    /// The check, which is given up after this time.
    asking: JoinHandle<Option<CheckResponse>>,
    _folder: tempfile::TempDir,
}

fn waiting(patience: Duration) -> Waiting {
    let vnfm = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let mut command = solgate();
    command.args(["ext-authz", "--listen", &address.to_string()]);
    command.args(["--facts", &format!("http://{}", vnfm.local_addr().expect("it is bound"))]);
    let gate = Server::start(command, address, folder.path());
    let asked = transport::requests().into_iter().find(|asked| asked.label == "a retry").expect("it needs a fact");
    let asking = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
        runtime.block_on(async {
            let mut client = AuthorizationClient::connect(format!("http://{address}")).await.expect("it listens");
            let answer = tokio::time::timeout(patience, client.check(ext_authz::check(&asked, "vnfm.example"))).await;
            answer.ok().map(|answer| answer.expect("it answers").into_inner())
        })
    });
    let (mut question, _) = vnfm.accept().expect("it asks for the fact");
    let _ = question.read(&mut [0; 4096]).expect("it asks");
    Waiting { gate, question, asking, _folder: folder }
}

#[test]
fn a_check_in_flight_is_answered_when_it_is_told_to_stop() {
    let Waiting { mut gate, mut question, asking, _folder } = waiting(PATIENCE);
    gate.signal("TERM");
    wait("it notices", || gate.said().contains("stopping"));
    let occurrence = r#"{"id":"occ-1","operationState":"FAILED_TEMP","operation":"SCALE","vnfInstanceId":"vnf-1"}"#;
    let length = occurrence.len();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    question.write_all(format!("{head}{occurrence}").as_bytes()).expect("it reads");

    let answer = asking.join().expect("no panic").expect("it is answered");
    assert!(matches!(answer.http_response, Some(HttpResponse::OkResponse(_))), "{answer:?}");
    wait("it ends", || !gate.is_running());
    assert!(!gate.said().contains("were cut"), "{}", gate.said());
}

#[test]
fn a_check_that_envoy_gives_up_is_reported() {
    let Waiting { gate, question, asking, _folder } = waiting(Duration::from_millis(300));
    assert_eq!(asking.join().expect("no panic"), None);
    wait("it is reported", || gate.said().contains(r#""verdict":"abandoned""#));
    drop(question);
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
