//! What is refused before anything is fetched, and what passes.

use crate::support::*;
use serde_json::json;
use solgate_engine::{
    ir::Severity,
    verdict::{Context, Location, Outcome, Setting},
};

#[test]
fn stages_before_any_fact() {
    let ok = r#"{"terminationType":"FORCEFUL"}"#;
    let target = |target: &str| Case { target: target.to_owned(), ..terminate(ok) };
    let list = |query: &str| call("GET", &format!("/vnf_instances?{query}"));
    let retry = |body: &str| Case { body: body.as_bytes().to_vec(), ..call("POST", "/vnf_lcm_op_occs/o/retry") };
    let large = format!("{{\"terminationType\":\"{}\"}}", "x".repeat(3000));
    let cases: Vec<(Case, u16, &str, &str)> = vec![
        (target(&format!("/vnflcm/v2/vnf_instances?{}", "x".repeat(500))), 414, "uri.length", "URI"),
        (target("/vnflcm/v2/vnf_instance"), 404, "route.unknown", "/vnflcm/v2"),
        (target("/vnflcm/v2/vnf_instances/../x"), 404, "route.unknown", "dot segment"),
        (target("/other"), 404, "route.unknown", "API root"),
        (target("/vnflcm/v2/vnf_instances/x/terminate/"), 404, "route.trailing-slash", "slash"),
        (target("/vnflcm/v3/vnf_instances"), 404, "route.api-major", "v3"),
        (target("/vnflcm/v2/vnf_instances%2Fx/terminate"), 404, "route.encoded-slash", "%2F"),
        (call("PUT", "/vnf_instances/x"), 405, "route.method", "PUT"),
        (terminate(ok).without("version"), 400, "header.version.required", "Version"),
        (terminate(ok).with("version", "1.0.0"), 400, "header.version.duplicate", "Version"),
        (terminate(ok).set("version", "2"), 400, "header.version.format", "'2'"),
        (terminate(ok).set("version", "3.1.0-impl:x"), 406, "header.version.supported", "3.1.0"),
        (terminate(ok).with("authorization", "Bearer"), 400, "header.auth.malformed", "Authorization"),
        (terminate(ok).set("accept", "text/html"), 406, "header.accept.json", "Accept"),
        (terminate(ok).with("priority", "high"), 400, "header.priority.integer", "Priority"),
        (call("DELETE", "/vnf_instances/x").with("reason", "NO!"), 400, "head.reason", "Title of head.reason"),
        (target(&format!("/vnflcm/v2/vnf_instances/{ID}/terminate?force=true")), 400, "query.unknown", "force"),
        (list("Filter=(eq,id,1)"), 400, "query.unknown", "Filter"),
        (list("filter=(eq,id,1)&filter=(eq,id,2)"), 400, "query.repeated", "filter"),
        (list("filter=%zz"), 400, "query.encoding", "UTF-8"),
        (list("filter=(eq,id,1);"), 400, "query.filter.syntax", "filter"),
        (list("filter=(eq,id,1)%3B"), 400, "query.filter.syntax", "filter"),
        (list("filter=(like,id,1)"), 400, "query.filter.operator", "like"),
        (list("filter=(eq,id,1,2)"), 400, "query.filter.arity", "eq"),
        (list("all_fields&fields=id"), 400, "query.selector.combination", "all_fields"),
        (list("fields=id,nope/x"), 400, "query.selector.unknown-field", "nope"),
        (terminate(&large), 413, "body.size", "2000"),
        (terminate(""), 400, "body.required", "terminationType"),
        (retry("{\"foo\":1}"), 400, "body.none", "body"),
        (terminate(ok).without("content-type"), 400, "header.content-type.required", "Content-Type"),
        (terminate(ok).set("content-type", "application/xml"), 415, "header.content-type.json", "application/xml"),
        (
            terminate(ok).set("content-type", "application/json;charset=utf-16"),
            415,
            "header.content-type.json",
            "utf-16",
        ),
        (Case { body: b"{\"a\":\"\xe9\"}".to_vec(), ..terminate("") }, 400, "body.json.utf8", "UTF-8"),
        (terminate("{\"terminationType\":NaN}"), 400, "body.json.malformed", "not valid JSON"),
        (
            terminate(r#"{"terminationType":"GRACEFUL","termination\u0054ype":"FORCEFUL"}"#),
            400,
            "body.json.duplicate-key",
            "terminationType",
        ),
        (
            terminate(r#"{"terminationType":"FORCEFUL","additionalParams":[[[[[[[[1]]]]]]]]}"#),
            400,
            "body.json.depth",
            "depth",
        ),
        (terminate("[]"), 400, "body.json.object", "object"),
        (terminate("{}"), 400, "terminate.type.required", "terminationType"),
        (terminate(r#"{"terminationType":"graceful"}"#), 400, "terminate.type.enum", "GRACEFUL or FORCEFUL"),
        (
            terminate(r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":-1}"#),
            400,
            "terminate.timeout.range",
            "0 or more",
        ),
        (
            terminate(r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":123456789012345678901}"#),
            400,
            "terminate.timeout.type",
            "123456789012345678901",
        ),
        (
            terminate(r#"{"terminationType":"FORCEFUL","additionalParams":{"x":1e400}}"#),
            400,
            "body.json.number",
            "larger than a number can be",
        ),
        (terminate(&members(51)), 400, "body.json.members", "50 members"),
        (
            terminate(r#"{"terminationType":"FORCEFUL","zones":[{"name":"a"},{"name":""}]}"#),
            400,
            "terminate.zone",
            "zone 1",
        ),
    ];
    for (case, status, rule, mention) in cases {
        let denial = case.deny();
        assert_eq!((denial.status, denial.rule.as_str()), (status, rule), "{}: {denial:?}", case.target);
        assert!(denial.detail.contains(mention), "{rule}: {}", denial.detail);
        assert_eq!(denial.violations[0].rule, rule);
        assert!(!denial.title.is_empty());
        assert!(matches!(field(&denial, "version"), Some("2.0.0" | "2.1.0")), "{rule}");
    }
}

fn members(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|index| format!("\"p{index}\":0")).collect();
    format!(r#"{{"terminationType":"FORCEFUL","additionalParams":{{{}}}}}"#, members.join(","))
}

#[test]
fn answers_carry_the_fields_that_belong_to_them() {
    let method = call("PUT", "/vnf_instances/x").deny();
    assert_eq!(field(&method, "allow"), Some("DELETE, PATCH"));
    assert_eq!(field(&method, "version"), Some("2.0.0"), "the version asked for, as it is supported");
    let version = terminate("{}").set("version", "9.0.0").deny();
    assert_eq!(field(&version, "version"), Some("2.1.0"), "the highest supported");
    assert_eq!(version.title, "Title of header.version.supported", "the bundle declares this rule");
    assert_eq!(version.violations[0].clause.as_deref(), Some("SOL003 5.4"));
    let token = terminate("{}").with("authorization", "Bearer s3cr3t s3cr3t").deny();
    assert_eq!(field(&token, "www-authenticate"), Some("Bearer error=\"invalid_request\""));
    assert!(!format!("{token:?}").contains("s3cr3t"));
    let settings = [Setting::Option { name: "requireAuthorization".to_owned(), value: json!(true) }];
    let required = denial(terminate("{}").judge(&Context { settings: &settings, ..Context::default() }));
    assert_eq!((required.status, field(&required, "www-authenticate")), (401, Some("Bearer realm=\"vnflcm\"")));
}

#[test]
fn all_violations_of_a_stage_are_reported() {
    let denial = terminate(r#"{"gracefulTerminationTimeout":99999999999999999999999,"additionalParams":1}"#).deny();
    let mut found: Vec<_> =
        denial.violations.iter().map(|violation| (violation.rule.as_str(), &violation.location)).collect();
    found.sort_by_key(|(rule, _)| *rule);
    let at = |pointer: &str| Location::Body(pointer.to_owned());
    assert_eq!(
        found,
        [
            ("body.json.number", &at("/gracefulTerminationTimeout")),
            ("terminate.body", &at("/additionalParams")),
            ("terminate.timeout.type", &at("/gracefulTerminationTimeout")),
            ("terminate.type.required", &at("/terminationType")),
        ]
    );
    assert!(denial.detail.ends_with("(and 3 more)"), "{}", denial.detail);
    // The bundle's limit is four.
    let many = terminate(r#"{"zones":[1,2,3,4,5,6,7]}"#).deny();
    assert_eq!(many.violations.len(), 4);
}

#[test]
fn what_passes() {
    let facts = [
        ("vnfInstance", found(INSTANTIATED, None)),
        ("openOps", found("[]", None)),
        ("opOcc", found(r#"{"id":"o","operationState":"FAILED_TEMP"}"#, None)),
    ];
    let context = Context { facts: &facts, ..Context::default() };
    let ok = r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":10.0,"vendorExtension":{"x":[1]}}"#;
    let retry = |body: &str| Case { body: body.as_bytes().to_vec(), ..call("POST", "/vnf_lcm_op_occs/%36fc/retry") };
    let cases = [
        terminate(ok),
        terminate(" \r\n\t{ \"terminationType\" : \"FORCEFUL\" }\n"),
        terminate(ok).set("version", " 2.1.7-impl:example.com:p:1 "),
        terminate(ok).with("authorization", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        terminate(ok).set("content-type", "Application/JSON;charset=\"UTF-8\""),
        terminate(ok).with("priority", "5"),
        Case { target: format!("/vnflcm/v2/vnf%5Finstances/{ID}/%74erminate"), ..terminate(ok) },
        retry(""),
        retry(" {} ").with("content-type", "text/plain"),
        retry("null").with("content-type", "application/json"),
        call(
            "GET",
            "/vnf_instances?filter=%28eq%2CvnfInstanceName%2Cmy%20vnf%29&fields=metadata/a,id&exclude_default&",
        ),
        call("GET", "/vnf_instances?all_fields"),
    ];
    for case in cases {
        assert_eq!(case.judge(&context), Outcome::Allow(vec![]), "{}", case.target);
    }
    let tolerated = Case { method: "PATCH", target: format!("/vnflcm/v2/vnf_instances/{ID}"), ..terminate("{}") };
    assert_eq!(denial(tolerated.judge(&context)).rule, "header.content-type.merge-patch");
    let warn = [Setting::Severity { rule: "header.content-type.merge-patch".to_owned(), severity: Severity::Warn }];
    assert_eq!(
        rules(&findings(tolerated.judge(&Context { settings: &warn, ..context }))),
        [("header.content-type.merge-patch", Severity::Warn)]
    );
}
