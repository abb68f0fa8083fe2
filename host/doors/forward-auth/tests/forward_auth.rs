//! The door for servers that ask over HTTP: whom it believes, what it makes of what
//! they send, and what it says. Its gate has no policy: what is refused here no
//! policy has to see.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[path = "../../serve/tests/serve_support/mod.rs"]
mod serve_support;

use std::net::SocketAddr;
use std::time::Duration;

use solgate::problem::ProblemStyle;
use solgate::record::{Bodies, Record, RecordedBody};
use solgate_config::networks::{Networks, parse_network};
use solgate_config::record::RecordConfig;
use solgate_config::{Config, GateMode, LiveGate, LogFormat, UpstreamConfig};
use solgate_forward_auth::ForwardAuth;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::vnfm::Vnfm;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use serve_support::{Answer, Client, config, exchange, open_gate};

/// Longer than anything takes, so that a hanging test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The limit of a gate without policies.
const LIMIT: usize = 1 << 20;

/// The door, running.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<usize>,
    records: tempfile::TempDir,
}

impl Running {
    /// Believes servers on this machine.
    async fn start() -> Self {
        Self::with("127.0.0.1/32", |_| {}).await
    }

    async fn with(asking: &str, change: impl FnOnce(&mut Config)) -> Self {
        let records = tempfile::tempdir().unwrap();
        let mut config = config("127.0.0.1:1".parse().unwrap());
        config.log = LogFormat::Off;
        config.record = Some(RecordConfig {
            bodies: Bodies::Redacted,
            ..RecordConfig::new(records.path().join("decisions.jsonl"))
        });
        config.asking = Networks(vec![parse_network(asking).unwrap()]);
        change(&mut config);
        let build = |entry: &UpstreamConfig, vnfm: &Vnfm| {
            let (live, style) = (open_gate(entry, vnfm)?, entry.gate.style.clone());
            let make = move |settings| Ok((live.make)(settings)?.with_style(style.clone()));
            Ok(LiveGate { make: Box::new(make), policies: live.policies })
        };
        let door = ForwardAuth::bind(&config, Inherited::default(), &build).await.unwrap();
        let address = door.door().address().tcp().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(door.run(async {
            let _ = stopped.await;
        }));
        Self { address, stop, task, records }
    }

    async fn ask(&self, fields: &[&str], body: &str) -> Answer {
        exchange(self.address, message("POST", fields, body)).await
    }

    /// Ends the door. Returns how many connections were cut, and what was judged.
    async fn stop(self) -> (usize, Vec<Record>) {
        self.stop.send(()).unwrap();
        let cut = tokio::time::timeout(PATIENCE, self.task).await.expect("an end in time").unwrap();
        let text = std::fs::read_to_string(self.records.path().join("decisions.jsonl")).unwrap();
        let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
        // What is refused before it is judged is recorded as well.
        (cut, records.filter(|record: &Record| !record.settings_digest.is_empty()).collect())
    }

    async fn judged(self) -> Vec<Record> {
        self.stop().await.1
    }
}

/// What every server says of a request.
const ASKED: [&str; 3] = ["X-Forwarded-Method: POST", "X-Forwarded-Uri: /a?b=%2f", "X-Forwarded-Host: vnfm.example"];

/// The copy of a request; Content-Length is added, and Connection.
fn message(method: &str, fields: &[&str], body: &str) -> String {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let length = body.len();
    format!(
        "{method} / HTTP/1.1\r\nHost: gate:9192\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    )
}

fn asked<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [ASKED.as_slice(), more].concat()
}

fn verdict(answer: &Answer) -> Option<String> {
    answer.field("solgate-verdict")
}

fn refused(answer: &Answer, status: u16, rule: &str, said: &str) {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!((answer.status, answer.rule().as_str()), (status, rule), "{text}");
    assert_eq!(verdict(answer).as_deref(), Some("refuse"));
    assert!(text.contains(said), "{said:?} is missing: {text}");
}

#[tokio::test]
async fn what_is_allowed_is_200_and_was_judged_as_the_client_sent_it() {
    let running = Running::start().await;
    let answer = running.ask(&asked(&["X-Forwarded-For: 192.0.2.1, 192.0.2.7"]), "{}").await;
    assert_eq!(
        (answer.status, answer.body.as_slice(), verdict(&answer).as_deref()),
        (200, b"".as_slice(), Some("pass"))
    );
    let judged = running.judged().await;
    let request = &judged[0].request;
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/a?b=%2f"));
    assert_eq!(request.body, Some(RecordedBody::Text { text: "{}".to_owned(), redacted: Vec::new() }));
    assert!(request.body_complete);
    let caller = judged[0].context.caller.clone().unwrap();
    assert_eq!(caller.source_address.as_deref(), Some("192.0.2.7"), "the last is what the server has seen itself");
}

#[tokio::test]
async fn a_server_that_is_not_trusted_is_not_believed() {
    let running = Running::with("192.0.2.0/24", |_| {}).await;
    refused(&running.ask(&ASKED, "").await, 403, "gate.untrusted", "127.0.0.1");
    assert!(running.judged().await.is_empty());
}

#[tokio::test]
async fn what_a_server_leaves_out_or_says_twice_is_not_guessed() {
    let running = Running::start().await;
    let [method, target, host] = ASKED;
    let table: [(&[&str], &str); 7] = [
        (&[target, host], "X-Forwarded-Method"),
        (&[method, host], "X-Forwarded-Uri"),
        (&["X-Forwarded-Method:", target, host], "X-Forwarded-Method"),
        // Which one is the server's own?
        (&["X-Forwarded-Method: GET", method, target, host], "X-Forwarded-Method"),
        (&["X-Forwarded-Uri: /harmless", method, target, host], "X-Forwarded-Uri"),
        (&["X-Forwarded-Host: other.example", method, target, host], "X-Forwarded-Host"),
        (
            &["X-Original-Content-Length: 0", "X-Original-Content-Length: 4", method, target],
            "X-Original-Content-Length",
        ),
    ];
    for (fields, missing) in table {
        refused(&running.ask(fields, "").await, 500, "gate.handover", missing);
    }
    assert!(running.judged().await.is_empty());
}

#[tokio::test]
async fn the_client_is_the_last_address_of_the_last_field() {
    let running = Running::start().await;
    running.ask(&asked(&["X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 192.0.2.6, 192.0.2.7"]), "").await;
    running.ask(&asked(&["X-Forwarded-For: unknown"]), "").await;
    running.ask(&ASKED, "").await;
    running.ask(&asked(&["X-Forwarded-For: ::ffff:192.0.2.8"]), "").await;
    let found: Vec<_> = running
        .judged()
        .await
        .into_iter()
        .map(|record| record.context.caller.and_then(|caller| caller.source_address))
        .collect();
    let server = Some("127.0.0.1".to_owned());
    assert_eq!(found, [Some("192.0.2.7".to_owned()), None, server, Some("192.0.2.8".to_owned())]);
}

#[tokio::test]
async fn a_body_that_the_server_has_cut_is_not_judged() {
    let running = Running::start().await;
    for (length, said) in [("4", "2 of the 4 bytes of the body"), ("1048576", "2 of the 1048576 bytes of the body")] {
        let field = format!("X-Original-Content-Length: {length}");
        refused(&running.ask(&asked(&[&field]), "{}").await, 500, "gate.body-cut", said);
    }
    // That it is too large can be said of the start of it.
    let answer = running.ask(&asked(&["X-Original-Content-Length: 1048577"]), "{}").await;
    refused(&answer, 413, "transport.body.size", "1048576 bytes");
    let answer = running.ask(&asked(&["X-Original-Content-Length: two"]), "{}").await;
    refused(&answer, 400, "transport.framing.length", "two");
    let answer = running.ask(&asked(&["X-Original-Content-Length: 2"]), "{}").await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_body_is_judged_up_to_the_limit() {
    let running = Running::start().await;
    assert_eq!(running.ask(&ASKED, &" ".repeat(LIMIT)).await.status, 200);
    refused(&running.ask(&ASKED, &" ".repeat(LIMIT + 1)).await, 413, "transport.body.size", "1048576 bytes");
    let judged = running.judged().await;
    let seen: Vec<_> = judged.iter().map(|record| (record.request.body_bytes, record.request.body_complete)).collect();
    assert_eq!(seen, [(1 << 20, true), (1 << 20, false)]);
}

#[tokio::test]
async fn a_gate_that_is_off_lets_pass_what_is_whole() {
    let running = Running::with("127.0.0.1/32", |config| config.upstreams[0].gate.mode = GateMode::Off).await;
    assert_eq!(running.ask(&ASKED, "{}").await.status, 200);
    refused(&running.ask(&ASKED, &" ".repeat(LIMIT + 1)).await, 413, "transport.body.size", "1048576 bytes");
}

#[tokio::test]
async fn a_body_in_chunks_is_judged_without_them() {
    let running = Running::start().await;
    let fields = ASKED.join("\r\n");
    let head =
        format!("POST / HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n{fields}\r\n\r\n");
    let answer = exchange(running.address, format!("{head}1\r\n{{\r\n1\r\n}}\r\n0\r\n\r\n")).await;
    assert_eq!(answer.status, 200);
    let answer = exchange(running.address, format!("{head}1\r\n{{\r\nno number\r\n")).await;
    refused(&answer, 400, "transport.body", "framing");
    let judged = running.judged().await;
    assert_eq!(judged.len(), 1);
    assert_eq!(judged[0].request.body, Some(RecordedBody::Text { text: "{}".to_owned(), redacted: Vec::new() }));
}

#[tokio::test]
async fn a_question_by_head_is_answered_without_a_body() {
    let running = Running::start().await;
    let fields = ["X-Forwarded-Method: HEAD", ASKED[1], ASKED[2], "X-HTTP-Method-Override: DELETE"];
    let answer = exchange(running.address, message("HEAD", &fields, "")).await;
    assert_eq!((answer.status, verdict(&answer).as_deref()), (400, Some("refuse")));
    assert_eq!(answer.field("content-type").as_deref(), Some("application/problem+json"));
    let answer = exchange(running.address, message("HEAD", &fields[..3], "")).await;
    assert_eq!((answer.status, verdict(&answer).as_deref()), (200, Some("pass")));
    // By another method it has one, for the server to leave out.
    refused(&running.ask(&fields, "").await, 400, "transport.method-override", "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408() {
    let running = Running::with("127.0.0.1/32", |config| config.limits.body_timeout = Duration::from_millis(200)).await;
    let mut client = Client::connect(running.address).await;
    client.send(message("POST", &ASKED, "").replace("Content-Length: 0", "Content-Length: 4")).await;
    client.send("{").await;
    refused(&client.receive(false).await, 408, "transport.timeout", "");
    assert!(running.judged().await.is_empty());
}

#[tokio::test]
async fn what_is_refused_is_worded_as_its_own_upstream_says() {
    let running = Running::with("127.0.0.1/32", |config| {
        let style = |base: &str| ProblemStyle { type_base: Some(base.to_owned()), ..ProblemStyle::default() };
        config.upstreams[0].host = Some("first.example".to_owned());
        config.upstreams[0].gate.style = style("https://first.example/");
        let mut second = UpstreamConfig::new("http://127.0.0.1:1".parse().unwrap());
        second.host = Some("vnfm.example".to_owned());
        second.gate.style = style("https://second.example/");
        config.upstreams.push(second);
    })
    .await;
    let answer = running.ask(&ASKED, &" ".repeat(LIMIT + 1)).await;
    assert_eq!(answer.json()["type"], "https://second.example/transport.body.size");
    let answer = running.ask(&[ASKED[0], ASKED[1], "X-Forwarded-Host: third.example"], "").await;
    refused(&answer, 404, "gate.no-upstream", "");
}

#[tokio::test]
async fn a_request_in_flight_is_answered_when_the_door_closes() {
    let running = Running::start().await;
    let mut client = Client::connect(running.address).await;
    client.send(message("POST", &ASKED, "").replace("Content-Length: 0", "Content-Length: 2")).await;
    client.send("{").await;
    // Another one shows that the door has got to it.
    assert_eq!(running.ask(&ASKED, "").await.status, 200);
    let address = running.address;
    let stopping = tokio::spawn(running.stop());
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.send("}").await;
    assert_eq!(client.receive(false).await.status, 200);
    let (cut, judged) = stopping.await.unwrap();
    assert_eq!((cut, judged.len()), (0, 2));
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_when_the_door_closes() {
    let running = Running::with("127.0.0.1/32", |config| config.limits.drain = Duration::from_millis(100)).await;
    let mut client = Client::connect(running.address).await;
    client.send(message("POST", &ASKED, "").replace("Content-Length: 0", "Content-Length: 2")).await;
    assert_eq!(running.ask(&ASKED, "").await.status, 200);
    assert_eq!(running.stop().await.0, 1);
    assert!(client.is_closed().await);
}
