//! Input and outcome as one run of bytes are read as they were written, and nothing else is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use serde_json::json;
use solgate_contract::packed::{Input, bodies, read_outcome, write_head, write_outcome};
use solgate_contract::verdict::{
    Caller, Context, Denial, FactAnswer, FactQuery, Finding, Location, Mode, Outcome, Request, Setting, Severity,
    Violation,
};

fn packed(request: &Request<'_>, context: &Context<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_head(&mut bytes, request, context);
    bodies(request, context).for_each(|body| bytes.extend_from_slice(body));
    bytes
}

fn check(request: &Request<'_>, context: &Context<'_>) {
    let bytes = packed(request, context);
    let input = Input::read(&bytes).expect("it is an input");
    assert_eq!(format!("{:?}", input.request()), format!("{request:?}"));
    assert_eq!(format!("{:?}", input.context()), format!("{context:?}"));
    for length in 0..bytes.len() {
        assert!(Input::read(&bytes[..length]).is_none(), "{length} bytes of it");
    }
    assert!(Input::read(&[&bytes[..], b"x"].concat()).is_none(), "with something behind it");
    // Whatever it is, reading it comes to an end.
    for at in 0..bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut other = bytes.clone();
            other[at] ^= change;
            let _ = Input::read(&other).map(|input| (input.request().body.len(), input.context().facts.len()));
        }
    }
}

#[test]
fn an_input_is_read_as_it_was_written() {
    let empty = Request { method: "", target: "", fields: &[], body: b"", body_complete: false };
    check(&empty, &Context::default());
    let caller = Caller {
        subject: Some("s".to_owned()),
        tenant: None,
        roles: vec!["one".to_owned(), String::new()],
        scopes: vec![],
        certificate_names: vec!["n\u{e4}me".to_owned()],
        source_address: Some("::1".to_owned()),
    };
    let found = |etag: Option<&str>, body| FactAnswer::Found { etag: etag.map(str::to_owned), body };
    let facts = [
        ("a", found(None, &b"[]"[..])),
        ("b", FactAnswer::Absent),
        ("c", FactAnswer::Withheld),
        ("d", FactAnswer::Unavailable),
        ("e", found(Some("\"1\""), &b""[..])),
        ("f", found(None, &b"\xff\0"[..])),
    ];
    let settings = [
        Setting::Option { name: "strict".to_owned(), value: json!({"a": [1, 2.5, null, "x"]}) },
        Setting::Severity { rule: "r".to_owned(), severity: Severity::Off },
        Setting::Severity { rule: "r".to_owned(), severity: Severity::Audit },
        Setting::Severity { rule: "r".to_owned(), severity: Severity::Warn },
        Setting::Severity { rule: "r".to_owned(), severity: Severity::Deny },
    ];
    let request = Request {
        method: "POST",
        target: "/a?b=%20",
        fields: &[("version", "2.0.0"), ("accept", "")],
        body: b"{\"a\":\0}",
        body_complete: true,
    };
    let context = Context {
        received_at: u64::MAX,
        mode: Mode::Monitor,
        caller: Some(&caller),
        facts: &facts,
        settings: &settings,
    };
    check(&request, &context);
}

#[test]
fn no_value_passes_for_another_field() {
    let fields = [("version", "1\nversion: 2.0.0")];
    let request = Request { method: "", target: "", fields: &fields, body: b"", body_complete: true };
    let bytes = packed(&request, &Context::default());
    let input = Input::read(&bytes).expect("it is an input");
    assert_eq!(input.request().fields, [("version", "1 version: 2.0.0")]);
}

#[test]
fn an_option_that_is_nested_too_deeply_is_left_out() {
    let deep = (0..200).fold(json!(1), |value, _| json!([value]));
    let settings = [
        Setting::Option { name: "deep".to_owned(), value: deep },
        Setting::Option { name: "plain".to_owned(), value: json!(1) },
    ];
    let request = Request { method: "", target: "", fields: &[], body: b"", body_complete: true };
    let bytes = packed(&request, &Context { settings: &settings, ..Context::default() });
    let input = Input::read(&bytes).expect("it is an input");
    assert_eq!(input.context().settings, &settings[1..]);
}

#[test]
fn an_outcome_is_read_as_it_was_written() {
    let violation = |location| Violation {
        rule: "rule".to_owned(),
        location,
        detail: "d\u{e9}tail".to_owned(),
        clause: Some("5.4".to_owned()),
    };
    let places = [
        Location::Request,
        Location::Body("/a/0".to_owned()),
        Location::Header("version".to_owned()),
        Location::Query("filter".to_owned()),
        Location::Path("id".to_owned()),
    ];
    let findings: Vec<Finding> = [Severity::Off, Severity::Audit, Severity::Warn, Severity::Deny]
        .into_iter()
        .map(|severity| Finding { severity, status: 422, violation: violation(Location::Request) })
        .collect();
    let denial = Denial {
        status: 409,
        rule: "rule".to_owned(),
        title: String::new(),
        detail: "x".repeat(5000),
        violations: places.into_iter().map(violation).collect(),
        fields: vec![("version".to_owned(), "2.0.0".to_owned())],
        findings: findings.clone(),
    };
    let query = FactQuery { name: "op".to_owned(), variables: vec![("id".to_owned(), "1/2".to_owned())] };
    for outcome in [
        Outcome::Allow(vec![]),
        Outcome::Allow(findings),
        Outcome::Deny(denial),
        Outcome::Need(vec![query, FactQuery { name: String::new(), variables: vec![] }]),
    ] {
        let mut bytes = Vec::new();
        write_outcome(&mut bytes, &outcome);
        assert_eq!(read_outcome(&bytes).as_ref(), Some(&outcome));
        for length in 0..bytes.len() {
            assert!(read_outcome(&bytes[..length]).is_none(), "{length} bytes of it");
        }
        assert!(read_outcome(&[&bytes[..], b"x"].concat()).is_none(), "with something behind it");
        for at in 0..bytes.len().min(600) {
            for change in [0x01, 0x80, 0xff] {
                let mut other = bytes.clone();
                other[at] ^= change;
                let _ = read_outcome(&other);
            }
        }
    }
}
