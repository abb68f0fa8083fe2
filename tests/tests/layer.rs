//! The gate as a layer of Rust services.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use solgate::facts::MapFacts;
use solgate::gate::{Gate, Mode, Setting, Severity};
use solgate::layer::{GateLayer, JudgedBody};
use solgate::request::Caller;
use solgate_tests::default_policy;
use solgate_tests::doors::{self, Asked, library, transport};
use tower_layer::Layer;
use tower_service::Service;

const INSTANCES: &str = "/vnflcm/v2/vnf_instances";
const TERMINATE: &str = "/vnflcm/v2/vnf_instances/vnf-1/terminate";

/// A service that accepts everything and keeps what it got.
#[derive(Clone, Default)]
struct Vnfm(Arc<Mutex<Vec<(http::request::Parts, Bytes)>>>);

impl Service<Request<JudgedBody>> for Vnfm {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<JudgedBody>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let body = body.collect().now_or_never().expect("it is there").expect("it cannot fail").to_bytes();
        self.0.lock().unwrap().push((parts, body));
        ready(Ok(Response::builder().status(202).body(Full::default()).expect("it is an answer")))
    }
}

impl Vnfm {
    fn received(&self) -> Vec<(http::request::Parts, Bytes)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Puts a request through the layer.
fn ask(gate: Gate, vnfm: &Vnfm, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let mut service = GateLayer::new(Arc::new(gate)).layer(vnfm.clone());
    let answer = service.call(request).now_or_never().expect("nothing waits").expect("the service does not fail");
    let (parts, body) = answer.into_parts();
    let body = body.collect().now_or_never().expect("it is there").expect("it cannot fail").to_bytes();
    Response::from_parts(parts, body)
}

/// `None` if it cannot be a request of this library.
fn request(asked: &Asked) -> Option<Request<Full<Bytes>>> {
    let case = &asked.case;
    let mut request = Request::builder().method(case.method.as_str()).uri(&case.target);
    for (name, value) in &case.fields {
        request = request.header(name, value);
    }
    let mut request = request.body(Full::from(case.body.clone())).ok()?;
    // What `http` takes apart is no path and query any more.
    let target = request.uri().path_and_query().map(|target| target.as_str());
    if target != Some(case.target.as_str()) || request.uri().authority().is_some() {
        return None;
    }
    if let Some(caller) = &case.caller {
        request.extensions_mut().insert::<Caller>(caller.clone());
    }
    Some(request)
}

#[test]
fn it_answers_as_the_library_does_and_passes_requests_unchanged() {
    let corpus: Vec<Asked> = doors::of_the_bundle().into_iter().chain(transport::requests()).collect();
    let (mut passed, mut denied) = (0, 0);
    for asked in &corpus {
        let Some(request) = request(asked) else { continue };
        let case = &asked.case;
        let (gate, _) = library::gate(asked);
        let vnfm = Vnfm::default();
        let answer = ask(gate, &vnfm, request);
        let received = vnfm.received();
        match (library::judge(asked).0, received.as_slice()) {
            (Some(said), []) => {
                denied += 1;
                assert_eq!(library::said(&case.method, &answer), said, "{}", asked.label);
            }
            (None, [(parts, body)]) => {
                passed += 1;
                assert_eq!(parts.method.as_str(), case.method);
                assert_eq!(parts.uri.to_string(), case.target);
                let fields = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
                let mut fields: Vec<_> = fields.collect();
                let mut sent: Vec<_> = case.fields.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
                // Among different names the order means nothing.
                fields.sort_by_key(|(name, _)| *name);
                sent.sort_by_key(|(name, _)| *name);
                assert_eq!(fields, sent, "{}", asked.label);
                assert_eq!(body, &case.body, "{}", asked.label);
            }
            (said, received) => panic!("{}: {said:?}, and {} arrived", asked.label, received.len()),
        }
    }
    assert!(passed > 50 && denied > 150, "{passed} passed, {denied} were denied");
}

fn gate() -> Gate {
    let facts = serde_json::json!({
        "vnfInstance": {"id": "vnf-1", "instantiationState": "INSTANTIATED"},
        "openOps": [],
    });
    Gate::new(vec![default_policy()], Arc::new(MapFacts::from_value(&facts).expect("they are facts")))
}

fn plain(method: &str, target: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(target).header("version", "2.0.0");
    let request = request.header("accept", "application/json").header("content-type", "application/json");
    request.body(Full::from(body.into())).expect("it is a request")
}

#[test]
fn what_warns_is_in_the_answer() {
    let relaxed = vec![Setting::Severity { rule: "query.unknown".to_owned(), severity: Severity::Warn }];
    let gate = gate().with_settings(relaxed).expect("there is such a rule");
    let answer = ask(gate, &Vnfm::default(), plain("GET", &format!("{INSTANCES}?colour=red"), ""));
    assert_eq!(answer.status(), 202);
    let warnings: Vec<_> = answer.headers().get_all("warning").iter().collect();
    assert_eq!(warnings.len(), 1);
    let warning = warnings[0].to_str().expect("it is text");
    assert!(warning.starts_with("299 solgate \"query.unknown: ") && warning.contains("colour"), "{warning}");
}

/// Monitor mode lets a too long body pass the policy, but the rest of it was never
/// read: it cannot be handed on whole.
#[test]
fn a_body_that_was_not_read_to_its_end_is_not_handed_on() {
    let vnfm = Vnfm::default();
    let gate = gate().with_mode(Mode::Monitor);
    let answer = ask(gate, &vnfm, plain("POST", TERMINATE, vec![b' '; (1 << 20) + 1]));
    assert_eq!(answer.status(), 413);
    assert!(vnfm.received().is_empty());
}

#[test]
fn a_body_that_breaks_off_is_refused() {
    let gate = gate();
    let vnfm = Vnfm::default();
    let mut service = GateLayer::new(Arc::new(gate)).layer(vnfm.clone());
    let (parts, _) = plain("POST", TERMINATE, "").into_parts();
    let broken = futures_util::stream::iter([
        Ok(hyper::body::Frame::data(Bytes::from_static(b"{"))),
        Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
    ]);
    let request = Request::from_parts(parts, http_body_util::StreamBody::new(broken));
    let answer = service.call(request).now_or_never().expect("nothing waits").expect("the service does not fail");
    assert_eq!(answer.status(), 400);
    let body = answer.into_body().collect().now_or_never().expect("it is there").expect("it is whole").to_bytes();
    let problem: serde_json::Value = serde_json::from_slice(&body).expect("it is JSON");
    assert_eq!(problem["violations"][0]["rule"], "transport.body");
    assert!(vnfm.received().is_empty());
}

#[tokio::test]
async fn it_fits_into_axum() {
    let service = Router::new()
        .route(TERMINATE, any(async |body: String| (StatusCode::ACCEPTED, body)))
        .layer(GateLayer::new(Arc::new(gate())));
    let ask = |body: &'static str| {
        let (parts, _) = plain("POST", TERMINATE, "").into_parts();
        let mut service = service.clone();
        async move {
            let answer = service.call(Request::from_parts(parts, Body::from(body))).await.expect("it cannot fail");
            let status = answer.status();
            (status.as_u16(), answer.into_body().collect().await.expect("it is whole").to_bytes())
        }
    };
    let good = r#"{"terminationType":"FORCEFUL"}"#;
    assert_eq!(ask(good).await, (202, Bytes::from_static(good.as_bytes())));
    let (status, body) = ask(r#"{"terminationType":"soon"}"#).await;
    let problem: serde_json::Value = serde_json::from_slice(&body).expect("it is JSON");
    assert_eq!((status, &problem["violations"][0]["rule"]), (400, &"terminate.type.enum".into()));
}

/// It compiles: what a server of tonic wants of a layer.
#[tokio::test]
async fn it_fits_into_tonic() {
    let (_, health) = tonic_health::server::health_reporter();
    let layered = tonic::transport::Server::builder().layer(GateLayer::new(Arc::new(gate()))).add_service(health);
    drop(layered.serve("127.0.0.1:0".parse().expect("it is an address")));
}
