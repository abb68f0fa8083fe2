//! `solgate ext-authz` as a process: how it stops, and what it reports.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use envoy_types::ext_authz::v3::pb::{CheckRequest, CheckResponse, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::{Address, SocketAddress, address};
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

/// A check of a request that needs a fact, from a client at this address.
fn check_of(client: &str) -> CheckRequest {
    let asked = transport::requests().into_iter().find(|asked| asked.label == "a retry").expect("it needs a fact");
    let mut check = ext_authz::check(&asked, "vnfm.example");
    let socket = SocketAddress { address: client.to_owned(), ..SocketAddress::default() };
    let address = Address { address: Some(address::Address::SocketAddress(socket)) };
    let attributes = check.attributes.get_or_insert_default();
    attributes.source.get_or_insert_default().address = Some(address);
    check
}

/// All clients of Envoy come by its connections; the gate knows them apart by what it says.
#[test]
fn one_client_behind_envoy_does_not_take_all_places() {
    // It takes questions, and answers none.
    let vnfm = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let address = free_address();
    let config = serde_json::json!({
        "listen": address.to_string(),
        "limits": {"requests": 8, "clientShare": 0.0, "clientRate": 1, "clientBurst": 9},
        "upstreams": [{"url": format!("http://{}", vnfm.local_addr().expect("it is bound")), "facts": {"timeout": "3s"}}],
    });
    std::fs::write(&file, config.to_string()).expect("it is written");
    let mut command = solgate();
    command.arg("ext-authz").arg("--config").arg(&file);
    let gate = Server::start(command, address, folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let rules = |answers: Vec<CheckResponse>| -> Vec<String> {
        let body = |answer: CheckResponse| match answer.http_response {
            Some(HttpResponse::DeniedResponse(denied)) => denied.body,
            other => panic!("{other:?}"),
        };
        let rule = |body: String| {
            let problem: serde_json::Value = serde_json::from_str(&body).expect("it is JSON");
            problem["violations"][0]["rule"].as_str().expect("a rule").to_owned()
        };
        answers.into_iter().map(body).map(rule).collect()
    };
    let (mut of_one, of_another) = runtime.block_on(async {
        let client = AuthorizationClient::connect(format!("http://{address}")).await.expect("it listens");
        let ask = |from: &'static str| {
            let mut client = client.clone();
            async move { client.check(check_of(from)).await.expect("it answers").into_inner() }
        };
        let one = futures_util::future::join_all((0..8).map(|_| ask("192.0.2.1")));
        let another = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            ask("192.0.2.2").await
        };
        let (one, another) = tokio::join!(one, another);
        (rules(one), rules(vec![another]))
    });
    of_one.sort();
    of_one.dedup();
    assert_eq!(of_one, ["gate.client-share", "gate.fact-unavailable"], "{}", gate.said());
    assert_eq!(of_another, ["gate.fact-unavailable"]);
    // The same client may not ask so often either.
    let often = runtime.block_on(async {
        let mut client = AuthorizationClient::connect(format!("http://{address}")).await.expect("it listens");
        for _ in 0..200 {
            let mut check = check_of("192.0.2.3");
            // Refused without a fact.
            check
                .attributes
                .get_or_insert_default()
                .request
                .get_or_insert_default()
                .http
                .get_or_insert_default()
                .method = "PUT".to_owned();
            let answer = client.check(check).await.expect("it answers").into_inner();
            if rules(vec![answer]) == ["gate.client-rate"] {
                return true;
            }
        }
        false
    });
    assert!(often, "{}", gate.said());
}
