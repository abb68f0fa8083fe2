//! What cases mean (docs/policy-tests.md), and how a verdict is compared with the
//! one that a case expects.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use solgate_bundle::{BuildOptions, Source, compile_dir};
use solgate_cases::{Case, NoVerdict, Vocabulary, run};
use solgate_engine::Engine;
use support::minimal;

fn engine() -> Engine {
    Engine::new(compile_dir(&minimal(), &BuildOptions::default()).unwrap().bundle).unwrap()
}

fn read(engine: &Engine, text: &str) -> Vec<Case> {
    let file = Source { name: "tests/a.yaml".to_owned(), text: text.to_owned() };
    solgate_cases::read(&[file], &Vocabulary::from(&engine.manifest())).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// Bases for the cases of the tables below.
const BASES: &str = "
bases:
  retry:
    method: POST
    path: /vnf_lcm_op_occs/occ-1/retry
    headers: { Version: 2.0.0, x-several: [a, b] }
    facts:
      opOcc: { id: occ-1, operation: SCALE, operationState: FAILED_TEMP, other: dropped }
  terminate:
    method: POST
    path: /vnf_instances/i1/terminate
    headers: { Version: 2.0.0, Accept: application/json, Content-Type: application/json }
    body: { terminationType: FORCEFUL, list: [1, 2] }
    facts:
      vnfInstance: { id: i1, instantiationState: INSTANTIATED }
      openOps: []
  below: { path: /x, apiRoot: /telco/api/vnflcm/v2 }
  strict: { base: terminate, options: { strict: true, vendor: true }, severity: { access.role: warn } }
cases:
";

type Shown = fn(&Case) -> String;

fn target(case: &Case) -> String {
    format!("{} {}", case.method, case.target)
}
fn fields(case: &Case) -> String {
    case.fields.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}
fn body(case: &Case) -> String {
    String::from_utf8(case.body.clone()).unwrap()
}
fn facts(case: &Case) -> String {
    format!("{:?}", case.facts)
}
fn settings(case: &Case) -> String {
    format!("{:?}", case.settings)
}

/// A case, something of it, and what that is.
const MEANINGS: &[(&str, Shown, &str)] = &[
    ("path: /x?a", target, "GET /vnflcm/v2/x?a"),
    ("path: ''", target, "GET /vnflcm/v2"),
    ("target: /elsewhere", target, "GET /elsewhere"),
    ("path: /x, apiRoot: /telco/api/vnflcm/v2", target, "GET /telco/api/vnflcm/v2/x"),
    ("base: retry, target: '*'", target, "POST *"),
    ("base: below, target: '*'", target, "GET *"),
    ("base: below", target, "GET /telco/api/vnflcm/v2/x"),
    ("path: [/x, { repeat: ab, times: 3 }, y]", target, "GET /vnflcm/v2/xabababy"),
    ("base: retry", fields, "version=2.0.0 x-several=a x-several=b"),
    ("base: retry, headers: { VERSION: 1.0.0, Priority: 5, x-several: null }", fields, "version=1.0.0 priority=5"),
    ("base: terminate", body, r#"{"terminationType":"FORCEFUL","list":[1,2]}"#),
    ("base: terminate, body: {}", body, "{}"),
    ("base: terminate, body: null", body, "null"),
    ("base: terminate, text: '{'", body, "{"),
    ("base: terminate, unset: [/body]", body, ""),
    ("path: /x, base64: YWI", body, "ab"),
    ("path: /x, base64: 'YW\n    I='", body, "ab"),
    (
        "base: terminate, set: { /body/a/b~1c: 1, /body/list/0: 0, /body/list/-: 3 }, unset: [/body/terminationType]",
        body,
        r#"{"list":[0,2,3],"a":{"b/c":1}}"#,
    ),
    (
        "base: terminate, set: { /body/list/0: null, /body/list/0/x: 1 }",
        body,
        r#"{"terminationType":"FORCEFUL","list":[{"x":1},2]}"#,
    ),
    ("base: retry, facts: { opOcc: { status: 404 } }", facts, r#"{"opOcc": Absent}"#),
    ("base: retry, facts: { opOcc: { status: 403 } }", facts, r#"{"opOcc": Withheld}"#),
    ("base: retry, facts: { opOcc: { status: 503 } }", facts, r#"{"opOcc": Unavailable}"#),
    (
        "path: /x, facts: { opOcc: { status: 200, etag: '\"1\"', body: { id: a } } }",
        facts,
        r#"{"opOcc": Found { etag: Some("\"1\""), body: Object {"id": String("a")} }}"#,
    ),
    (
        "path: /x, facts: { opOcc: { status: 404, id: a } }",
        facts,
        r#"{"opOcc": Found { etag: None, body: Object {"status": Number(404), "id": String("a")} }}"#,
    ),
    (
        "base: strict, options: { strict: false }",
        settings,
        r#"[Option { name: "vendor", value: Bool(true) }, Option { name: "strict", value: Bool(false) }, Severity { rule: "access.role", severity: Warn }]"#,
    ),
    ("path: /x", |case| case.at.to_string(), "1767268800000"),
    ("path: /x, at: 1970-01-01T00:00:01.5Z", |case| case.at.to_string(), "1500"),
    ("path: /x", |case| format!("{:?} {}", case.mode, case.body_complete), "Enforce true"),
    (
        "path: /x, mode: monitor, bodyComplete: false",
        |case| format!("{:?} {}", case.mode, case.body_complete),
        "Monitor false",
    ),
    (
        "path: /x, caller: { subject: s, roles: [r] }",
        |case| format!("{:?}", case.caller),
        r#"Some(Caller { subject: Some("s"), tenant: None, roles: ["r"], scopes: [], certificate_names: [], source_address: None })"#,
    ),
];

#[test]
fn a_case_means_what_the_documentation_says() {
    let engine = engine();
    for (written, shown, expected) in MEANINGS {
        let text = format!("{BASES}  - {{ name: a, expect: allow, {written} }}\n");
        let cases = read(&engine, &text);
        assert_eq!(shown(&cases[0]), *expected, "{written}");
    }
}

#[test]
fn a_case_below_every_root_is_several_and_knows_its_line() {
    let cases = read(&engine(), "# ä\ncases:\n  - { path: /x, expect: allow, apiRoot: all,\n      name: a }\n");
    let places: Vec<_> = cases.iter().map(|case| format!("{}:{} {}", case.file, case.line, case.name)).collect();
    assert_eq!(places, ["tests/a.yaml:4 a [/vnflcm/v2/x]", "tests/a.yaml:4 a [/telco/api/vnflcm/v2/x]"]);
}

/// A case, and in what its verdict differs from the one that it expects.
const DIFFERENCES: &[(&str, &[&str])] = &[
    ("base: retry, expect: { allow: true, rules: [], warns: [], audits: [], asks: [opOcc] }", &[]),
    ("base: retry, expect: { status: 409 }", &["expected status 409, found allow"]),
    (
        "base: retry, facts: { opOcc: { id: a, operationState: X } }, expect: allow",
        &["expected allow, found status 409"],
    ),
    (
        "base: retry, facts: { opOcc: { id: a, operationState: X } }, expect: { status: 404 }",
        &["expected status 404, found status 409"],
    ),
    (
        "base: retry, facts: { opOcc: { id: a, operationState: X } }, expect: { status: 409, rules: [access.role], asks: [] }",
        &["rules: expected [access.role], found [retry.state.failed-temp]", "asks: expected [], found [opOcc]"],
    ),
    (
        "base: terminate, body: { terminationType: NOW }, expect: { status: 400, pointers: [/terminationType, /a, /b], header: x, parameter: y }",
        &[
            "pointers: expected [/a, /b], found [body \"/terminationType\"]",
            "header: expected [x], found [body \"/terminationType\"]",
            "parameter: expected [y], found [body \"/terminationType\"]",
        ],
    ),
    (
        "base: terminate, body: { terminationType: NOW }, expect: { status: 400, mentions: [NOW, LATER], omits: [FORCEFUL, PEACEFUL] }",
        &["no detail mentions \"LATER\"", "the answer holds \"FORCEFUL\""],
    ),
    (
        "base: strict, options: { strict: false }, headers: { Priority: x }, expect: { status: 400, header: PRIORITY, parameter: Priority }",
        &["parameter: expected [Priority], found [header Priority]"],
    ),
    (
        "base: terminate, set: { /body/gracefulTerminationTimeout: 1 }, expect: { allow: true, warns: [], audits: [body.size] }",
        &["warns: expected [], found [terminate.timeout.only-graceful]", "audits: expected [body.size], found []"],
    ),
    (
        "base: terminate, mode: monitor, body: { terminationType: NOW }, expect: { allow: true, rules: [terminate.type.enum], pointers: [/x] }",
        &["pointers: expected [/x], found [body \"/terminationType\"]"],
    ),
    (
        "base: terminate, method: GET, expect: { status: 405, fields: { Allow: GET, Version: 2.0.0, x: y } }",
        &["field allow: expected \"GET\", found \"POST\"", "field x: expected \"y\", found none"],
    ),
];

#[test]
fn a_verdict_is_compared_with_the_expected_one() {
    let engine = engine();
    for (written, expected) in DIFFERENCES {
        let cases = read(&engine, &format!("{BASES}  - {{ name: a, {written} }}\n"));
        let (_, differences) = run(&engine, &cases[0]).unwrap();
        let found: Vec<String> = differences.iter().map(ToString::to_string).collect();
        assert_eq!(found, *expected, "{written}");
    }
}

#[test]
fn a_case_gives_the_facts_that_it_rests_on() {
    let engine = engine();
    let cases =
        read(&engine, &format!("{BASES}  - {{ name: a, base: retry, unset: [/facts/opOcc], expect: allow }}\n"));
    let reason = run(&engine, &cases[0]).unwrap_err();
    assert!(matches!(&reason, NoVerdict::FactMissing(name) if name == "opOcc"), "{reason}");
}
