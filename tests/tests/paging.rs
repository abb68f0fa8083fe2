//! A VNFM that lists its operation occurrences in pages, and names the next page as its
//! clients know it: every door reads the list to its end.

use std::net::SocketAddr;
use std::sync::Arc;

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
use tokio::runtime::Runtime;

const LIST: &str = "/vnflcm/v2/vnf_lcm_op_occs";
const BODY: &str = r#"{"terminationType":"FORCEFUL"}"#;
const NEXT: &str = "nextpage_opaque_marker=a+2%2B";
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

/// Has the VNFM list its occurrences in two pages.
fn script(vnfm: &Vnfm, name: &str, second: Reply) {
    vnfm.forget();
    vnfm.instance("i", "INSTANTIATED", &json!([]));
    let mut first = Reply::json(&json!([]));
    let name = name.replace("HERE", vnfm.url().trim_start_matches("http://"));
    first.fields.push(("Link", format!("<{name}?{NEXT}>; rel=\"next\"")));
    vnfm.reply("GET", LIST, first).reply("GET", &format!("{LIST}?{NEXT}"), second);
}

/// A door in front of a VNFM, to be asked for a termination.
type Door = Box<dyn Fn() -> Said>;

fn serve(vnfm: &Vnfm) -> Door {
    let gate = Serving::start(&["--log", "off", "--upstream", &vnfm.url()]);
    Box::new(move || {
        let _running = &gate;
        let answer = send(gate.address, &terminate("i", "FORCEFUL"));
        if answer.status == 202 { None } else { of(answer.status, &answer.body) }
    })
}

fn forward_auth(vnfm: &Vnfm) -> Door {
    let door = Serving::start_door("forward-auth", &["--log", "off", "--facts", &vnfm.url()]);
    Box::new(move || {
        let _running = &door;
        let length = format!("X-Original-Content-Length: {}", BODY.len());
        let target = format!("X-Forwarded-Uri: {TARGET}");
        let about = ["X-Forwarded-Method: POST", &target, "X-Forwarded-Host: vnfm.example", &length];
        let answer = send(door.address, &message("POST", "/", &[&HEAD[..], &about[..]].concat(), BODY));
        if answer.status == 200 { None } else { of(answer.status, &answer.body) }
    })
}

fn ext_authz(vnfm: &Vnfm) -> Door {
    let door = Serving::start_door("ext-authz", &["--log", "off", "--facts", &vnfm.url()]);
    let runtime = runtime();
    let client = runtime.block_on(AuthorizationClient::connect(format!("http://{}", door.address)));
    let client = client.expect("it listens");
    Box::new(move || {
        let _running = &door;
        let mut client = client.clone();
        let answer = runtime.block_on(client.check(check())).expect("it answers").into_inner();
        match answer.http_response.expect("it says what to do") {
            HttpResponse::OkResponse(_) => None,
            HttpResponse::DeniedResponse(denied) => {
                let status = denied.status.expect("it has a status").code;
                of(u16::try_from(status).expect("it is a status"), denied.body.as_bytes())
            }
            HttpResponse::ErrorResponse(error) => panic!("{error:?}"),
        }
    })
}

/// As Envoy asks.
fn check() -> CheckRequest {
    let field = |name: &str, value: &str| HeaderValue {
        key: name.to_owned(),
        value: String::new(),
        raw_value: value.as_bytes().to_vec(),
    };
    let mut headers = vec![field(":authority", "vnfm.example"), field("x-envoy-auth-partial-body", "false")];
    headers.extend(fields().map(|(name, value)| field(&name.to_ascii_lowercase(), value)));
    let http = HttpRequest {
        method: "POST".to_owned(),
        path: TARGET.to_owned(),
        header_map: Some(HeaderMap { headers }),
        raw_body: BODY.as_bytes().to_vec(),
        ..HttpRequest::default()
    };
    let request = Some(Attributes { http: Some(http), ..Attributes::default() });
    CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) }
}

fn library(vnfm: &Vnfm) -> Door {
    let facts = HttpFacts::builder(vnfm.url()).build().expect("its URL is good");
    let gate = Gate::new(vec![default_policy()], Arc::new(facts));
    let runtime = runtime();
    Box::new(move || {
        let fields: Vec<_> = fields().collect();
        let decision = runtime.block_on(gate.judge(&request("POST", TARGET, &fields, BODY.as_bytes())));
        match decision.verdict {
            Verdict::Allow => None,
            Verdict::Deny(problem) => Some((problem.status.as_u16(), problem.rule)),
        }
    })
}

fn fields() -> impl Iterator<Item = (&'static str, &'static str)> {
    HEAD.iter().filter_map(|line| line.split_once(": "))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts")
}

/// A program in C that puts the questions itself.
fn c_library(vnfm: &Vnfm) -> Door {
    let address: SocketAddr = vnfm.url().trim_start_matches("http://").parse().expect("an address");
    let gate = c::Gate::new("").expect("it needs no configuration");
    Box::new(move || {
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
                        assert!(evaluation.supply(index, &c::Reply { status, fields, body }));
                    }
                }
            }
        }
    })
}

fn doors(vnfm: &Vnfm) -> [(&'static str, Door); 5] {
    [
        ("serve", serve(vnfm)),
        ("ext-authz", ext_authz(vnfm)),
        ("forward-auth", forward_auth(vnfm)),
        ("the library", library(vnfm)),
        ("the C library", c_library(vnfm)),
    ]
}

#[test]
fn the_next_page_is_read_whatever_it_is_called() {
    let vnfm = Vnfm::start();
    let doors = doors(&vnfm);
    let open = json!([{"id": "o", "operation": "SCALE", "operationState": "PROCESSING", "vnfInstanceId": "i"}]);
    for name in NAMES {
        for (door, judge) in &doors {
            script(&vnfm, name, Reply::json(&open));
            let denied = Some((409, "terminate.state.in-progress".to_owned()));
            assert_eq!(judge(), denied, "{door}, <{name}?...>: what is on the second page counts");
            script(&vnfm, name, Reply::json(&json!([])));
            assert_eq!(judge(), None, "{door}, <{name}?...>: nothing is in progress");
        }
    }
    // A page that names itself, and one that is not there.
    let mut looping = Reply::json(&json!([]));
    looping.fields.push(("Link", format!("<{}?{NEXT}>; rel=next", NAMES[7])));
    for second in [looping, Reply::status(404)] {
        for (door, judge) in &doors {
            script(&vnfm, NAMES[6], second.clone());
            assert_eq!(judge(), Some((503, "gate.fact-unavailable".to_owned())), "{door}: {second:?}");
        }
    }
}
