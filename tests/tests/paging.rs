//! A VNFM that lists its operation occurrences in pages, and names the next page as its
//! clients know it: every door reads the list to its end.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use envoy_types::ext_authz::v3::pb::{CheckRequest, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request as Attributes};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use serde_json::{Value, json};
use solgate::facts::HttpFacts;
use solgate::gate::{Gate, Verdict};
use solgate_embedding as c;
use solgate_tests::minimal::{HEAD, terminate};
use solgate_tests::process::Serving;
use solgate_tests::vnfm::{Answer, Reply, Vnfm, message, send};
use solgate_tests::{default_policy, request};

const LIST: &str = "/vnflcm/v2/vnf_lcm_op_occs";
const BODY: &str = r#"{"terminationType":"FORCEFUL"}"#;
const TARGET: &str = "/vnflcm/v2/vnf_instances/i/terminate";

/// What the VNFM says before the query of the next page.
const NAMES: [&str; 12] = [
    "",
    "vnf_lcm_op_occs",
    LIST,
    "http://HERE/vnflcm/v2/vnf_lcm_op_occs",
    "http://localhost:9890/vnflcm/v2/vnf_lcm_op_occs",
    "https://HERE/vnflcm/v2/vnf_lcm_op_occs",
    "https://vnfm.operator.example/vnflcm/v2/vnf_lcm_op_occs",
    "https://vnfm.operator.example:8443/nfv/vnflcm/v2/vnf_lcm_op_occs",
    "http://[2001:db8::1]:9890/vnflcm/v2/vnf_lcm_op_occs",
    "//vnfm.operator.example/vnflcm/v2/vnf_lcm_op_occs",
    "/nfv/vnflcm/v2/vnf_lcm_op_occs",
    "https://vnfm.operator.example/lcm/occurrences",
];

/// Status and rule of a denial; `None` if the request is allowed.
type Said = Option<(u16, String)>;

fn of(status: u16, body: &[u8]) -> Said {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    Some((status, problem["violations"][0]["rule"].as_str().unwrap_or_default().to_owned()))
}

/// A VNFM whose list has a second page.
fn vnfm(name: &str, second: &Reply) -> Vnfm {
    let vnfm = Vnfm::start();
    vnfm.instance("i", "INSTANTIATED", &json!([]));
    let mut first = Reply::json(&json!([]));
    let name = name.replace("HERE", vnfm.url().trim_start_matches("http://"));
    first.fields.push(("Link", format!("<{name}?nextpage_opaque_marker=a+2%2B>; rel=\"next\"")));
    vnfm.reply("GET", LIST, first);
    vnfm.reply("GET", &format!("{LIST}?nextpage_opaque_marker=a+2%2B"), second.clone());
    vnfm
}

fn by_serve(vnfm: &Vnfm) -> Said {
    let gate = Serving::start(&["--log", "off", "--upstream", &vnfm.url()]);
    let answer = send(gate.address, &terminate("i", "FORCEFUL"));
    if answer.status == 202 { None } else { of(answer.status, &answer.body) }
}

fn by_forward_auth(vnfm: &Vnfm) -> Said {
    let door = Serving::start_door("forward-auth", &["--log", "off", "--facts", &vnfm.url()]);
    let length = format!("X-Original-Content-Length: {}", BODY.len());
    let target = format!("X-Forwarded-Uri: {TARGET}");
    let about = ["X-Forwarded-Method: POST", &target, "X-Forwarded-Host: vnfm.example", &length];
    let answer = send(door.address, &message("POST", "/", &[&HEAD[..], &about[..]].concat(), BODY));
    if answer.status == 200 { None } else { of(answer.status, &answer.body) }
}

fn by_ext_authz(vnfm: &Vnfm) -> Said {
    let door = Serving::start_door("ext-authz", &["--log", "off", "--facts", &vnfm.url()]);
    let field = |name: &str, value: &str| HeaderValue {
        key: name.to_owned(),
        value: String::new(),
        raw_value: value.as_bytes().to_vec(),
    };
    let mut headers = vec![field(":authority", "vnfm.example"), field("x-envoy-auth-partial-body", "false")];
    headers.extend(
        HEAD.iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| field(&name.to_ascii_lowercase(), value)),
    );
    let http = HttpRequest {
        method: "POST".to_owned(),
        path: TARGET.to_owned(),
        header_map: Some(HeaderMap { headers }),
        raw_body: BODY.as_bytes().to_vec(),
        ..HttpRequest::default()
    };
    let attributes = Some(Attributes { http: Some(http), ..Attributes::default() });
    let check = CheckRequest { attributes: Some(AttributeContext { request: attributes, ..Default::default() }) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let answer = runtime.block_on(async {
        let client = AuthorizationClient::connect(format!("http://{}", door.address)).await;
        client.expect("it listens").check(check).await.expect("it answers").into_inner()
    });
    match answer.http_response.expect("it says what to do") {
        HttpResponse::OkResponse(_) => None,
        HttpResponse::DeniedResponse(denied) => {
            let status = denied.status.expect("it has a status").code;
            of(u16::try_from(status).expect("it is a status"), denied.body.as_bytes())
        }
        HttpResponse::ErrorResponse(error) => panic!("{error:?}"),
    }
}

fn by_the_library(vnfm: &Vnfm) -> Said {
    let facts = HttpFacts::builder(vnfm.url()).build().expect("its URL is good");
    let gate = Gate::new(vec![default_policy()], Arc::new(facts));
    let fields: Vec<_> = HEAD.iter().filter_map(|line| line.split_once(": ")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let decision = runtime.block_on(gate.judge(&request("POST", TARGET, &fields, BODY.as_bytes())));
    match decision.verdict {
        Verdict::Allow => None,
        Verdict::Deny(problem) => Some((problem.status.as_u16(), problem.rule)),
    }
}

/// A program in C that puts the questions itself.
fn by_the_c_library(vnfm: &Vnfm) -> Said {
    let address: SocketAddr = vnfm.url().trim_start_matches("http://").parse().expect("an address");
    // It has no cache, and compiles its policy.
    static GATE: OnceLock<c::Gate> = OnceLock::new();
    let gate = GATE.get_or_init(|| c::Gate::new("").expect("it needs no configuration"));
    let mut evaluation = gate.evaluation(&c::Request::new("POST", TARGET).json(BODY));
    loop {
        match evaluation.evaluate() {
            c::Step::Allow => return None,
            c::Step::Deny => {
                let answer = evaluation.answer().expect("there is an answer");
                return of(answer.status, &answer.body);
            }
            c::Step::Need(questions) => {
                for (index, question) in questions.iter().enumerate() {
                    let Answer { status, fields, body } = send(address, &message("GET", &question.target, &[], ""));
                    let reply = c::Reply { status, fields: fields.into_iter().collect(), body };
                    assert!(evaluation.supply(index, &reply));
                }
            }
        }
    }
}

type Door = (&'static str, fn(&Vnfm) -> Said);

const DOORS: [Door; 5] = [
    ("serve", by_serve),
    ("ext-authz", by_ext_authz),
    ("forward-auth", by_forward_auth),
    ("the library", by_the_library),
    ("the C library", by_the_c_library),
];

#[test]
fn the_next_page_is_read_whatever_it_is_called() {
    let open = json!([{"id": "o", "operation": "SCALE", "operationState": "PROCESSING", "vnfInstanceId": "i"}]);
    let (idle, busy) = (Reply::json(&json!([])), Reply::json(&open));
    for (door, judge) in DOORS {
        for name in NAMES {
            let page = vnfm(name, &busy);
            let denied = Some((409, "terminate.state.in-progress".to_owned()));
            assert_eq!(judge(&page), denied, "{door}, <{name}?...>: what is on the second page counts");
        }
        assert_eq!(judge(&vnfm(NAMES[6], &idle)), None, "{door}: nothing is in progress");
    }
}

#[test]
fn a_list_without_an_end_is_no_fact() {
    let looping = |name: &str| {
        let mut reply = Reply::json(&json!([]));
        reply.fields.push(("Link", format!("<{name}?nextpage_opaque_marker=a+2%2B>; rel=next")));
        reply
    };
    let unavailable = Some((503, "gate.fact-unavailable".to_owned()));
    for (door, judge) in DOORS {
        assert_eq!(judge(&vnfm(NAMES[6], &looping(NAMES[7]))), unavailable, "{door}: a page that names itself");
        assert_eq!(judge(&vnfm(NAMES[6], &Reply::status(404))), unavailable, "{door}: a page that is not there");
    }
}
