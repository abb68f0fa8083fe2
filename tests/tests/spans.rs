//! Spans of `solgate serve` and the other doors, as an OpenTelemetry collector gets
//! them; and the trace that a request belongs to, with and without them.

use std::process::Command;
use std::time::{Duration, Instant};

use envoy_types::ext_authz::v3::pb::CheckRequest;
use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use solgate_tests::collector::{Collected, Collector, SpanKind};
use solgate_tests::process::{Serving, free_address, lines as recorded, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, Reply, Vnfm, message, send};

const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const NOT_SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn target() -> String {
    format!("/vnflcm/v2/vnf_instances/{ID}/terminate")
}

fn terminate(fields: &[&str]) -> Vec<u8> {
    let all = [&["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"], fields].concat();
    message("POST", &target(), &all, r#"{"terminationType":"FORCEFUL"}"#)
}

fn vnfm() -> Vnfm {
    let vnfm = Vnfm::start();
    vnfm.instance(ID, "INSTANTIATED", &serde_json::json!([]));
    vnfm
}

/// The only span with this name.
fn only<'a>(spans: &'a [Collected], name: &str) -> &'a Collected {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    let [span] = found.as_slice() else { panic!("{name}: {spans:#?}") };
    span
}

#[test]
fn a_request_is_a_tree_of_spans_that_the_vnfm_continues() {
    let (vnfm, collector) = (vnfm(), Collector::start());
    let folder = tempfile::tempdir().expect("a folder");
    let records = folder.path().join("decisions.jsonl");
    let file = records.to_str().expect("it is text");
    let arguments = ["--upstream", &vnfm.url(), "--otlp", &collector.url(), "--decision-log", file];
    let (gate, mut lines) = Serving::start_with_log(&arguments);
    let request = terminate(&[
        &format!("traceparent: {SAMPLED}"),
        "tracestate: vendor=value",
        "Authorization: Bearer hunter2",
        "Cookie: hunter2",
        "X-Anything: hunter2",
    ]);
    assert_eq!(send(gate.address, &request).status, 202);
    let spans = collector.wait(1);

    let root = only(&spans, "POST terminate");
    assert_eq!((root.kind, root.trace.as_str(), root.parent.as_str()), (SpanKind::Server, TRACE, "00f067aa0ba902b7"));
    assert_eq!(root.service, "solgate");
    let wanted = [
        ("http.request.method", "POST"),
        ("http.response.status_code", "202"),
        ("url.path", &target()),
        ("client.address", "127.0.0.1"),
        ("solgate.api", "vnflcm/v2"),
        ("solgate.operation", "terminate"),
        ("solgate.resource", &format!("vnf_instances/{ID}")),
        ("solgate.verdict", "allow"),
    ];
    for (name, value) in wanted {
        assert_eq!(root.attribute(name), value, "{name}");
    }
    assert!(!root.is_error && !root.attributes.contains_key("solgate.rule"));

    // Everything else is a child of it, and lies within it.
    let mut children: Vec<(&str, SpanKind)> = Vec::new();
    for span in spans.iter().filter(|span| span.id != root.id) {
        assert_eq!((&span.trace, &span.parent), (&root.trace, &root.id), "{}", span.name);
        assert!(span.begun >= root.begun && span.ended <= root.ended && span.begun <= span.ended, "{span:?}");
        children.push((&span.name, span.kind));
    }
    children.sort_by_key(|(name, _)| *name);
    let expected = [
        ("POST", SpanKind::Client),
        ("evaluate", SpanKind::Internal),
        ("evaluate", SpanKind::Internal),
        ("fact openOps", SpanKind::Client),
        ("fact vnfInstance", SpanKind::Client),
        ("wait for turn", SpanKind::Internal),
    ];
    assert_eq!(children, expected);
    let upstream = only(&spans, "POST");
    let port = vnfm.url().rsplit(':').next().unwrap_or_default().to_owned();
    assert_eq!((upstream.attribute("server.address"), upstream.attribute("server.port")), ("127.0.0.1", port.as_str()));
    assert_eq!(upstream.attribute("http.response.status_code"), "202");
    let fact = only(&spans, "fact vnfInstance");
    assert_eq!((fact.attribute("solgate.fact.outcome"), fact.attribute("solgate.fact.cached")), ("found", "false"));

    // What reaches the VNFM was sent within the span that says so.
    let received = vnfm.received();
    for request in &received {
        let sent_in = match request.line.as_str() {
            line if line.starts_with("POST") => upstream,
            line if line.contains("vnf_instances") => fact,
            _ => only(&spans, "fact openOps"),
        };
        assert_eq!(request.field("traceparent"), Some(sent_in.context().as_str()), "{}", request.line);
        assert_eq!(request.field("tracestate"), Some("vendor=value"), "{}", request.line);
    }
    assert_eq!(received.len(), 3);

    let line = lines.next_line();
    assert_eq!((&line["traceId"], &line["id"]), (&TRACE.into(), &root.attribute("solgate.request").into()));
    assert!(!format!("{spans:?}").contains("hunter2"), "{spans:#?}");
    let record = recorded(&records, 1).concat();
    assert!(record.contains(&format!("\"traceId\":\"{TRACE}\"")), "{record}");
}

#[test]
fn refusals_and_faults_are_spans_too() {
    let (vnfm, collector) = (vnfm(), Collector::start());
    vnfm.reply("GET", &format!("/vnflcm/v2/vnf_instances/{ID}"), Reply::status(500));
    let gate = Serving::start(&["--log", "off", "--upstream", &vnfm.url(), "--otlp", &collector.url()]);
    let path = "/vnflcm/v2/subscriptions";
    assert_eq!(send(gate.address, &message("BREW", path, &["Version: 2.0.0"], "")).status, 405);
    assert_eq!(send(gate.address, &terminate(&[])).status, 503);
    let twice = ["Authorization: Bearer a", "Authorization: Bearer b"];
    assert_eq!(send(gate.address, &message("GET", path, &twice, "")).status, 400);
    let spans = collector.wait(3);
    let of_rule = |rule: &str| spans.iter().find(|span| span.attribute("solgate.rule") == rule).expect("it is there");
    let method = of_rule("route.method");
    assert_eq!((method.name.as_str(), method.attribute("http.request.method")), ("HTTP", "_OTHER"));
    assert_eq!((method.attribute("http.request.method_original"), method.is_error), ("BREW", false));
    assert_eq!(method.attribute("solgate.verdict"), "deny");
    let unavailable = only(&spans, "POST terminate");
    assert_eq!((unavailable.attribute("error.type"), unavailable.is_error), ("503", true));
    assert_eq!(unavailable.attribute("solgate.rule"), "gate.fact-unavailable");
    assert_eq!(only(&spans, "fact vnfInstance").attribute("solgate.fact.outcome"), "unavailable");
    assert_eq!(of_rule("transport.field.repeated").attribute("solgate.verdict"), "fault");
    assert!(spans.iter().all(|span| span.kind != SpanKind::Client || span.name.starts_with("fact ")), "none forwarded");
}

#[test]
fn a_part_of_the_requests_is_traced_and_the_callers_choice_is_kept() {
    let (vnfm, collector) = (vnfm(), Collector::start());
    let arguments = ["--upstream", &vnfm.url(), "--otlp", &collector.url(), "--trace-sample", "0"];
    let (gate, mut lines) = Serving::start_with_log(&arguments);
    // It belongs to no trace: a new one begins, which nobody looks at.
    assert_eq!(send(gate.address, &terminate(&["tracestate: old=1"])).status, 202);
    let received = vnfm.received();
    let trace = lines.next_line()["traceId"].as_str().expect("it is in a trace").to_owned();
    for request in &received {
        let parent = request.field("traceparent").expect("it is in a trace");
        assert!(parent.starts_with(&format!("00-{trace}-")) && parent.ends_with("-00"), "{parent}");
        assert_eq!(request.field("tracestate"), None);
    }
    // Its sender does not look at it: it is passed on as it came.
    assert_eq!(send(gate.address, &terminate(&[&format!("traceparent: {NOT_SAMPLED}")])).status, 202);
    for request in vnfm.received() {
        assert_eq!(request.field("traceparent"), Some(NOT_SAMPLED), "{}", request.line);
    }
    // Its sender does.
    assert_eq!(send(gate.address, &terminate(&[&format!("traceparent: {SAMPLED}")])).status, 202);
    let spans = collector.wait(1);
    assert!(spans.iter().all(|span| span.trace == TRACE), "{spans:#?}");
}

/// Names and values of header fields.
type Fields<'a> = [(&'a str, &'a str)];

/// Asks a door about a retry with these fields.
type Ask = fn(&Serving, &Fields<'_>);

/// A door that runs.
struct Door {
    name: &'static str,
    serving: Serving,
    ask: Ask,
}

/// A request whose verdict needs a fact.
const RETRY: &str = "/vnflcm/v2/vnf_lcm_op_occs/o1/retry";

fn serve(serving: &Serving, fields: &Fields<'_>) {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).chain(["Version: 2.0.0"]).collect();
    let _: Answer = send(serving.address, &message("POST", RETRY, &fields, ""));
}

fn forward_auth(serving: &Serving, fields: &Fields<'_>) {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let uri = format!("X-Forwarded-Uri: {RETRY}");
    let own = ["Version: 2.0.0", "X-Forwarded-Method: POST", &uri, "X-Forwarded-Host: h"];
    let fields: Vec<&str> = fields.iter().map(String::as_str).chain(own).collect();
    let _: Answer = send(serving.address, &message("GET", "/", &fields, ""));
}

fn ext_authz(serving: &Serving, fields: &Fields<'_>) {
    check(serving, fields, None);
}

/// As Envoy asks, within a span of its own if it says so.
fn check(serving: &Serving, fields: &Fields<'_>, asking: Option<&str>) {
    let fields = [(":authority", "h"), ("version", "2.0.0")].iter().chain(fields);
    let headers = fields.map(|(name, value)| HeaderValue {
        key: (*name).to_owned(),
        raw_value: value.as_bytes().to_vec(),
        ..HeaderValue::default()
    });
    let http = attribute_context::HttpRequest {
        method: "POST".to_owned(),
        path: RETRY.to_owned(),
        header_map: Some(HeaderMap { headers: headers.collect() }),
        ..attribute_context::HttpRequest::default()
    };
    let request = Some(attribute_context::Request { http: Some(http), ..attribute_context::Request::default() });
    let message = CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) };
    let mut message = tonic::Request::new(message);
    if let Some(asking) = asking {
        message.metadata_mut().insert("traceparent", asking.parse().expect("it is ASCII"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    runtime.block_on(async {
        let mut client = AuthorizationClient::connect(format!("http://{}", serving.address)).await.expect("it listens");
        client.check(message).await.expect("it answers");
    });
}

fn doors(vnfm: &Vnfm, more: &[&str]) -> [Door; 3] {
    let url = vnfm.url();
    let start = |name: &'static str, option: &str, ask: Ask| {
        let arguments = [&["--log", "off", option, &url], more].concat();
        Door { name, serving: Serving::start_door(name, &arguments), ask }
    };
    [
        start("serve", "--upstream", serve),
        start("forward-auth", "--facts", forward_auth),
        start("ext-authz", "--facts", ext_authz),
    ]
}

/// What the VNFM gets of a request's context, by way of every door, without spans and
/// with them.
#[test]
fn the_context_of_a_request_reaches_the_vnfm_through_every_door() {
    let good = ("traceparent", SAMPLED);
    let state = ("tracestate", "a=1,b=2");
    let later = format!("01-{TRACE}-00f067aa0ba902b7-01-more");
    // The fields, and whether they put the request into the trace.
    let table: [(&str, &Fields<'_>, bool); 10] = [
        ("none", &[], false),
        ("a parent", &[good], true),
        ("a parent and a state", &[good, state], true),
        ("a later version", &[("traceparent", &later), state], true),
        ("too short", &[("traceparent", "00-4bf92f-00f067aa0ba902b7-01"), state], false),
        ("all zero", &[("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"), state], false),
        ("upper case", &[("traceparent", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")], false),
        ("an invalid version", &[("traceparent", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")], false),
        ("two parents", &[good, good, state], false),
        ("a state alone", &[state], false),
    ];
    let vnfm = Vnfm::start();
    vnfm.occurrence("o1", "FAILED_TEMP");
    let collector = Collector::start();
    for Door { name, serving, ask } in doors(&vnfm, &[]) {
        for (label, fields, known) in &table {
            ask(&serving, fields);
            for request in vnfm.received() {
                let got = |field: &str| -> Vec<(String, String)> {
                    request.fields.iter().filter(|(have, _)| have == field).cloned().collect()
                };
                let sent = |field: &str| -> Vec<(String, String)> {
                    let sent = fields.iter().filter(|(have, _)| *have == field);
                    sent.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
                };
                // What is forwarded is what came; a fact is asked for in the trace, if there is one.
                let forwarded = request.line.starts_with("POST");
                for field in ["traceparent", "tracestate"] {
                    let expected = if forwarded || *known { sent(field) } else { Vec::new() };
                    assert_eq!(got(field), expected, "{name}, {label}: {}", request.line);
                }
            }
        }
    }
    let mut asked = 0;
    for Door { name, serving, ask } in doors(&vnfm, &["--otlp", &collector.url()]) {
        let before = collector.spans().len();
        let mut received = Vec::new();
        for (_, fields, _) in &table {
            ask(&serving, fields);
            received.push(vnfm.received());
        }
        asked += table.len();
        let spans = collector.wait(asked).split_off(before);
        let mut roots: Vec<_> = spans.iter().filter(|span| span.kind == SpanKind::Server).collect();
        roots.sort_by_key(|root| root.begun);
        for (((label, fields, known), root), received) in table.iter().zip(roots).zip(received) {
            assert_eq!(root.trace == TRACE, *known, "{name}, {label}");
            assert_eq!(root.parent, if *known { "00f067aa0ba902b7" } else { "" }, "{name}, {label}");
            assert_eq!(received.len(), if name == "serve" { 2 } else { 1 }, "{name}, {label}");
            for request in received {
                let parent = request.field("traceparent").expect("it is in a trace");
                let within = spans.iter().find(|span| span.context() == parent).expect("it is one of ours");
                assert_eq!((&within.parent, within.kind), (&root.id, SpanKind::Client), "{name}, {label}");
                let state = fields.iter().find(|(name, _)| *known && *name == "tracestate").map(|(_, value)| *value);
                assert_eq!(request.field("tracestate"), state, "{name}, {label}");
            }
        }
    }
}

/// Envoy asks within a span of its own.
#[test]
fn the_span_of_the_gateway_that_asks_comes_first() {
    let vnfm = Vnfm::start();
    vnfm.occurrence("o1", "FAILED_TEMP");
    let serving = Serving::start_door("ext-authz", &["--log", "off", "--facts", &vnfm.url()]);
    let asking = format!("00-{TRACE}-1111111111111111-01");
    check(&serving, &[("traceparent", SAMPLED), ("tracestate", "a=1")], Some(&asking));
    let received = vnfm.received();
    assert_eq!((received[0].field("traceparent"), received[0].field("tracestate")), (Some(asking.as_str()), None));
    check(&serving, &[("traceparent", SAMPLED)], Some("nonsense"));
    assert_eq!(vnfm.received()[0].field("traceparent"), Some(SAMPLED));
}

/// The value of a sample in the metrics.
fn sample(metrics: std::net::SocketAddr, name: &str) -> u64 {
    let text = String::from_utf8(send(metrics, &message("GET", "/metrics", &[], "")).body).expect("it is text");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("{name}: {text}"))
}

const FAILED: &str = "solgate_spans_total{outcome=\"failed\"}";
/// How long an end may take.
const PATIENCE: Duration = Duration::from_secs(20);

const DROPPED: &str = "solgate_spans_total{outcome=\"dropped\"}";
const EXPORTED: &str = "solgate_spans_total{outcome=\"exported\"}";

/// Tells a process to end, and waits until it has.
fn ends(gate: &Serving) {
    let status = Command::new("kill").args(["-TERM", &gate.pid().to_string()]).status().expect("kill runs");
    assert!(status.success());
    let patience = Instant::now() + PATIENCE;
    while std::fs::read_to_string(format!("/proc/{}/stat", gate.pid())).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(Instant::now() < patience, "it ends");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn spans_are_sent_when_the_gate_is_told_to_stop() {
    let (vnfm, collector) = (vnfm(), Collector::start());
    let (address, folder) = (free_address(), tempfile::tempdir().expect("a folder"));
    let mut command = solgate();
    command.args(["serve", "--log", "off", "--listen", &address.to_string()]);
    command.args(["--upstream", &vnfm.url(), "--otlp", &collector.url()]);
    let mut gate = Server::start(command, address, folder.path());
    for _ in 0..3 {
        assert_eq!(send(address, &terminate(&[])).status, 202);
    }
    gate.signal("TERM");
    let patience = Instant::now() + PATIENCE;
    while gate.is_running() {
        assert!(Instant::now() < patience, "it ends");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!gate.said().contains("not all spans were sent"), "{}", gate.said());
    assert_eq!(collector.spans().iter().filter(|span| span.kind == SpanKind::Server).count(), 3);
}

/// As an operator of OpenTelemetry's kind would set it.
#[test]
fn the_environment_names_collector_and_service() {
    let (vnfm, collector) = (vnfm(), Collector::start());
    let (address, folder) = (free_address(), tempfile::tempdir().expect("a folder"));
    let mut command = solgate();
    command.args(["serve", "--listen", &address.to_string(), "--upstream", &vnfm.url()]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()).env("OTEL_SERVICE_NAME", "gate-of-site-7");
    let _gate = Server::start(command, address, folder.path());
    assert_eq!(send(address, &terminate(&[])).status, 202);
    assert!(collector.wait(1).iter().all(|span| span.service == "gate-of-site-7"));
}

#[test]
fn a_collector_with_tls_is_one_whose_certificate_is_trusted() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let (certificate, key) = (signed.cert.pem(), signed.signing_key.serialize_pem());
    let (vnfm, collector) = (vnfm(), Collector::with_tls(&certificate, &key));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, certificate).expect("it is written");
    let url = format!("https://localhost:{}", collector.address.port());
    let arguments = ["--log", "off", "--upstream", &vnfm.url(), "--otlp", &url];
    let trusting = [&arguments[..], &["--otlp-ca", file.to_str().expect("it is text")]].concat();
    let gate = Serving::start(&trusting);
    assert_eq!(send(gate.address, &terminate(&[])).status, 202);
    let arrived = collector.wait(1).len();

    let admin = free_address().to_string();
    let gate = Serving::start(&[&arguments[..], &["--admin", &admin]].concat());
    assert_eq!(send(gate.address, &terminate(&[])).status, 202);
    let patience = Instant::now() + PATIENCE;
    while sample(admin.parse().expect("an address"), FAILED) == 0 {
        assert!(Instant::now() < patience, "it is noticed");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(collector.spans().len(), arrived, "nothing reaches one that is not trusted");
}

#[test]
fn a_collector_that_is_not_there_is_no_matter_for_requests() {
    let (vnfm, admin) = (vnfm(), free_address());
    let nobody = format!("http://{}", free_address());
    let arguments = ["--log", "off", "--upstream", &vnfm.url(), "--otlp", &nobody, "--admin", &admin.to_string()];
    let gate = Serving::start(&arguments);
    for _ in 0..20 {
        assert_eq!(send(gate.address, &terminate(&[])).status, 202);
    }
    let patience = Instant::now() + Duration::from_secs(30);
    while sample(admin, FAILED) == 0 {
        assert!(Instant::now() < patience, "it is noticed");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(sample(admin, EXPORTED), 0);
    assert_eq!(send(gate.address, &terminate(&[])).status, 202);
    ends(&gate);
}

#[test]
fn a_slow_collector_costs_spans_and_no_request() {
    let (vnfm, admin) = (vnfm(), free_address());
    let collector = Collector::slow(Duration::from_secs(3600));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let text = format!(
        "admin: {admin}\nlog: \"off\"\nlimits: {{ drain: 1s }}\ntracing: {{ otlp: \"{}\" }}\nupstreams:\n  - url: {}\n",
        collector.url(),
        vnfm.url()
    );
    std::fs::write(&file, text).expect("it is written");
    let gate = Serving::start(&["--config", file.to_str().expect("it is text")]);
    // Each makes two spans: itself, and an evaluation.
    let mut sent = 0;
    while sample(admin, DROPPED) == 0 {
        for _ in 0..500 {
            assert_eq!(send(gate.address, &message("GET", "/nowhere", &[], "")).status, 404);
        }
        sent += 500;
        assert!(sent < 10_000, "the queue has an end");
    }
    let left = Instant::now();
    ends(&gate);
    assert!(left.elapsed() < Duration::from_secs(15), "it does not wait for the collector");
}
