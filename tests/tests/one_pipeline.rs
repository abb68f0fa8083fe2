//! A request goes the same way behind every door that listens: the same gate answers,
//! at the same time, and the same line is written. What only one door can know is left
//! out of the comparison; everything else must be equal.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use envoy_types::ext_authz::v3::pb::{CheckRequest, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::address::Address;
use envoy_types::pb::envoy::config::core::v3::{self, HeaderMap, HeaderValue, SocketAddress};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use futures_util::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use solgate_tests::process::{DecisionLines, Serving};
use solgate_tests::tokens::TokenKey;
use solgate_tests::vnfm::{Reply, Vnfm};
use tonic::transport::Channel;
use tower_service::Service;

const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Far less than a body may take, far more than an answer without one.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A door with two upstreams, whose gates are told apart by the `type` of their problems.
struct Door {
    name: &'static str,
    serving: Serving,
    lines: DecisionLines,
    _folder: tempfile::TempDir,
}

/// What a client gets.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    problem: Value,
}

impl Door {
    fn open(name: &'static str, vnfm: &Vnfm, gate: &Value, more: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let upstream = |host: &str| {
            let mut upstream = gate.clone();
            upstream["url"] = vnfm.url().into();
            upstream["host"] = host.into();
            upstream["problem"] = json!({"typeBase": format!("https://{host}/rules/")});
            upstream
        };
        let mut config = more.clone();
        config["upstreams"] = json!([upstream("first.example"), upstream("second.example")]);
        let keys = json!({"keys": [TokenKey::rsa("one").jwk()]});
        std::fs::write(folder.path().join("keys.json"), keys.to_string()).expect("it is written");
        let file = folder.path().join("solgate.yaml");
        std::fs::write(&file, config.to_string()).expect("it is written");
        let arguments = ["--config", file.to_str().expect("it is text")];
        let (serving, lines) = Serving::start_door_with_log(name, &arguments);
        Self { name, serving, lines, _folder: folder }
    }

    /// Sends the head of a request for the second upstream and as much of its body.
    fn begin(&self, method: &str, target: &str, fields: &[&str], announced: usize, body: &[u8]) -> TcpStream {
        let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
        let length = if announced == 0 { String::new() } else { format!("Content-Length: {announced}\r\n") };
        let head = match self.name {
            "serve" => format!("{method} {target} HTTP/1.1\r\nHost: second.example\r\n"),
            _ => format!(
                "{method} / HTTP/1.1\r\nHost: gate\r\nX-Forwarded-Method: {method}\r\nX-Forwarded-Uri: {target}\r\n\
                 X-Forwarded-Host: second.example\r\n"
            ),
        };
        let mut stream = connect(self.serving.address);
        stream.write_all(format!("{head}{fields}{length}\r\n").as_bytes()).expect("it is sent");
        // It may be refused meanwhile.
        let _ = stream.write_all(body);
        stream
    }

    /// What it answers to a whole request for the second upstream, and the line of it.
    fn ask(&mut self, method: &str, target: &str, fields: &[&str], body: &[u8]) -> (Answer, Value) {
        let answer = match self.name {
            "ext-authz" => check(self.serving.address, &http(method, target, "second.example", fields, body), &[]),
            _ => receive(&mut self.begin(method, target, fields, body.len(), body)),
        };
        (answer, self.lines.next_line())
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    stream
}

/// The next answer on a connection, which may stay open.
fn receive(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let (mut end, mut length) = (None, 0);
    while end.is_none_or(|end| bytes.len() < end + length) {
        let mut some = [0; 4096];
        let count = stream.read(&mut some).expect("an answer in time");
        assert!(count > 0, "the connection ends in an answer: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&some[..count]);
        if end.is_none() {
            end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
            let head = String::from_utf8_lossy(&bytes[..end.unwrap_or_default()]).to_lowercase();
            let said = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
            length = said.unwrap_or_default();
        }
    }
    let status = String::from_utf8_lossy(&bytes[9..12]).parse().expect("it is a status");
    let body = &bytes[end.expect("it has a head")..];
    Answer { status, problem: serde_json::from_slice(body).unwrap_or_default() }
}

/// A request as Envoy describes it.
fn http(method: &str, target: &str, host: &str, fields: &[&str], body: &[u8]) -> HttpRequest {
    let field = |name: &str, value: &str| HeaderValue {
        key: name.to_owned(),
        value: String::new(),
        raw_value: value.as_bytes().to_vec(),
    };
    let mut headers = vec![field(":authority", host)];
    headers.extend(
        fields
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| field(&name.to_ascii_lowercase(), value)),
    );
    if !body.is_empty() {
        headers.push(field("content-length", &body.len().to_string()));
        headers.push(field("x-envoy-auth-partial-body", "false"));
    }
    HttpRequest {
        method: method.to_owned(),
        path: target.to_owned(),
        header_map: Some(HeaderMap { headers }),
        raw_body: body.to_vec(),
        ..HttpRequest::default()
    }
}

/// Asks as Envoy does, with these fields of gRPC.
fn check(address: SocketAddr, http: &HttpRequest, metadata: &[&'static str]) -> Answer {
    let client = SocketAddress { address: "127.0.0.1".to_owned(), ..SocketAddress::default() };
    let source =
        Peer { address: Some(v3::Address { address: Some(Address::SocketAddress(client)) }), ..Peer::default() };
    let request = Request { http: Some(http.clone()), ..Request::default() };
    let attributes = AttributeContext { source: Some(source), request: Some(request), ..AttributeContext::default() };
    let mut request = tonic::Request::new(CheckRequest { attributes: Some(attributes) });
    for (name, value) in metadata.iter().filter_map(|line| line.split_once(": ")) {
        request.metadata_mut().insert(name, value.parse().expect("it is text"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let answer = runtime.block_on(async {
        let mut client = AuthorizationClient::connect(format!("http://{address}")).await.expect("it listens");
        client.check(request).await.expect("it answers").into_inner()
    });
    match answer.http_response.expect("it says what to do") {
        HttpResponse::DeniedResponse(denied) => Answer {
            status: u16::try_from(denied.status.expect("it has one").code).expect("it is a status"),
            problem: serde_json::from_str(&denied.body).unwrap_or_default(),
        },
        _ => Answer { status: 200, problem: Value::Null },
    }
}

/// A line without what differs from one request to the next.
fn lasting(mut line: Value, passed: bool) -> Value {
    let members = line.as_object_mut().expect("it is an object");
    members.retain(|name, _| !matches!(name.as_str(), "id" | "time" | "micros"));
    if passed {
        // Only serve sees the answer of the VNFM.
        members.retain(|name, _| !matches!(name.as_str(), "status" | "upstreamStatus" | "responseBytes"));
    }
    line
}

fn micros(line: &Value, name: &str) -> Duration {
    Duration::from_micros(line["micros"][name].as_u64().expect("it is a number"))
}

fn time(line: &Value) -> SystemTime {
    humantime::parse_rfc3339(line["time"].as_str().expect("it is text")).expect("it is a time")
}

fn assert_is_of_the_second(answer: &Answer, rule: &str, door: &str) {
    assert_eq!(answer.problem["type"], format!("https://second.example/rules/{rule}"), "{door}: {}", answer.problem);
}

#[test]
fn a_body_that_stalls_is_refused_by_its_own_gate_and_reported_from_its_head_on() {
    let (vnfm, mut lines) = (Vnfm::start(), Vec::new());
    for name in ["serve", "forward-auth"] {
        let mut door = Door::open(name, &vnfm, &json!({}), &json!({"limits": {"bodyTimeout": "1s"}}));
        let begun = SystemTime::now();
        let mut stream = door.begin("POST", "/vnflcm/v2/vnf_instances", &[TRACEPARENT], 10, b"{\"a\"");
        let answer = receive(&mut stream);
        assert_eq!(answer.status, 408, "{name}");
        assert_is_of_the_second(&answer, "transport.timeout", name);
        let line = door.lines.next_line();
        assert!(micros(&line, "total") >= Duration::from_millis(900), "{name}: {line}");
        let waited = time(&line).duration_since(begun).unwrap_or_default();
        assert!(waited < Duration::from_millis(700), "{name}: {line}");
        assert_eq!(line["traceId"], TRACE, "{name}");
        lines.push(lasting(line, false));
    }
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn nobody_without_a_token_has_a_body_read() {
    let (vnfm, mut lines) = (Vnfm::start(), Vec::new());
    for name in ["serve", "forward-auth"] {
        let more = json!({"limits": {"bodyTimeout": "5s"}, "jwt": {"jwks": "keys.json"}});
        let mut door = Door::open(name, &vnfm, &json!({}), &more);
        let begun = Instant::now();
        let mut stream = door.begin("POST", "/vnflcm/v2/vnf_instances", &[], 10, b"");
        let answer = receive(&mut stream);
        assert_eq!(answer.status, 401, "{name}");
        assert!(begun.elapsed() < AT_ONCE, "{name}: {:?}", begun.elapsed());
        lines.push(lasting(door.lines.next_line(), false));
        // Whoever sends all of a large one first gets the answer as well.
        let large = vec![b' '; 4 << 20];
        let mut stream = door.begin("POST", "/vnflcm/v2/vnf_instances", &[], large.len(), &large);
        assert_eq!(receive(&mut stream).status, 401, "{name}");
    }
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn what_does_not_get_as_far_as_a_gate_has_its_trace_and_its_client_in_its_line() {
    let vnfm = Vnfm::start();
    // The server has left out what was asked.
    let mut door = Door::open("forward-auth", &vnfm, &json!({}), &json!({}));
    let mut stream = connect(door.serving.address);
    let fields = format!("Host: gate\r\nX-Forwarded-Uri: /a\r\n{TRACEPARENT}\r\n");
    stream.write_all(format!("GET /asked HTTP/1.1\r\n{fields}\r\n").as_bytes()).expect("it is sent");
    assert_eq!(receive(&mut stream).status, 500);
    let line = door.lines.next_line();
    assert_eq!((&line["rule"], &line["traceId"]), (&"gate.handover".into(), &TRACE.into()), "{line}");

    // Envoy has replaced what is not UTF-8.
    let mut door = Door::open("ext-authz", &vnfm, &json!({}), &json!({}));
    let text = HttpRequest { body: "{}".to_owned(), ..http("POST", "/a", "second.example", &[TRACEPARENT], b"") };
    assert_eq!(check(door.serving.address, &text, &[]).status, 500);
    let line = door.lines.next_line();
    let found = (&line["rule"], &line["traceId"], &line["method"], &line["path"], &line["peer"]);
    let expected = (&"gate.handover".into(), &TRACE.into(), &"POST".into(), &"/a".into(), &"127.0.0.1".into());
    assert_eq!(found, expected, "{line}");
    // Envoy's span for its question counts, whatever is in it.
    assert_eq!(check(door.serving.address, &HttpRequest::default(), &[TRACEPARENT]).status, 500);
    assert_eq!(door.lines.next_line()["traceId"], TRACE);
}

/// Head and body come in one message: a line begins when that begins.
#[test]
fn a_check_that_stalls_is_reported_from_its_beginning_on() {
    let mut door = Door::open("ext-authz", &Vnfm::start(), &json!({}), &json!({"limits": {"bodyTimeout": "1s"}}));
    let begun = SystemTime::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let answer = runtime.block_on(async {
        let channel = Channel::from_shared(format!("http://{}", door.serving.address)).expect("it is a URL");
        let mut channel = channel.connect().await.expect("it listens");
        let (name, value) = TRACEPARENT.split_once(": ").expect("it is a field");
        let message = StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let request = http::Request::post("/envoy.service.auth.v3.Authorization/Check")
            .header("content-type", "application/grpc")
            .header(name, value)
            .body(tonic::body::Body::new(message))
            .expect("it is a request");
        std::future::poll_fn(|context| channel.poll_ready(context)).await.expect("it is ready");
        channel.call(request).await.expect("it answers").into_body().collect().await.expect("it is whole").to_bytes()
    });
    assert!(answer.windows(17).any(|window| window == b"transport.timeout"), "{}", answer.escape_ascii());
    let line = door.lines.next_line();
    assert!(micros(&line, "total") >= Duration::from_millis(900), "{line}");
    assert!(time(&line).duration_since(begun).unwrap_or_default() < Duration::from_millis(700), "{line}");
    assert_eq!((&line["rule"], &line["traceId"]), (&"transport.timeout".into(), &TRACE.into()), "{line}");
}

#[test]
fn what_there_is_no_room_for_is_refused_by_its_own_gate() {
    let target = format!("/vnflcm/v2/vnf_instances/{ID}/terminate");
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json", TRACEPARENT];
    let body = br#"{"terminationType":"FORCEFUL"}"#;
    let (vnfm, mut lines) = (Vnfm::start(), Vec::new());
    for name in ["serve", "forward-auth"] {
        // It never answers, so that the first request holds the only place.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", silent.local_addr().expect("it is bound"));
        let gate = json!({"facts": {"url": url, "timeout": "20s"}});
        let mut door = Door::open(name, &vnfm, &gate, &json!({"limits": {"requests": 1}}));
        let _held = door.begin("POST", &target, &fields, body.len(), body);
        let _ = silent.accept().expect("it asks for a fact");
        // One on the same instance would wait for its turn, without a place.
        let (answer, line) = door.ask("POST", &target.replace(ID, "another"), &fields, body);
        assert_eq!(answer.status, 503, "{name}: {answer:?}");
        assert_is_of_the_second(&answer, "gate.requests", name);
        lines.push(lasting(line, false));
    }
    assert_eq!(lines[0], lines[1]);
}

/// The same requests under each mode: what is answered to them, and what is reported.
#[test]
fn every_door_reports_the_same_in_every_mode() {
    let vnfm = Vnfm::start();
    vnfm.instance(ID, "INSTANTIATED", &json!([]));
    vnfm.reply("GET", "/vnflcm/v2/vnf_instances", Reply::json(&json!([])));
    let terminate = format!("/vnflcm/v2/vnf_instances/{ID}/terminate");
    let good = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json", TRACEPARENT];
    let large = vec![b' '; 2 << 20];
    let requests: [(&str, &str, &[&str], &[u8]); 6] = [
        ("GET", "/vnflcm/v2/vnf_instances", &good[..2], b""),
        ("GET", "/vnflcm/v2/vnf_instances", &good[1..2], b""),
        ("POST", &terminate, &good, br#"{"terminationType":"FORCEFUL"}"#),
        ("POST", &terminate, &good, br#"{"terminationType":"NOW"}"#),
        ("GET", "/elsewhere?secret", &good[3..], b""),
        ("POST", &terminate, &good, &large),
    ];
    for mode in ["enforce", "monitor", "off"] {
        let mut found = Vec::new();
        for name in ["serve", "forward-auth", "ext-authz"] {
            let gate = json!({"mode": mode});
            let mut door = Door::open(name, &vnfm, &gate, &json!({"limits": {"bodyTimeout": "5s"}}));
            // Envoy hands over all of a large body, which can be forwarded where nothing is
            // enforced; the others have read the start of it.
            let comparable = if name == "ext-authz" && mode != "enforce" { 5 } else { 6 };
            let said: Vec<_> = requests
                .iter()
                .take(comparable)
                .map(|(method, target, fields, body)| {
                    let (answer, mut line) = door.ask(method, target, fields, body);
                    if body.len() == large.len() {
                        line["requestBytes"].take();
                    }
                    assert!(micros(&line, "total") > Duration::ZERO, "{name}: {line}");
                    let passed = !matches!(line["verdict"].as_str(), Some("deny" | "fault"));
                    let answer = if passed { None } else { Some(answer) };
                    (answer, lasting(line, passed))
                })
                .collect();
            found.push((name, said));
        }
        let (_, expected) = &found[0];
        assert!(expected.iter().any(|(answer, _)| answer.is_some()), "{mode}: {expected:?}");
        for (name, said) in &found[1..] {
            for (at, (said, expected)) in said.iter().zip(expected).enumerate() {
                assert_eq!(said, expected, "{mode}: {name} and serve on request {at}");
            }
        }
    }
}
