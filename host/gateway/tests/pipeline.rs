//! The stages of a request, without sockets: where each of them refuses, in whose style,
//! and what is reported then. The gates have no policy.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream;
use http::{HeaderMap, HeaderValue};
use http_body_util::{Full, StreamBody};
use hyper::body::{Body, Frame};
use solgate::Request;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use solgate::fault::Fault;
use solgate::gate::Gate;
use solgate::record::Outcome;
use solgate_access::tls::Protocol;
use solgate_access::tokens::Possession;
use solgate_config::{Config, GateMode, Limits, ListenAddress, LiveGate, LogFormat, UpstreamConfig};
use solgate_gateway::door::Door;
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::pipeline::{Arrival, Cleared, Exchange, Pipeline, Refused, headed};
use solgate_gateway::routes::ForwardedElsewhere;
use solgate_gateway::vnfm::Vnfm;

struct NoFacts;

impl FactSource for NoFacts {
    fn fetch<'a>(&'a self, _: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        std::future::ready(Fact { answer: FactAnswer::Unavailable("none here".to_owned()), cached: false }).boxed()
    }
}

fn build(upstream: &UpstreamConfig, _: &Vnfm) -> Result<LiveGate, GatewayError> {
    let style = upstream.gate.style.clone();
    let make =
        move |settings| Ok(Gate::new(Vec::new(), Arc::new(NoFacts)).with_settings(settings)?.with_style(style.clone()));
    Ok(LiveGate { make: Box::new(make), policies: Vec::new() })
}

/// Two upstreams, whose gates are told apart by the `type` of their problems.
async fn door(mode: GateMode, limits: Limits) -> Arc<Pipeline<ForwardedElsewhere>> {
    let upstream = |host: &str| {
        let mut upstream = UpstreamConfig::new(format!("http://{host}").parse().unwrap());
        upstream.host = Some(host.to_owned());
        upstream.gate.mode = mode;
        upstream.gate.style.type_base = Some(format!("https://{host}/"));
        upstream
    };
    let config = Config {
        listen: ListenAddress::Tcp("127.0.0.1:0".to_owned()),
        admin: None,
        tls: None,
        jwt: None,
        limits,
        upstreams: vec![upstream("first.example"), upstream("second.example")],
        log: LogFormat::Off,
        record: None,
        tracing: None,
        reload: true,
        ..Config::default()
    };
    Door::bind("serve", &config, Protocol::Http1, Inherited::default(), &build).await.unwrap().open().1.pipeline.get()
}

fn request(host: &'static str) -> Request {
    let headers = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static(host))]);
    headed("POST".to_owned(), "/a?b".to_owned(), headers, None, Arrival::now())
}

fn begin(door: &Pipeline<ForwardedElsewhere>) -> Exchange {
    let peer = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    door.begin(Arrival::now(), peer, "POST", "/a?b", &HeaderMap::new())
}

fn broken() -> Fault {
    Fault::MalformedBody("it breaks off".to_owned())
}

async fn judge<'e, B: Body>(
    door: &'e Pipeline<ForwardedElsewhere>,
    exchange: &'e mut Exchange,
    request: &'e mut Request,
    body: B,
) -> Result<Cleared<'e, ForwardedElsewhere>, Refused> {
    let identified = door.route(exchange, request)?.identify(|| Possession::Unseen).await?;
    identified.admit(body, broken).await?.judge().await
}

/// The `type` of the problem that a request is refused with, and what its line says.
async fn refused<B: Body>(door: &Pipeline<ForwardedElsewhere>, host: &'static str, body: B) -> (String, bool) {
    let mut exchange = begin(door);
    let Err(Refused { answer, body_read }) = judge(door, &mut exchange, &mut request(host), body).await else {
        panic!("it is refused")
    };
    let problem: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
    let line = exchange.line();
    assert_eq!((line.verdict.as_str(), line.path.as_str()), (Outcome::Fault.as_str(), "/a"));
    let kind = problem["type"].as_str().unwrap().to_owned();
    assert!(kind.ends_with(line.rule.as_deref().unwrap()), "{kind} {line:?}");
    (kind, body_read)
}

#[tokio::test]
async fn each_stage_refuses_in_the_style_of_the_gate_that_the_request_has_got_to() {
    let (host, small) = ("second.example", || Full::new(Bytes::from_static(b"{}")));
    let open = door(GateMode::Enforce, Limits::default()).await;
    let nowhere = refused(&open, "third.example", small()).await;
    assert_eq!(nowhere, ("https://first.example/gate.no-upstream".to_owned(), false));
    let breaks = StreamBody::new(stream::iter([Err::<Frame<Bytes>, _>(std::io::Error::other("gone"))]));
    assert_eq!(refused(&open, host, breaks).await, ("https://second.example/transport.body".to_owned(), false));

    let hasty = door(GateMode::Enforce, Limits { body_timeout: Duration::from_millis(10), ..Limits::default() }).await;
    let stalls = StreamBody::new(stream::pending::<std::io::Result<Frame<Bytes>>>());
    assert_eq!(refused(&hasty, host, stalls).await, ("https://second.example/transport.timeout".to_owned(), false));

    let full = door(GateMode::Enforce, Limits { requests: 0, ..Limits::default() }).await;
    assert_eq!(refused(&full, host, small()).await, ("https://second.example/gate.requests".to_owned(), true));
}

/// In every mode: what nobody has seen cannot be forwarded.
#[tokio::test]
async fn a_body_that_was_read_in_part_does_not_pass() {
    for mode in [GateMode::Enforce, GateMode::Monitor, GateMode::Off] {
        let open = door(mode, Limits::default()).await;
        let large = Full::new(Bytes::from(vec![b' '; open.body_limit() + 1]));
        let (kind, body_read) = refused(&open, "second.example", large).await;
        assert!(kind.starts_with("https://second.example/") && !body_read, "{mode:?} {kind}");
    }
}

#[tokio::test]
async fn a_request_has_its_place_until_it_has_gone_on() {
    let open = door(GateMode::Enforce, Limits { requests: 1, ..Limits::default() }).await;
    let body = || Full::new(Bytes::from_static(b"{}"));
    let (mut one, mut two) = (begin(&open), begin(&open));
    let mut request_one = request("first.example");
    let Ok(mut first) = judge(&open, &mut one, &mut request_one, body()).await else { panic!("it passes") };
    assert_eq!(first.request().body, "{}");
    assert_eq!(refused(&open, "first.example", body()).await.0, "https://first.example/gate.requests");
    drop(first);
    assert!(judge(&open, &mut two, &mut request("first.example"), body()).await.is_ok());
    assert_eq!((one.line().verdict.as_str(), one.line().request_bytes), ("allow", 2));
}

/// An exchange that is dropped before there is a verdict says so.
#[tokio::test]
async fn who_leaves_before_the_verdict_has_abandoned_the_request() {
    let open = door(GateMode::Enforce, Limits::default()).await;
    let mut exchange = begin(&open);
    let stalls = StreamBody::new(stream::pending::<std::io::Result<Frame<Bytes>>>());
    assert!(judge(&open, &mut exchange, &mut request("first.example"), stalls).now_or_never().is_none());
    assert_eq!(exchange.line().verdict, Outcome::default());
    assert_eq!(exchange.line().verdict.as_str(), "abandoned");
}
