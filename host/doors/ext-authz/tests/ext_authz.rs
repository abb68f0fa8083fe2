//! The service for Envoy, asked over gRPC: what it makes of a check, and what it
//! says. Its gate has no policy: what is refused here no policy has to see.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use envoy_types::ext_authz::v3::pb::{Address, AuthorizationServer, CheckRequest, CheckResponse, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::{self, HeaderMap, HeaderValue, Metadata};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{ListValue, Struct, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use solgate::gate::Gate;
use solgate::record::{Bodies, Record, RecordedBody, RecordedCaller};
use solgate_config::record::RecordConfig;
use solgate_config::{Config, Limits, ListenAddress, LiveGate, LogFormat, UpstreamConfig};
use solgate_ext_authz::Server;
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::vnfm::Vnfm;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// Longer than anything takes, so that a hanging test fails.
const PATIENCE: Duration = Duration::from_secs(20);

struct NoFacts;

impl FactSource for NoFacts {
    fn fetch<'a>(&'a self, _: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        std::future::ready(Fact { answer: FactAnswer::Unavailable("none here".to_owned()), cached: false }).boxed()
    }
}

fn open_gate(_: &UpstreamConfig, _: &Vnfm) -> Result<LiveGate, GatewayError> {
    let make = |settings| Gate::new(Vec::new(), Arc::new(NoFacts)).with_settings(settings);
    Ok(LiveGate { make: Box::new(make), policies: Vec::new() })
}

/// The service, and a connection to it.
struct Running {
    address: SocketAddr,
    channel: Channel,
    stop: oneshot::Sender<()>,
    task: JoinHandle<bool>,
    records: tempfile::TempDir,
}

impl Running {
    async fn start() -> Self {
        Self::with(Duration::ZERO, Limits::default()).await
    }

    async fn with(lame_duck: Duration, limits: Limits) -> Self {
        let records = tempfile::tempdir().unwrap();
        let config = Config {
            listen: ListenAddress::Tcp("127.0.0.1:0".to_owned()),
            admin: None,
            tls: None,
            jwt: None,
            limits: Limits { lame_duck, ..limits },
            upstreams: vec![UpstreamConfig::new("http://vnfm.example".parse().unwrap())],
            log: LogFormat::Off,
            record: Some(RecordConfig {
                bodies: Bodies::Redacted,
                ..RecordConfig::new(records.path().join("decisions.jsonl"))
            }),
            tracing: None,
            reload: true,
            ..Config::default()
        };
        let server = Server::bind(&config, "token", Inherited::default(), &open_gate).await.unwrap();
        let address = server.door().address().tcp().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
        Self { address, channel, stop, task, records }
    }

    async fn check(&self, check: CheckRequest) -> CheckResponse {
        let mut client = AuthorizationClient::new(self.channel.clone());
        tokio::time::timeout(PATIENCE, client.check(check)).await.expect("an answer in time").unwrap().into_inner()
    }

    /// Ends the service. Returns what it judged, in order.
    async fn judged(self) -> Vec<Record> {
        drop(self.channel);
        self.stop.send(()).unwrap();
        assert!(tokio::time::timeout(PATIENCE, self.task).await.expect("an end in time").unwrap(), "it drains");
        let text = std::fs::read_to_string(self.records.path().join(Path::new("decisions.jsonl"))).unwrap();
        let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
        // What is refused before it is judged is recorded as well.
        records.filter(|record: &Record| !record.settings_digest.is_empty()).collect()
    }
}

fn field(name: &str, value: &[u8]) -> HeaderValue {
    HeaderValue { key: name.to_owned(), value: String::new(), raw_value: value.to_vec() }
}

/// A request as Envoy describes it with `encode_raw_headers`.
fn post(fields: &[(&str, &[u8])], body: &[u8]) -> HttpRequest {
    let mut headers =
        vec![field(":authority", b"vnfm.example"), field(":method", b"POST"), field(":path", b"/a?b=%2f")];
    headers.extend(fields.iter().map(|(name, value)| field(name, value)));
    HttpRequest {
        method: "POST".to_owned(),
        path: "/a?b=%2f".to_owned(),
        header_map: Some(HeaderMap { headers }),
        raw_body: body.to_vec(),
        ..HttpRequest::default()
    }
}

/// The same without: one value for every name.
fn joined(fields: &[(&str, &str)]) -> HttpRequest {
    let fields = [(":authority", "vnfm.example")].iter().chain(fields);
    HttpRequest {
        header_map: None,
        headers: fields.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ..post(&[], b"")
    }
}

fn check(http: HttpRequest) -> CheckRequest {
    let request = Some(Request { http: Some(http), ..Request::default() });
    CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) }
}

fn metadata(response: &CheckResponse, name: &str) -> Option<String> {
    match response.dynamic_metadata.as_ref()?.fields.get(name)?.kind.as_ref()? {
        Kind::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

/// Status and the rule of the first violation.
fn refused(response: CheckResponse) -> (i32, String, String) {
    assert_eq!(response.status.unwrap().code, i32::from(tonic::Code::PermissionDenied));
    let Some(HttpResponse::DeniedResponse(denied)) = response.http_response else { panic!("it is not refused") };
    let problem: serde_json::Value = serde_json::from_str(&denied.body).unwrap();
    let violation = &problem["violations"][0];
    let text = |name: &str| violation[name].as_str().unwrap().to_owned();
    (denied.status.unwrap().code, text("rule"), text("detail"))
}

#[tokio::test]
async fn what_is_allowed_is_ok_and_says_what_was_decided() {
    let running = Running::start().await;
    let response = running.check(check(post(&[("x-envoy-auth-partial-body", b"false")], b"{}"))).await;
    assert_eq!(response.status.as_ref().unwrap().code, 0);
    assert_eq!(metadata(&response, "verdict").as_deref(), Some("allow"));
    assert!(metadata(&response, "id").is_some());
    assert!(matches!(response.http_response, Some(HttpResponse::OkResponse(ok)) if ok.headers.is_empty()));
    let judged = running.judged().await;
    let request = &judged[0].request;
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/a?b=%2f"));
    assert_eq!(request.body, Some(RecordedBody::Text { text: "{}".to_owned(), redacted: Vec::new() }));
    assert!(request.body_complete);
}

#[tokio::test]
async fn what_is_denied_has_the_status_the_fields_and_the_problem() {
    let running = Running::start().await;
    let response = running.check(check(post(&[("x-http-method-override", b"DELETE")], b""))).await;
    assert_eq!(metadata(&response, "verdict").as_deref(), Some("deny"));
    assert_eq!(metadata(&response, "rule").as_deref(), Some("transport.method-override"));
    let Some(HttpResponse::DeniedResponse(denied)) = &response.http_response else { panic!("it is not denied") };
    let fields: Vec<_> = denied.headers.iter().filter_map(|option| option.header.as_ref()).collect();
    assert_eq!(fields.len(), 1, "Envoy writes Content-Length itself: {fields:?}");
    assert_eq!((fields[0].key.as_str(), fields[0].value.as_str()), ("content-type", "application/problem+json"));
    let problem: serde_json::Value = serde_json::from_str(&denied.body).unwrap();
    assert_eq!((&problem["status"], &problem["instance"]), (&json!(400), &json!("/a")));
    assert_eq!(refused(response).0, 400);
}

#[tokio::test]
async fn what_the_vnfm_would_get_otherwise_is_refused() {
    let partial = |value: &'static [u8]| ("x-envoy-auth-partial-body", value);
    let text = HttpRequest { body: "{}".to_owned(), ..post(&[], b"") };
    let table: Vec<(&str, CheckRequest, i32, &str, &str)> = vec![
        ("no attributes", CheckRequest::default(), 500, "gate.handover", "no HTTP request"),
        ("no method", check(HttpRequest::default()), 500, "gate.handover", "no HTTP request"),
        ("a body as text", check(text), 500, "gate.handover", "pack_as_bytes"),
        ("the start of a body", check(post(&[partial(b"true")], b"{}")), 413, "transport.body.size", "larger than"),
        (
            "half of a body",
            check(post(&[partial(b"false"), ("content-length", b"4")], b"{}")),
            500,
            "gate.body-cut",
            "2",
        ),
        (
            "no body in chunks",
            check(post(&[("transfer-encoding", b"chunked")], b"")),
            500,
            "gate.handover",
            "with_request_body",
        ),
        (
            "two transfer codings",
            check(post(&[partial(b"false"), ("transfer-encoding", b"chunked"), ("transfer-encoding", b"gzip")], b"{}")),
            501,
            "transport.coding",
            "chunked, gzip",
        ),
        ("no body at all", check(post(&[("content-length", b"4")], b"")), 500, "gate.body-cut", "of the 4 bytes"),
        (
            "two tokens",
            check(post(&[("x-auth-token", b"a"), ("x-auth-token", b"b")], b"")),
            400,
            "transport.field.repeated",
            "2 times",
        ),
        ("two tokens in one", check(joined(&[("x-auth-token", "a,b")])), 400, "transport.field.repeated", "2 times"),
        ("another host", check(post(&[("host", b"other.example")], b"")), 400, "transport.field.repeated", "host"),
        ("no UTF-8", check(post(&[("accept", b"caf\xe9")], b"")), 400, "transport.field.value", "accept"),
        ("a control character", check(post(&[("x-a", b"a\x01")], b"")), 400, "transport.field.value", "x-a"),
        ("no field name", check(post(&[("a b", b"")], b"")), 400, "transport.head.malformed", "field name"),
    ];
    let running = Running::start().await;
    for (what, check, status, rule, said) in table {
        let (found_status, found_rule, detail) = refused(running.check(check).await);
        assert_eq!((found_status, found_rule.as_str()), (status, rule), "{what}: {detail}");
        assert!(detail.contains(said), "{what}: {detail}");
    }
}

#[tokio::test]
async fn values_joined_by_envoy_are_judged_where_they_can_stand_for_one() {
    let running = Running::start().await;
    let fields = [
        ("accept", "application/json,text/plain"),
        ("authorization", "Bearer a"),
        ("x-auth-token", "a"),
        ("priority", "u=1, i"),
    ];
    let response = running.check(check(joined(&fields))).await;
    assert_eq!(metadata(&response, "verdict").as_deref(), Some("allow"));
}

#[tokio::test]
async fn a_body_above_the_limit_of_grpc_arrives() {
    let running = Running::start().await;
    let body = vec![b' '; 6 << 20];
    running.check(check(post(&[("x-envoy-auth-partial-body", b"false")], &body))).await;
    assert_eq!(running.judged().await[0].request.body_bytes, 6 << 20);
}

fn text(text: &str) -> Value {
    Value { kind: Some(Kind::StringValue(text.to_owned())) }
}

fn list(texts: &[&str]) -> Value {
    Value { kind: Some(Kind::ListValue(ListValue { values: texts.iter().copied().map(text).collect() })) }
}

fn structure(members: Vec<(&str, Value)>) -> Value {
    let fields: HashMap<_, _> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Value { kind: Some(Kind::StructValue(Struct { fields })) }
}

/// What jwt_authn leaves when it has verified a token with these claims.
fn verified(filter: &str, payload: &str, claims: Vec<(&str, Value)>) -> Option<Metadata> {
    let fields = HashMap::from([(payload.to_owned(), structure(claims))]);
    let filter_metadata = HashMap::from([(filter.to_owned(), Struct { fields })]);
    Some(Metadata { filter_metadata, ..Metadata::default() })
}

#[tokio::test]
async fn the_caller_is_whom_envoy_has_verified() {
    const FILTER: &str = "envoy.filters.http.jwt_authn";
    let caller = RecordedCaller::default;
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let standard = vec![
        ("sub", text("nfvo")),
        ("tenant", text("blue")),
        ("roles", list(&["operator", "viewer"])),
        ("scope", text("lcm:read lcm:write")),
    ];
    let other = vec![
        ("tenant_id", text("red")),
        ("realm_access", structure(vec![("roles", list(&["admin"]))])),
        ("scp", list(&["lcm:read"])),
        ("sub", Value { kind: Some(Kind::NumberValue(1.0)) }),
    ];
    let known = RecordedCaller {
        subject: Some("nfvo".to_owned()),
        tenant: Some("blue".to_owned()),
        roles: texts(&["operator", "viewer"]),
        scopes: texts(&["lcm:read", "lcm:write"]),
        ..caller()
    };
    let table = [
        (verified(FILTER, "token", standard.clone()), known),
        (
            verified(FILTER, "token", other),
            RecordedCaller {
                tenant: Some("red".to_owned()),
                roles: texts(&["admin"]),
                scopes: texts(&["lcm:read"]),
                ..caller()
            },
        ),
        (verified(FILTER, "another_token", standard.clone()), caller()),
        (verified("another.filter", "token", standard), caller()),
        (None, caller()),
    ];
    let running = Running::start().await;
    let expected: Vec<_> = table.iter().map(|(_, caller)| Some(caller.clone())).collect();
    for (metadata_context, _) in table {
        let mut check = check(post(&[("authorization", b"Bearer unverified")], b""));
        check.attributes.as_mut().unwrap().metadata_context = metadata_context;
        running.check(check).await;
    }
    let found: Vec<_> = running.judged().await.into_iter().map(|record| record.context.caller).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn certificate_and_address_are_those_of_the_connection() {
    let running = Running::start().await;
    let mut check = check(post(&[("x-forwarded-for", b"192.0.2.1")], b""));
    let socket = v3::SocketAddress { address: "192.0.2.7".to_owned(), ..v3::SocketAddress::default() };
    check.attributes.as_mut().unwrap().source = Some(Peer {
        address: Some(v3::Address { address: Some(Address::SocketAddress(socket)) }),
        principal: "spiffe://example/nfvo".to_owned(),
        ..Peer::default()
    });
    running.check(check).await;
    let caller = running.judged().await[0].context.caller.clone().unwrap();
    assert_eq!(caller.source_address.as_deref(), Some("192.0.2.7"));
    assert_eq!(caller.certificate_names, ["spiffe://example/nfvo"]);
}

#[tokio::test]
async fn an_address_is_read_however_it_is_written_and_is_never_envoys() {
    let running = Running::start().await;
    let table = [
        // An IPv4 client is one on a socket for both.
        ("::ffff:192.0.2.7", Some("192.0.2.7")),
        ("192.0.2.7:5555", Some("192.0.2.7")),
        ("[2001:db8::7]", Some("2001:db8::7")),
        ("fe80::1%eth0", Some("fe80::1")),
        ("unknown", None),
        ("", None),
    ];
    for (text, _) in table {
        let mut check = check(post(&[], b""));
        let socket = v3::SocketAddress { address: text.to_owned(), ..v3::SocketAddress::default() };
        let address = Some(v3::Address { address: Some(Address::SocketAddress(socket)) });
        check.attributes.as_mut().unwrap().source = Some(Peer { address, ..Peer::default() });
        running.check(check).await;
    }
    let judged = running.judged().await;
    let found =
        judged.iter().map(|record| record.context.caller.as_ref().and_then(|caller| caller.source_address.as_deref()));
    assert_eq!(found.collect::<Vec<_>>(), table.map(|(_, expected)| expected));
}

#[tokio::test]
async fn a_connection_that_does_not_begin_is_ended() {
    let limits = Limits { head_timeout: Duration::from_millis(200), ..Limits::default() };
    let running = Running::with(Duration::ZERO, limits).await;
    for begun in ["", "PRI * HTTP/2.0"] {
        let mut silent = tokio::net::TcpStream::connect(running.address).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut silent, begun.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let ended = tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut said);
        let _ = tokio::time::timeout(PATIENCE, ended).await.expect("an end in time");
    }
    let answer = running.check(check(post(&[], b"{}"))).await.http_response;
    assert!(matches!(answer, Some(HttpResponse::OkResponse(_))), "the one that began goes on");
}

#[tokio::test]
async fn health_is_told_until_the_end() {
    let running = Running::start().await;
    let mut client = HealthClient::new(running.channel.clone());
    let authorization = <AuthorizationServer<()> as tonic::server::NamedService>::NAME;
    for service in ["", authorization] {
        let request = HealthCheckRequest { service: service.to_owned() };
        assert_eq!(client.check(request).await.unwrap().into_inner().status, 1, "{service:?} serves");
    }
    let request = HealthCheckRequest { service: authorization.to_owned() };
    let mut watched = client.watch(request).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap().unwrap().status, 1);
    running.stop.send(()).unwrap();
    let last = tokio::time::timeout(PATIENCE, watched.message()).await.expect("in time").unwrap().unwrap();
    assert_eq!(last.status, 2, "it does not serve any more");
}

#[tokio::test]
async fn a_lame_duck_says_so_and_answers() {
    let mut running = Running::with(Duration::from_secs(1), Limits::default()).await;
    let stop = std::mem::replace(&mut running.stop, oneshot::channel().0);
    stop.send(()).unwrap();
    let mut client = HealthClient::new(running.channel.clone());
    let deadline = tokio::time::Instant::now() + Duration::from_millis(900);
    while client.check(HealthCheckRequest::default()).await.unwrap().into_inner().status != 2 {
        assert!(tokio::time::Instant::now() < deadline, "it says so at once");
    }
    let response = running.check(check(post(&[], b""))).await;
    assert_eq!(metadata(&response, "verdict").as_deref(), Some("allow"));
    drop((client, running.channel));
    assert!(tokio::time::timeout(PATIENCE, running.task).await.expect("an end in time").unwrap());
}

#[tokio::test]
async fn what_there_is_no_room_for_is_denied_with_503() {
    let small = || check(post(&[], b"{}"));
    let running = Running::with(Duration::ZERO, Limits { requests: 0, ..Limits::default() }).await;
    let (status, rule, _) = refused(running.check(small()).await);
    assert_eq!((status, rule.as_str()), (503, "gate.requests"));

    let running = Running::with(Duration::ZERO, Limits { body_memory: 1 << 20, ..Limits::default() }).await;
    let Some(HttpResponse::DeniedResponse(denied)) =
        running.check(check(post(&[], &vec![b' '; 1 << 20]))).await.http_response
    else {
        panic!("it has room")
    };
    assert_eq!(denied.status.unwrap().code, 503);
    assert!(denied.body.contains("gate.body-memory"), "{}", denied.body);
    let retry =
        denied.headers.iter().filter_map(|field| field.header.as_ref()).find(|field| field.key == "retry-after");
    assert_eq!(retry.unwrap().value, "5");
    // What was held is free again.
    for _ in 0..3 {
        assert!(matches!(running.check(small()).await.http_response, Some(HttpResponse::OkResponse(_))));
    }
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_closed_and_the_first_goes_on() {
    let running = Running::with(Duration::ZERO, Limits { connections: 1, ..Limits::default() }).await;
    let allowed = async || running.check(check(post(&[], b"{}"))).await.http_response;
    assert!(matches!(allowed().await, Some(HttpResponse::OkResponse(_))));
    let mut beyond = tokio::net::TcpStream::connect(running.address).await.unwrap();
    let mut said = Vec::new();
    let ended = tokio::io::AsyncReadExt::read_to_end(&mut beyond, &mut said);
    let _ = tokio::time::timeout(PATIENCE, ended).await.expect("an end in time");
    assert!(said.is_empty(), "{said:?}");
    assert!(matches!(allowed().await, Some(HttpResponse::OkResponse(_))));
}
