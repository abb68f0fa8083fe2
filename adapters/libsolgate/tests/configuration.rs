//! What a gate is told, and what is said about a text that is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use solgate_embedding::{Gate, Request, Step};

/// SHA-256 over an empty core module, and over nothing.
const CORE_DIGEST: &str = "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476";
const OTHER_DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAjcu6+B1PNytl9I87JUkDEumgvx5DHwGC6/kHwOilJug=
-----END PUBLIC KEY-----
";

/// A request that the default policy denies, because a query parameter is unknown.
fn wrong() -> Request {
    Request::new("GET", "/vnflcm/v2/vnf_instances?nope=1")
}

/// What becomes of it, and its status.
fn judged(configuration: &str) -> (Step, u16) {
    let gate = Gate::new(configuration).expect(configuration);
    let mut evaluation = gate.evaluation(&wrong());
    let step = evaluation.evaluate();
    (step, evaluation.answer().expect("there is an answer").status)
}

#[test]
fn an_empty_text_is_the_built_in_policy_enforced() {
    let gate = Gate::new(" \n").unwrap();
    assert_eq!((gate.body_limit(), gate.facts_timeout()), (1 << 20, 2000));
    assert_eq!(judged(""), (Step::Deny, 400));
}

#[test]
fn settings_are_those_of_an_upstream() {
    let reason = "reason: a vendor's parameter";
    let table = [
        ("mode: monitor", Step::Allow, 0),
        ("mode: 'off'", Step::Allow, 0),
        (r#"{"set": {"strict": false}, "isolation": "recycle:64"}"#, Step::Deny, 400),
        (&format!("severity: {{query.unknown: {{severity: 'off', {reason}}}}}"), Step::Allow, 0),
        (&format!("severity: {{query.unknown: {{severity: 'off', {reason}, until: 2020-01-01}}}}"), Step::Deny, 400),
        (&format!("severity: {{query.unknown: {{severity: 'off', {reason}, until: 2999-01-01}}}}"), Step::Allow, 0),
    ];
    for (configuration, step, status) in table {
        assert_eq!(judged(configuration), (step, status), "{configuration}");
    }
}

#[test]
fn a_relaxed_rule_is_enforced_again_when_its_time_is_over() {
    // Time enough to load a policy on a machine that is busy.
    let until = std::time::SystemTime::now() + std::time::Duration::from_secs(9);
    let until = humantime::format_rfc3339_seconds(until + std::time::Duration::from_secs(1));
    let configuration = format!("severity: {{query.unknown: {{severity: 'off', reason: for now, until: {until}}}}}");
    let gate = Gate::new(&configuration).expect("it is good");
    assert_eq!(gate.evaluation(&wrong()).evaluate(), Step::Allow);
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while gate.evaluation(&wrong()).evaluate() == Step::Allow {
        assert!(std::time::Instant::now() < patience, "it is relaxed for good");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn problems_are_written_as_the_operator_wants_them() {
    let gate = Gate::new("problem: {typeBase: 'https://rules.example/', mediaType: application/json}").unwrap();
    let mut evaluation = gate.evaluation(&wrong());
    assert_eq!(evaluation.evaluate(), Step::Deny);
    let answer = evaluation.answer().unwrap();
    assert_eq!(answer.values("content-type"), ["application/json"]);
    assert!(answer.body.starts_with(br#"{"type":"https://rules.example/query.unknown""#));
}

#[test]
fn what_is_wrong_and_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = folder.path().join("core.wasm");
    std::fs::write(&core, b"\0asm\x01\0\0\0").expect("it is written");
    let core = core.to_str().expect("it is text");
    let key = folder.path().join("team.key.pub");
    std::fs::write(&key, PUBLIC_KEY).expect("it is written");
    let key = key.to_str().expect("it is text");
    let table = [
        ("[", "configuration:2:1: not valid YAML: while parsing a node, did not find expected node content".to_owned()),
        ("- a", "configuration:1:1: expected a mapping, found a list".to_owned()),
        ("mod: monitor", "configuration:1:1: unknown member mod; did you mean mode?".to_owned()),
        (
            "url: http://127.0.0.1",
            "configuration:1:1: unknown member url; known here: policies, requireSignature, withdrawnKeys, set, severity, mode, isolation, evaluation, facts, factFailure, problem"
                .to_owned(),
        ),
        ("\nmode: strict", "configuration:2:7: expected enforce, monitor or off, found a different value".to_owned()),
        (
            "facts: {ttl: 1s}",
            "configuration: facts.ttl has no meaning here, because the embedding program fetches the facts; remove it"
                .to_owned(),
        ),
        (
            "facts: {url: 'http://127.0.0.1'}",
            "configuration: facts.url has no meaning here, because the embedding program fetches the facts; remove it"
                .to_owned(),
        ),
        (
            "facts: {timeout: 0s}",
            "configuration:1:18: expected a duration from 1ms to a year, such as 500ms, 10s or 1m 30s, found a different value"
                .to_owned(),
        ),
        (
            "severity: {query.unknwon: {severity: warn, reason: r}}",
            "configuration: no policy has the rule \"query.unknwon\"; did you mean \"query.unknown\"?".to_owned(),
        ),
        (
            "policies: [/nowhere/policy.wasm]",
            "cannot read /nowhere/policy.wasm: No such file or directory (os error 2)".to_owned(),
        ),
        (
            &format!("policies: [{core}]"),
            format!("{core}: this is a core module and not yet a component; if it is made for wit/policy.wit, `solgate build FILE.wasm -o POLICY.wasm` makes a policy of it"),
        ),
        (
            &format!("policies: [{{file: {core}, sha256: {CORE_DIGEST}}}]"),
            format!("{core}: this is a core module and not yet a component; if it is made for wit/policy.wit, `solgate build FILE.wasm -o POLICY.wasm` makes a policy of it"),
        ),
        (
            &format!("policies: [{{file: {core}, sha256: {OTHER_DIGEST}}}]"),
            format!("{core}: a different file is pinned: the SHA-256 of this file is {CORE_DIGEST}, of the pinned file {OTHER_DIGEST}"),
        ),
        (
            &format!("policies: [{core}]\nrequireSignature: [{key}]"),
            format!("{core}: it is not signed: there is no {core}.sig, which `solgate sign` makes"),
        ),
        (
            "requireSignature: []",
            "configuration:1:19: requireSignature is empty: name the public keys that count, or remove it".to_owned(),
        ),
        ("policies: []\n---\nmode: monitor", "configuration:1:1: expected one YAML document, found several".to_owned()),
    ];
    for (configuration, expected) in table {
        assert_eq!(Gate::new(configuration).err(), Some(expected), "{configuration}");
    }
    assert_eq!(Gate::from_bytes(b"mode: \xff").err().as_deref(), Some("the configuration is not UTF-8 text"));
}
