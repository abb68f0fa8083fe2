//! Facts from a VNFM over HTTP: what is sent, and what each answer means.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod broken;
mod lists;
mod sharing;
mod upstream;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource, FactTemplate, HttpFacts};

use upstream::{Upstream, answer};

pub const ROOT: &str = "/vnflcm/v2";
const OPEN: &str =
    "(eq,vnfInstanceId,{vnfInstanceId});(in,operationState,STARTING,PROCESSING,ROLLING_BACK,FAILED_TEMP)";

pub fn vnf_instance() -> FactTemplate {
    FactTemplate {
        name: "vnfInstance".into(),
        path: "/vnf_instances/{vnfInstanceId}".into(),
        query: vec![],
        plain_on_400: false,
        members: vec!["id".into(), "instantiationState".into()],
        list: false,
    }
}

pub fn open_ops() -> FactTemplate {
    FactTemplate {
        name: "openOps".into(),
        path: "/vnf_lcm_op_occs".into(),
        query: vec![("exclude_default".into(), None), ("filter".into(), Some(OPEN.into()))],
        plain_on_400: true,
        members: vec!["id".into(), "operationState".into()],
        list: true,
    }
}

/// Asks about the VNF instance `i1`.
pub async fn ask_as(facts: &HttpFacts, template: &FactTemplate, headers: &[(&str, &str)], fresh: bool) -> Fact {
    let headers: HeaderMap =
        headers.iter().map(|(n, v)| (n.parse::<HeaderName>().unwrap(), HeaderValue::from_str(v).unwrap())).collect();
    let variables = [("vnfInstanceId".to_owned(), "i1".to_owned())];
    let request = FactRequest { template, variables: &variables, api_root: ROOT, headers: &headers, fresh };
    facts.fetch(request).await
}

pub async fn ask(facts: &HttpFacts, template: &FactTemplate) -> FactAnswer {
    ask_as(facts, template, &[], false).await.answer
}

pub fn found(body: &str) -> FactAnswer {
    FactAnswer::Found { etag: None, body: body.to_owned().into() }
}

pub fn reason(answer: FactAnswer) -> String {
    match answer {
        FactAnswer::Unavailable(reason) => reason,
        other => panic!("expected no usable answer, got {other:?}"),
    }
}

#[tokio::test]
async fn every_status_has_its_meaning() {
    let unavailable = |reason: &str| FactAnswer::Unavailable(reason.into());
    let body = r#"{"id":"i1","instantiationState":"INSTANTIATED","vimConnectionInfo":{"password":"s3cret"}}"#;
    let kept = r#"{"id":"i1","instantiationState":"INSTANTIATED"}"#;
    let redirected =
        |s: u16| unavailable(&format!("the VNFM or NFVO answered with status {s}, and redirections are not followed"));
    let status = |s: u16| unavailable(&format!("the VNFM or NFVO answered with status {s}"));
    let table = [
        (200, vec![], body, found(kept)),
        (200, vec![("etag", "\"7\"")], body, FactAnswer::Found { etag: Some("\"7\"".into()), body: kept.into() }),
        (
            200,
            vec![("etag", "\"7\""), ("etag", "\"8\"")],
            body,
            unavailable("the answer has an ETag field that cannot be read"),
        ),
        (200, vec![("content-encoding", "identity")], body, found(kept)),
        (
            200,
            vec![("content-encoding", "gzip")],
            body,
            unavailable("the answer has a content coding, although none was asked for"),
        ),
        (200, vec![], "<html>", unavailable("the answer is not JSON (line 1, column 1)")),
        (200, vec![], "", unavailable("the answer is not JSON (line 1, column 0)")),
        (200, vec![], "[]", unavailable("the answer is not a JSON object")),
        (200, vec![], r#"{"id":"a","id":"b"}"#, unavailable("the answer has the member \"id\" twice")),
        (404, vec![], "{}", FactAnswer::Absent),
        (401, vec![], "{}", FactAnswer::Withheld),
        (403, vec![], "{}", FactAnswer::Withheld),
        (201, vec![], body, status(201)),
        (204, vec![], "", status(204)),
        (206, vec![], body, status(206)),
        (301, vec![("location", "/elsewhere")], "", redirected(301)),
        (307, vec![("location", "/elsewhere")], "", redirected(307)),
        (400, vec![], "{}", status(400)),
        (410, vec![], "{}", status(410)),
        (429, vec![("retry-after", "1")], "{}", status(429)),
        (500, vec![], "{}", status(500)),
        (503, vec![], "{}", status(503)),
    ];
    for (status, fields, body, expected) in table {
        let case = format!("{status} {fields:?} {body}");
        let upstream = Upstream::start(move |_| answer(status, &fields, body)).await;
        let facts = HttpFacts::builder(&upstream.url).build().unwrap();
        assert_eq!(ask(&facts, &vnf_instance()).await, expected, "{case}");
        assert_eq!(upstream.targets(), ["/vnflcm/v2/vnf_instances/i1"], "{case}");
    }
}

#[tokio::test]
async fn sends_a_plain_get_with_the_callers_credentials() {
    let upstream = Upstream::start(|_| answer(200, &[], "{}")).await;
    let facts = HttpFacts::builder(format!("{}/tacker/", upstream.url)).build().unwrap();
    let judged = [
        ("authorization", "Bearer t1"),
        ("x-auth-token", "t2"),
        ("x-hm-authorization", "t3"),
        ("cookie", "c"),
        ("version", "2.1.0"),
        ("accept", "text/html"),
        ("if-match", "\"1\""),
        ("content-length", "12"),
        ("host", "gate.example"),
    ];
    ask_as(&facts, &vnf_instance(), &judged, false).await;
    let seen = upstream.seen().remove(0);
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/tacker/vnflcm/v2/vnf_instances/i1"));
    let mut fields: Vec<_> = seen.headers.iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "accept-encoding: identity".to_owned(),
            "accept: application/json".to_owned(),
            "authorization: Bearer t1".to_owned(),
            format!("host: {}", upstream.url.trim_start_matches("http://")),
            format!("user-agent: solgate/{}", env!("CARGO_PKG_VERSION")),
            "version: 2.1.0".to_owned(),
            "x-auth-token: t2".to_owned(),
            "x-hm-authorization: t3".to_owned(),
        ]
    );
}

#[tokio::test]
async fn the_version_field_falls_back_to_the_default() {
    let upstream = Upstream::start(|_| answer(200, &[], "{}")).await;
    let facts = HttpFacts::builder(&upstream.url).default_version("1.3.0").build().unwrap();
    for (judged, sent) in [(None, "1.3.0"), (Some("2.0.0"), "2.0.0"), (Some("two"), "1.3.0"), (Some("2.0"), "1.3.0")] {
        let headers: Vec<_> = judged.map(|version| ("version", version)).into_iter().collect();
        ask_as(&facts, &vnf_instance(), &headers, false).await;
        assert_eq!(upstream.seen().last().unwrap().headers["version"], sent, "{judged:?}");
    }
}

#[tokio::test]
async fn an_own_account_replaces_the_callers_and_is_never_printed() {
    let upstream = Upstream::start(|seen| {
        let known = seen.headers["authorization"] == "Bearer own-s3cret" && !seen.headers.contains_key("x-auth-token");
        answer(if known { 403 } else { 500 }, &[], "{}")
    })
    .await;
    let builder = HttpFacts::builder(&upstream.url)
        .own_account(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer own-s3cret"));
    assert!(!format!("{builder:?}").contains("s3cret"));
    let facts = builder.build().unwrap();
    assert!(!format!("{facts:?}").contains("s3cret"));
    let judged = [("authorization", "Bearer caller"), ("x-auth-token", "t")];
    let refused = ask_as(&facts, &vnf_instance(), &judged, false).await.answer;
    assert_eq!(reason(refused), "the VNFM or NFVO refuses the gate's own account with status 403");
}

#[tokio::test]
async fn a_slow_or_unreachable_vnfm_is_unavailable() {
    let slow = Upstream::start_held(|_| answer(200, &[], "{}")).await;
    let facts = HttpFacts::builder(&slow.url).timeout(Duration::from_millis(30)).build().unwrap();
    assert_eq!(reason(ask(&facts, &vnf_instance()).await), "the VNFM or NFVO did not answer within 30ms");

    let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let facts = HttpFacts::builder(format!("http://{unused}")).build().unwrap();
    assert_eq!(reason(ask(&facts, &vnf_instance()).await), "the VNFM or NFVO cannot be reached: connection refused");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    for status in [200, 404, 503] {
        let upstream = Upstream::start(move |_| answer(status, &[], "{}")).await;
        let facts = HttpFacts::builder(&upstream.url).build().unwrap();
        for _ in 0..3 {
            ask(&facts, &vnf_instance()).await;
        }
        assert_eq!((upstream.seen().len(), upstream.connections()), (3, 1), "{status}");
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_put_is_not_sent() {
    let upstream = Upstream::start(|_| answer(200, &[], "{}")).await;
    let facts = HttpFacts::builder(&upstream.url).build().unwrap();
    let template = FactTemplate { path: "/vnf_instances/{other}".into(), ..vnf_instance() };
    assert_eq!(
        reason(ask(&facts, &template).await),
        "the template of the fact names the variable \"other\", which has no value"
    );
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_base_url_is_checked_and_not_repeated() {
    for url in [
        "vnfm",
        "ftp://vnfm",
        "http://",
        "http://user:s3cret@vnfm",
        "http://vnfm/?x=1",
        "http://vnfm/a/../b",
        "http://vnfm//a",
    ] {
        let error = HttpFacts::builder(url).build().unwrap_err().to_string();
        assert!(error.starts_with("the URL of the VNFM is not a base URL: expected http:// or https://"), "{error}");
        assert!(!error.contains("s3cret"));
    }
    let error = HttpFacts::builder("http://vnfm").default_version("two").build().unwrap_err().to_string();
    assert_eq!(error, "the default of the Version field is \"two\": expected MAJOR.MINOR.PATCH, such as 2.0.0");
}
