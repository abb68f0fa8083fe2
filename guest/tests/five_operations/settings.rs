//! Options, severities, monitor mode, callers.

use crate::support::*;
use serde_json::{Value, json};
use solgate_engine::{
    Engine,
    ir::Severity,
    verdict::{Caller, Context, FactAnswer, Mode, Outcome, Request, Setting},
};

#[test]
fn options_and_severities() {
    let body = r#"{"terminationType":"FORCEFUL","gracefulTerminationTimeout":10.0}"#;
    let facts = [
        ("vnfInstance", found(INSTANTIATED, None)),
        ("openOps", found(r#"[{"id":"o","operationState":"STARTING"}]"#, None)),
    ];
    let judge = |target: &str, settings: &[Setting]| {
        let case = Case { target: format!("{target}/vnf_instances/{ID}/terminate"), ..terminate(body) };
        case.judge(&Context { facts: &facts, settings, ..Context::default() })
    };
    let option = |name: &str, value: Value| Setting::Option { name: name.to_owned(), value };
    let severity = |rule: &str, severity| Setting::Severity { rule: rule.to_owned(), severity };

    let first = denial(judge("/vnflcm/v2", &[]));
    assert_eq!(first.rule, "terminate.state.in-progress");
    assert_eq!(rules(&first.findings), [("terminate.forceful.timeout", Severity::Warn)]);
    assert_eq!(
        denial(judge("/telco/api/vnflcm/v2", &[])).rule,
        "terminate.forceful.timeout",
        "the API root sets strict"
    );
    assert_eq!(
        denial(judge("/telco/api/vnflcm/v2", &[option("strict", json!(false))])).rule,
        "terminate.state.in-progress",
        "a setting wins over the API root"
    );
    assert_eq!(
        denial(judge("/vnflcm/v2", &[option("strict", json!(true)), option("schemaErrorStatus", json!(422))])).status,
        422
    );
    let relaxed = findings(judge(
        "/vnflcm/v2",
        &[
            option("lenient", json!(true)),
            severity("terminate.forceful.timeout", Severity::Off),
            severity("nope", Severity::Deny),
        ],
    ));
    assert_eq!(rules(&relaxed), [("terminate.state.in-progress", Severity::Warn)]);

    // A rule that is off asks for no fact.
    let off = [
        severity("terminate.state.in-progress", Severity::Off),
        severity("terminate.state.instantiated", Severity::Off),
        severity("resource.vnf-instance.exists", Severity::Off),
    ];
    assert!(matches!(terminate(body).judge(&Context { settings: &off, ..Context::default() }), Outcome::Allow(_)));

    let outside = [option("outsideApiRoot", json!("pass"))];
    let judge = |target: &str| {
        Case { target: target.to_owned(), ..terminate("") }.judge(&Context { settings: &outside, ..Context::default() })
    };
    assert_eq!(judge("/other/api"), Outcome::Allow(vec![]));
    // Below no API root either, but the same API by its name.
    assert_eq!(rules(&findings(judge("/vnflcm/v1/vnf_instances"))), [("route.api-major", Severity::Warn)]);
    for target in [
        "/vnflcm/v2/nope",
        "/x/../vnflcm/v2/vnf_instances",
        "/vnflcm%2Fv2/vnf_instances",
        "//vnflcm/v2/vnf_instances",
        // Some servers drop parameters of segments, and some do not mind the case.
        "/vnflcm;a=b/v2/vnf_instances",
        "/vnflcm/v2;a/vnf_instances",
        "/x/..;/vnflcm/v2/vnf_instances",
        "/;a/vnflcm/v2/vnf_instances",
        "/vnflcm%3Ba/v2/vnf_instances",
        "/VNFLCM/v2/vnf_instances",
    ] {
        assert_eq!(denial(judge(target)).status, 404, "{target}");
    }
    for target in ["/other;a/vnflcm/v2", "/vnfpkgm/v2;a=1/vnf_packages"] {
        assert_eq!(judge(target), Outcome::Allow(vec![]), "{target}");
    }
}

#[test]
fn a_relaxed_rule_does_not_spare_the_others() {
    let warn = |rule: &str| [Setting::Severity { rule: rule.to_owned(), severity: Severity::Warn }];
    // With a slash at its end, a request is judged as without.
    let slash = |body: &str| {
        let mut case = terminate(body);
        case.target.push('/');
        case.judge(&Context { settings: &warn("route.trailing-slash"), ..Context::default() })
    };
    assert_eq!(denial(slash("{}")).rule, "terminate.type.required");
    assert!(matches!(slash(r#"{"terminationType":"FORCEFUL"}"#), Outcome::Need(_)));

    // A body that cannot be read does not spare the rules that do not read it.
    let mut changed = bundle();
    changed["rules"].as_array_mut().unwrap().push(rule(
        "terminate.reason",
        400,
        json!({"require": {"stage": "body", "require": "has(headers.reason)"}}),
        &["terminate"],
    ));
    let engine = Engine::new(serde_json::from_value(changed).unwrap()).unwrap();
    let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")];
    let target = format!("/vnflcm/v2/vnf_instances/{ID}/terminate");
    let request = Request { method: "POST", target: &target, fields: &fields, body: b"{", body_complete: true };
    let outcome = engine.evaluate(&request, &Context { settings: &warn("body.json.malformed"), ..Context::default() });
    assert_eq!(denial(outcome).rule, "terminate.reason");
}

#[test]
fn monitor_mode_reports_and_goes_on() {
    let case = terminate(r#"{"terminationType":"x"}"#).without("version").set("accept", "text/html");
    let facts =
        [("vnfInstance", FactAnswer::Absent), ("openOps", found(r#"[{"id":"o","operationState":"STARTING"}]"#, None))];
    // The bundle keeps four findings of an evaluation.
    let monitor = Context { mode: Mode::Monitor, facts: &facts, ..Context::default() };
    let outcome = findings(case.judge(&monitor));
    assert_eq!(
        rules(&outcome),
        ["header.version.required", "header.accept.json", "terminate.type.enum", "resource.vnf-instance.exists"]
            .map(|rule| (rule, Severity::Deny))
    );
    let unreadable = findings(terminate("{").judge(&monitor));
    assert_eq!(
        rules(&unreadable).iter().map(|(rule, _)| *rule).collect::<Vec<_>>(),
        ["body.json.malformed", "resource.vnf-instance.exists", "terminate.state.in-progress"]
    );
    assert_eq!(findings(call("PUT", "/vnf_instances/x").judge(&monitor))[0].status, 405);
}

#[test]
fn callers() {
    let case = call("DELETE", "/vnf_instances/x");
    let judge = |caller: Option<&Caller>| case.judge(&Context { caller, ..Context::default() });
    let known = |roles: &[&str]| Caller {
        subject: Some("s".to_owned()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        ..Caller::default()
    };
    assert!(matches!(judge(None), Outcome::Need(_)));
    assert!(matches!(judge(Some(&known(&["operator"]))), Outcome::Need(_)));
    let refused = denial(judge(Some(&known(&["reader"]))));
    assert_eq!((refused.status, refused.detail.as_str()), (403, "the role operator is needed"));
}
