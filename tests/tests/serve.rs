//! `solgate serve` with the default policy between a client and a scripted VNFM.

use solgate_tests::process::{Serving, free_address};
use solgate_tests::vnfm::{Reply, Vnfm, message, send};

const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";
const HEAD: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];

fn terminate(body: &str) -> Vec<u8> {
    message("POST", &format!("/vnflcm/v2/vnf_instances/{ID}/terminate"), &HEAD, body)
}

fn gateway(arguments: &[&str]) -> (Vnfm, Serving) {
    let vnfm = Vnfm::start();
    vnfm.instance(ID, "INSTANTIATED", &serde_json::json!([]));
    let url = vnfm.url();
    let mut all = vec!["--upstream", url.as_str()];
    all.extend(arguments);
    let serving = Serving::start(&all);
    (vnfm, serving)
}

#[test]
fn a_request_that_is_wrong_in_itself_costs_the_vnfm_nothing() {
    let (vnfm, gate) = gateway(&[]);
    let cases = [
        (terminate(r#"{"terminationType":"NOW"}"#), 400, "terminate.type.enum"),
        (terminate(r#"{"terminationType":"FORCEFUL","#), 400, "body.json.malformed"),
        (terminate(""), 400, "body.required"),
        (
            message("POST", &format!("/vnflcm/v2/vnf_instances/{ID}/terminate"), &HEAD[1..], "{}"),
            400,
            "header.version.required",
        ),
        (
            message("POST", &format!("/vnflcm/v2/vnf_lcm_op_occs/{ID}/retry"), &["Version: 1.0.0"], ""),
            406,
            "header.version.supported",
        ),
        (message("PUT", "/vnflcm/v2/subscriptions", &HEAD, "{}"), 405, "route.method"),
        (message("POST", "/vnflcm/v2/nothing", &HEAD, "{}"), 404, "route.unknown"),
        (
            message("POST", "/vnflcm/v2/subscriptions", &HEAD, r#"{"callbackUri":"nowhere"}"#),
            400,
            "subscribe.callbackUri.uri",
        ),
        // What the transport refuses is answered in the same form.
        (
            message("GET", "/vnflcm/v2/subscriptions", &["Authorization: Bearer a", "Authorization: Bearer b"], ""),
            400,
            "transport.field.repeated",
        ),
        (
            message("POST", "/vnflcm/v2/subscriptions", &["X-HTTP-Method-Override: DELETE"], "{}"),
            400,
            "transport.method-override",
        ),
    ];
    for (request, status, rule) in cases {
        let answer = send(gate.address, &request);
        assert_eq!(answer.status, status, "{rule}");
        assert!(answer.rules().contains(&rule.to_owned()), "{rule}: {:?}", answer.rules());
        assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{rule}");
        assert_eq!(answer.field("version"), Some("2.0.0"), "{rule}");
        assert_eq!(answer.json()["status"], status, "{rule}");
        assert_eq!(vnfm.received(), [], "{rule}");
    }
}

#[test]
fn a_denial_that_state_decides_costs_the_facts_and_is_not_dispatched() {
    let (vnfm, gate) = gateway(&[]);
    vnfm.instance(ID, "NOT_INSTANTIATED", &serde_json::json!([]));
    let answer = send(gate.address, &terminate(r#"{"terminationType":"FORCEFUL"}"#));
    assert_eq!((answer.status, answer.rules()), (409, vec!["terminate.state.instantiated".to_owned()]));
    let mut lines: Vec<String> = vnfm.received().into_iter().map(|request| request.line).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            format!("GET /vnflcm/v2/vnf_instances/{ID} HTTP/1.1"),
            format!(
                "GET /vnflcm/v2/vnf_lcm_op_occs?exclude_default&filter=(eq,vnfInstanceId,{ID})%3B(in,operationState,STARTING,PROCESSING,ROLLING_BACK,FAILED_TEMP) HTTP/1.1"
            ),
        ]
    );

    for state in ["STARTING", "PROCESSING", "COMPLETED", "FAILED", "ROLLING_BACK", "ROLLED_BACK"] {
        vnfm.occurrence("o1", state);
        let answer =
            send(gate.address, &message("POST", "/vnflcm/v2/vnf_lcm_op_occs/o1/retry", &["Version: 2.0.0"], ""));
        assert_eq!((answer.status, answer.rules()), (409, vec!["retry.state.failed-temp".to_owned()]), "{state}");
        let received = vnfm.received();
        assert!(received.iter().all(|request| request.line.starts_with("GET ")), "{state}: {received:?}");
        assert_eq!(received.len(), 1, "{state}");
    }
}

#[test]
fn an_allowed_request_arrives_as_it_was_sent() {
    let (vnfm, gate) = gateway(&[]);
    let body = " {\"terminationType\" : \"GRACEFUL\",\r\n \"gracefulTerminationTimeout\":10.0, \"x\":\"\\u00e4\" }\n";
    let fields = [
        "Version: 2.0.0",
        "Accept: application/json, */*;q=0.1",
        "Content-Type: application/json;charset=UTF-8",
        "X-Repeated: b",
        "X-Repeated: a",
        "Authorization: Bearer abc",
        "Cookie: a=b",
        "Priority: u=3",
    ];
    let request = message("POST", &format!("/vnflcm/v2/vnf%5Finstances/{ID}/%74erminate"), &fields, body);
    let answer = send(gate.address, &request);
    assert_eq!(answer.status, 202);
    assert_eq!(answer.field("location"), Some("http://vnfm.example/vnflcm/v2/vnf_lcm_op_occs/1"));
    assert_eq!(answer.field("version"), Some("2.0.0"));

    let dispatched: Vec<_> = vnfm.received().into_iter().filter(|request| request.line.starts_with("POST")).collect();
    let [arrived] = dispatched.as_slice() else { panic!("{dispatched:?}") };
    assert_eq!(arrived.line, format!("POST /vnflcm/v2/vnf%5Finstances/{ID}/%74erminate HTTP/1.1"));
    assert_eq!(arrived.body, body.as_bytes());
    let sent = |name: &str| -> Vec<String> {
        fields
            .iter()
            .filter_map(|field| field.split_once(": "))
            .filter(|(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .collect()
    };
    for name in ["version", "accept", "content-type", "x-repeated", "authorization", "cookie", "priority"] {
        let got: Vec<String> =
            arrived.fields.iter().filter(|(have, _)| have == name).map(|(_, value)| value.clone()).collect();
        assert_eq!(got, sent(name), "{name}");
    }
    assert_eq!(arrived.field("host"), Some("vnfm.example"));
    let others: Vec<&str> = arrived
        .fields
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !["host", "content-length", "connection", "via"].contains(name) && sent(name).is_empty())
        .collect();
    assert_eq!(others, [""; 0], "fields that the client did not send");
}

#[test]
fn facts_carry_the_callers_credentials() {
    let (vnfm, gate) = gateway(&[]);
    let fields = [HEAD[0], HEAD[1], HEAD[2], "Authorization: Bearer abc", "X-Auth-Token: t"];
    let request = message(
        "POST",
        &format!("/vnflcm/v2/vnf_instances/{ID}/terminate"),
        &fields,
        r#"{"terminationType":"FORCEFUL"}"#,
    );
    assert_eq!(send(gate.address, &request).status, 202);
    let facts: Vec<_> = vnfm.received().into_iter().filter(|request| request.line.starts_with("GET")).collect();
    assert_eq!(facts.len(), 2);
    for fact in facts {
        assert_eq!((fact.field("authorization"), fact.field("x-auth-token")), (Some("Bearer abc"), Some("t")));
        assert_eq!((fact.field("version"), fact.field("accept")), (Some("2.0.0"), Some("application/json")));
    }
}

#[test]
fn what_the_vnfm_says_to_a_fact_decides() {
    let (vnfm, gate) = gateway(&[]);
    let path = format!("/vnflcm/v2/vnf_instances/{ID}");
    let request = terminate(r#"{"terminationType":"FORCEFUL"}"#);
    for (reply, status, rule) in [
        (Reply::status(404), 404, "resource.vnf-instance.exists"),
        (Reply::status(500), 503, "gate.fact-unavailable"),
        (Reply::status(302), 503, "gate.fact-unavailable"),
        (Reply { status: 200, fields: vec![], body: "<html>".to_owned() }, 503, "gate.fact-unavailable"),
    ] {
        let answered = reply.status;
        vnfm.reply("GET", &path, reply);
        let answer = send(gate.address, &request);
        assert_eq!((answer.status, answer.rules()), (status, vec![rule.to_owned()]), "{answered}");
        assert_eq!(answer.field("retry-after").is_some(), status == 503, "{answered}");
        assert!(vnfm.received().iter().all(|request| request.line.starts_with("GET")), "{answered}");
    }
    // The caller may not read the instance: the VNFM judges.
    for withheld in [401, 403] {
        vnfm.reply("GET", &path, Reply::status(withheld));
        assert_eq!(send(gate.address, &request).status, 202, "{withheld}");
        assert!(vnfm.received().iter().any(|request| request.line.starts_with("POST")), "{withheld}");
    }
    // A VNFM that refuses the filter is asked without it, and its items are checked.
    vnfm.instance(ID, "INSTANTIATED", &serde_json::json!([]));
    vnfm.reply(
        "GET",
        "/vnflcm/v2/vnf_lcm_op_occs",
        Reply::json(&serde_json::json!([
            {"id": "o1", "vnfInstanceId": "another", "operationState": "PROCESSING", "operation": "SCALE"},
            {"id": "o2", "vnfInstanceId": ID, "operationState": "COMPLETED", "operation": "SCALE"},
        ])),
    );
    assert_eq!(send(gate.address, &request).status, 202);
}

#[test]
fn one_rule_is_relaxed_by_configuration_alone() {
    let wrong = terminate(r#"{"terminationType":"NOW"}"#);
    let (vnfm, gate) = gateway(&["--severity", "terminate.type.enum=warn"]);
    assert_eq!(send(gate.address, &wrong).status, 202);
    assert_eq!(vnfm.received().iter().filter(|request| request.line.starts_with("POST")).count(), 1);
    let other = send(gate.address, &terminate(r#"{"terminationType":"NOW","gracefulTerminationTimeout":"x"}"#));
    assert_eq!(
        (other.status, other.rules()),
        (400, vec!["terminate.timeout.type".to_owned()]),
        "the others still hold"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let upstream = Vnfm::start();
    upstream.instance(ID, "INSTANTIATED", &serde_json::json!([]));
    std::fs::write(&file, format!(
        "upstreams:\n  - url: {}\n    severity:\n      terminate.type.enum:\n        severity: warn\n        reason: the NFVO sends NOW until its next release\n",
        upstream.url(),
    )).expect("it is written");
    let gate = Serving::start(&["--config", file.to_str().expect("it is text")]);
    assert_eq!(send(gate.address, &wrong).status, 202);
    assert_eq!(upstream.received().iter().filter(|request| request.line.starts_with("POST")).count(), 1);
}

#[test]
fn monitor_mode_lets_everything_pass() {
    let (vnfm, gate) = gateway(&["--mode", "monitor"]);
    let wrong = [
        terminate(r#"{"terminationType":"NOW"}"#),
        terminate("{"),
        message("POST", &format!("/vnflcm/v2/vnf_instances/{ID}/terminate"), &[], "{}"),
        message("BREW", "/coffee", &[], ""),
    ];
    for request in wrong {
        assert_eq!(send(gate.address, &request).status, 202, "{}", String::from_utf8_lossy(&request));
        let dispatched = vnfm.received().into_iter().filter(|request| !request.line.starts_with("GET ")).count();
        assert_eq!(dispatched, 1);
    }
}

#[test]
fn a_gate_that_is_off_judges_nothing_and_says_so() {
    let vnfm = Vnfm::start();
    let admin = free_address();
    let (serving, mut log) =
        Serving::start_with_log(&["--upstream", &vnfm.url(), "--mode", "off", "--admin", &admin.to_string()]);
    for request in [terminate(r#"{"terminationType":"NOW"}"#), terminate("{"), message("BREW", "/coffee", &[], "")] {
        assert_eq!(send(serving.address, &request).status, 202, "{}", String::from_utf8_lossy(&request));
        assert_eq!(vnfm.received().len(), 1, "it is forwarded, and nothing is asked");
        let line = log.next_line();
        assert_eq!((&line["verdict"], &line["status"]), (&"unjudged".into(), &202.into()), "{line}");
        assert_eq!((&line["policies"], line.get("findings")), (&serde_json::json!([]), None), "{line}");
        let about = line["operation"].as_str().map(|_| format!("vnf_instances/{ID}"));
        assert_eq!(line.get("resource").and_then(|resource| resource.as_str()), about.as_deref(), "{line}");
    }
    // What two parsers could read differently is still refused.
    let override_method = message("POST", "/vnflcm/v2/subscriptions", &["X-HTTP-Method-Override: DELETE"], "{}");
    let answer = send(serving.address, &override_method);
    assert_eq!((answer.status, answer.rules()), (400, vec!["transport.method-override".to_owned()]));
    assert_eq!(log.next_line()["verdict"], "fault");
    // And so is what is larger than what the proxy holds in memory.
    let answer = send(serving.address, &terminate(&" ".repeat(2 << 20)));
    assert_eq!((answer.status, answer.rules()), (413, vec!["transport.body.size".to_owned()]));
    assert_eq!(vnfm.received(), []);

    let metrics = String::from_utf8(send(admin, &message("GET", "/metrics", &[], "")).body).expect("it is text");
    let (url, unjudged) =
        (vnfm.url(), "api=\"vnflcm/v2\",operation=\"terminate\",status=\"202\",verdict=\"unjudged\",rule=\"\"");
    let upstream = url.trim_start_matches("http://");
    for wanted in [
        format!("solgate_requests_total{{upstream=\"{upstream}\",{unjudged}}} 2"),
        format!("solgate_gate_mode{{upstream=\"{upstream}\",mode=\"off\"}} 1"),
        "solgate_evaluation_seconds_count 0".to_owned(),
    ] {
        assert!(metrics.contains(&wanted), "{wanted}: {metrics}");
    }
}

#[test]
fn a_vnfm_that_is_down_is_a_problem_with_retry_after() {
    let gone = solgate_tests::process::free_address();
    let gate = Serving::start(&["--upstream", &format!("http://{gone}")]);
    let subscribe = message("POST", "/vnflcm/v2/subscriptions", &HEAD, r#"{"callbackUri":"http://nfvo.example/cb"}"#);
    let answer = send(gate.address, &subscribe);
    assert_eq!((answer.status, answer.rules()), (503, vec!["upstream.unreachable".to_owned()]));
    assert!(answer.field("retry-after").is_some());
    let answer = send(gate.address, &terminate(r#"{"terminationType":"FORCEFUL"}"#));
    assert_eq!((answer.status, answer.rules()), (503, vec!["gate.fact-unavailable".to_owned()]));
}

#[test]
fn a_policy_that_misbehaves_costs_one_request_and_the_server_lives_on() {
    let module = std::fs::read(solgate_tests::artifact("hostile.wasm")).expect("it is readable");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("hostile.wasm");
    std::fs::write(&file, solgate_bundle::bake::encode(&module).expect("it is a component")).expect("it is written");
    let vnfm = Vnfm::start();
    let gate = Serving::start(&["--upstream", &vnfm.url(), "--policy", file.to_str().expect("it is text")]);
    for (path, status, rule) in [
        ("loop", 503, "gate.policy-deadline"),
        ("panic", 500, "gate.policy-trap"),
        ("memory", 503, "gate.policy-memory"),
        ("status", 500, "gate.policy-outcome"),
        ("crlf", 500, "gate.policy-outcome"),
    ] {
        let answer = send(gate.address, &message("GET", &format!("/hostile/{path}"), &[], ""));
        assert_eq!((answer.status, answer.rules()), (status, vec![rule.to_owned()]), "{path}");
        assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{path}");
        assert_eq!(answer.field("retry-after").is_some(), status == 503, "{path}");
        assert_eq!(vnfm.received(), [], "{path}");
        assert_eq!(send(gate.address, &message("GET", "/hostile/well", &[], "")).status, 202, "after {path}");
        assert_eq!(vnfm.received().len(), 1, "after {path}");
    }
}
