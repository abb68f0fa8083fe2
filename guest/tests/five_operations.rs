//! The engine as its users see it: a small bundle, requests, verdicts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use serde_json::{Value, json};
use solgate_engine::{
    Engine, InitError,
    ir::{Bundle, FORMAT, Severity},
    verdict::{
        Caller, Context, Denial, FactAnswer, Finding, Location, Mode, Outcome, Request, Setting,
    },
};

const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";

fn rule(id: &str, status: u16, kind: Value, operations: &[&str]) -> Value {
    json!({
        "id": id, "kind": kind, "operations": operations, "title": format!("Title of {id}"), "status": status,
        "severity": {"default": "deny"}, "doc": "", "clause": "SOL003 5.4",
    })
}

fn bundle() -> Value {
    let operation = |id: &str, method: &str, path: &str, body: Value| json!({"id": id, "method": method, "path": path, "version": true, "acceptRequired": id == "list", "produces": ["application/json"], "body": body});
    let task = |schema: &str, media: &str| json!({"required": true, "mediaTypes": [{"name": media}], "mediaTypeRule": format!("header.content-type.{}", if media.contains("merge") { "merge-patch" } else { "json" }), "schema": schema});
    let mut terminate = operation(
        "terminate",
        "POST",
        "/vnf_instances/{vnfInstanceId}/terminate",
        task("TerminateVnfRequest", "application/json"),
    );
    terminate["headers"] =
        json!([{"name": "Priority", "kind": "integer", "rule": "header.priority.integer"}]);
    let mut list = operation("list", "GET", "/vnf_instances", Value::Null);
    list["query"] = json!([
        {"name": "filter", "kind": "filter"}, {"name": "all_fields", "kind": "allFields"}, {"name": "exclude_default", "kind": "excludeDefault"},
        {"name": "fields", "kind": "fields", "attributes": ["id", "metadata"]}, {"name": "exclude_fields", "kind": "excludeFields"},
        {"name": "nextpage_opaque_marker", "kind": "opaque"},
    ]);
    let mut modify = operation(
        "modify",
        "PATCH",
        "/vnf_instances/{vnfInstanceId}",
        task("Modify", "application/merge-patch+json"),
    );
    modify["body"]["mediaTypes"] = json!([{"name": "application/merge-patch+json"}, {"name": "application/json", "rule": "header.content-type.merge-patch"}]);
    let mut in_progress = rule(
        "terminate.state.in-progress",
        409,
        json!({"require": {
            "stage": "state", "variables": [["blocking", "openOps.filter(o, o.operationState != 'COMPLETED')"]], "require": "variables.blocking.size() == 0",
            "detail": "'the operation occurrence ' + variables.blocking[0].id + ' is open on ' + path.vnfInstanceId",
        }}),
        &["terminate"],
    );
    in_progress["severity"] = json!({"default": "deny", "byOption": [["lenient", "warn"]]});
    let mut timeout = rule(
        "terminate.forceful.timeout",
        400,
        json!({"require": {
            "stage": "body", "when": "has(body.gracefulTerminationTimeout)", "require": "body.terminationType == 'GRACEFUL'", "pointer": "/gracefulTerminationTimeout",
            "detail": "'gracefulTerminationTimeout is for GRACEFUL only'",
        }}),
        &["terminate"],
    );
    timeout["severity"] = json!({"default": "warn", "byOption": [["strict", "deny"]]});
    json!({
        "format": FORMAT, "name": "test", "version": "1.0.0", "digest": "00",
        "apiRoots": [{"path": "/vnflcm/v2"}, {"path": "/telco/api/vnflcm/v2", "options": {"strict": true}}],
        "limits": {"bodyBytes": 2000, "targetBytes": 500, "depth": 8, "violations": 4},
        "options": [
            {"name": "strict", "kind": "boolean", "default": false, "doc": ""},
            {"name": "lenient", "kind": "boolean", "default": false, "doc": ""},
            {"name": "supportedVersions", "kind": "strings", "default": ["2.0.0", "2.1.*"], "doc": ""},
            {"name": "requireAuthorization", "kind": "boolean", "default": false, "doc": ""},
        ],
        "facts": [
            {"name": "vnfInstance", "path": "/vnf_instances/{vnfInstanceId}", "members": ["id", "instantiationState"]},
            {"name": "opOcc", "path": "/vnf_lcm_op_occs/{vnfLcmOpOccId}", "members": ["id", "operationState"]},
            {"name": "openOps", "path": "/vnf_lcm_op_occs", "query": [["filter", "(eq,vnfInstanceId,{vnfInstanceId})"]], "members": ["id", "operationState"], "list": true},
        ],
        "operations": [
            terminate, list, modify,
            operation("retry", "POST", "/vnf_lcm_op_occs/{vnfLcmOpOccId}/retry", Value::Null),
            operation("delete", "DELETE", "/vnf_instances/{vnfInstanceId}", Value::Null),
        ],
        "schemas": {
            "TerminateVnfRequest": {
                "type": "object", "required": ["terminationType"], "x-rule": "terminate.body",
                "properties": {
                    "terminationType": {"type": "string", "enum": ["GRACEFUL", "FORCEFUL"], "x-rule": {"id": "terminate.type.enum", "required": "terminate.type.required"}},
                    "gracefulTerminationTimeout": {"type": "integer", "minimum": 0, "x-rule": {"id": "terminate.timeout.type", "minimum": "terminate.timeout.range"}},
                    "additionalParams": {"type": "object"},
                    "zones": {"type": "array", "items": {"type": "object"}},
                },
            },
            "Modify": {"type": "object"},
        },
        "rules": [
            rule("header.version.supported", 406, json!("engine"), &[]),
            rule("header.priority.integer", 400, json!("engine"), &["terminate"]),
            rule("terminate.body", 400, json!("schema"), &["terminate"]),
            rule("terminate.type.enum", 400, json!("schema"), &["terminate"]),
            rule("terminate.type.required", 400, json!("schema"), &["terminate"]),
            rule("terminate.timeout.type", 400, json!("schema"), &["terminate"]),
            rule("terminate.timeout.range", 400, json!("schema"), &["terminate"]),
            rule("access.operator", 403, json!({"require": {
                "stage": "access", "when": "has(caller.subject)", "require": "'operator' in caller.roles", "detail": "'the role operator is needed'"}}), &["delete"]),
            rule("head.reason", 400, json!({"require": {"stage": "head", "require": "!has(headers.reason) || headers.reason.matches('^[a-z ]+$')", "header": "Reason"}}), &["delete"]),
            timeout,
            rule("terminate.zone", 400, json!({"require": {
                "stage": "body", "when": "has(body.zones)", "forEach": "body.zones", "require": "item.name != ''", "pointer": "/zones/{index}/name",
                "detail": "'zone ' + string(index) + ' has no name'"}}), &["terminate"]),
            rule("resource.vnf-instance.exists", 404, json!({"exists": {"fact": "vnfInstance"}}), &["terminate", "delete", "modify"]),
            rule("resource.op-occ.exists", 404, json!({"exists": {"fact": "opOcc"}}), &["retry"]),
            rule("header.if-match", 412, json!({"ifMatch": {"fact": "vnfInstance"}}), &["delete", "modify"]),
            rule("terminate.state.instantiated", 409, json!({"require": {"stage": "state", "require": "vnfInstance.instantiationState == 'INSTANTIATED'",
                "detail": "vnfInstance.id + ' is ' + vnfInstance.instantiationState"}}), &["terminate"]),
            in_progress,
            rule("retry.state.failed-temp", 409, json!({"require": {"stage": "state", "require": "opOcc.operationState == 'FAILED_TEMP'",
                "detail": "'retry needs FAILED_TEMP, but ' + opOcc.id + ' is in ' + opOcc.operationState"}}), &["retry"]),
            rule("delete.state.idle", 409, json!({"require": {"stage": "state", "when": "vnfInstance.instantiationState == 'INSTANTIATED'", "require": "openOps.size() == 0"}}), &["delete"]),
        ],
    })
}

fn engine() -> Engine {
    Engine::new(serde_json::from_value(bundle()).unwrap()).unwrap()
}

fn init_error(change: impl Fn(&mut Value)) -> InitError {
    let mut value = bundle();
    change(&mut value);
    Engine::new(serde_json::from_value::<Bundle>(value).unwrap())
        .expect_err("the bundle is not valid")
}

/// A request that passes, but for what a test changes.
#[derive(Clone)]
struct Case {
    method: &'static str,
    target: String,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn terminate(body: &str) -> Case {
    Case {
        method: "POST",
        target: format!("/vnflcm/v2/vnf_instances/{ID}/terminate"),
        fields: [
            ("version", "2.0.0"),
            ("accept", "application/json"),
            ("content-type", "application/json"),
        ]
        .map(|(n, v)| (n, v.to_owned()))
        .to_vec(),
        body: body.as_bytes().to_vec(),
    }
}

fn call(method: &'static str, path: &str) -> Case {
    let mut case = terminate("");
    case.method = method;
    case.target = format!("/vnflcm/v2{path}");
    case.fields.pop();
    case
}

impl Case {
    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self.with(name, value)
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self
    }

    fn judge(&self, context: &Context<'_>) -> Outcome {
        let fields: Vec<(&str, &str)> = self
            .fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        engine().evaluate(
            &Request {
                method: self.method,
                target: &self.target,
                fields: &fields,
                body: &self.body,
                body_complete: true,
            },
            context,
        )
    }

    fn deny(&self) -> Denial {
        denial(self.judge(&Context::default()))
    }
}

fn denial(outcome: Outcome) -> Denial {
    match outcome {
        Outcome::Deny(denial) => denial,
        other => panic!("not denied: {other:?}"),
    }
}

fn findings(outcome: Outcome) -> Vec<Finding> {
    match outcome {
        Outcome::Allow(findings) => findings,
        other => panic!("not allowed: {other:?}"),
    }
}

fn rules(findings: &[Finding]) -> Vec<(&str, Severity)> {
    findings
        .iter()
        .map(|finding| (finding.violation.rule.as_str(), finding.severity))
        .collect()
}

fn found<'a>(body: &'a str, etag: Option<&str>) -> FactAnswer<&'a [u8]> {
    FactAnswer::Found {
        etag: etag.map(str::to_owned),
        body: body.as_bytes(),
    }
}

const INSTANTIATED: &str = r#"{"id":"i-1","instantiationState":"INSTANTIATED"}"#;

fn field<'d>(denial: &'d Denial, name: &str) -> Option<&'d str> {
    denial
        .fields
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

#[test]
fn stages_before_any_fact() {
    let ok = r#"{"terminationType":"FORCEFUL"}"#;
    let target = |target: &str| Case {
        target: target.to_owned(),
        ..terminate(ok)
    };
    let list = |query: &str| call("GET", &format!("/vnf_instances?{query}"));
    let retry = |body: &str| Case {
        body: body.as_bytes().to_vec(),
        ..call("POST", "/vnf_lcm_op_occs/o/retry")
    };
    let large = format!("{{\"terminationType\":\"{}\"}}", "x".repeat(3000));
    let cases: Vec<(Case, u16, &str, &str)> = vec![
        (
            target(&format!("/vnflcm/v2/vnf_instances?{}", "x".repeat(500))),
            414,
            "uri.length",
            "URI",
        ),
        (
            target("/vnflcm/v2/vnf_instance"),
            404,
            "route.unknown",
            "/vnflcm/v2",
        ),
        (
            target("/vnflcm/v2/vnf_instances/../x"),
            404,
            "route.unknown",
            "dot segment",
        ),
        (target("/other"), 404, "route.unknown", "API root"),
        (
            target("/vnflcm/v2/vnf_instances/x/terminate/"),
            404,
            "route.trailing-slash",
            "slash",
        ),
        (
            target("/vnflcm/v3/vnf_instances"),
            404,
            "route.api-major",
            "v3",
        ),
        (
            target("/vnflcm/v2/vnf_instances%2Fx/terminate"),
            404,
            "route.encoded-slash",
            "%2F",
        ),
        (call("PUT", "/vnf_instances/x"), 405, "route.method", "PUT"),
        (
            terminate(ok).without("version"),
            400,
            "header.version.required",
            "Version",
        ),
        (
            terminate(ok).with("version", "1.0.0"),
            400,
            "header.version.duplicate",
            "Version",
        ),
        (
            terminate(ok).set("version", "2"),
            400,
            "header.version.format",
            "'2'",
        ),
        (
            terminate(ok).set("version", "3.1.0-impl:x"),
            406,
            "header.version.supported",
            "3.1.0",
        ),
        (
            terminate(ok).with("authorization", "Bearer"),
            400,
            "header.auth.malformed",
            "Authorization",
        ),
        (
            terminate(ok).set("accept", "text/html"),
            406,
            "header.accept.json",
            "Accept",
        ),
        (
            terminate(ok).with("priority", "high"),
            400,
            "header.priority.integer",
            "Priority",
        ),
        (
            call("DELETE", "/vnf_instances/x").with("reason", "NO!"),
            400,
            "head.reason",
            "Title of head.reason",
        ),
        (
            target(&format!(
                "/vnflcm/v2/vnf_instances/{ID}/terminate?force=true"
            )),
            400,
            "query.unknown",
            "force",
        ),
        (list("Filter=(eq,id,1)"), 400, "query.unknown", "Filter"),
        (
            list("filter=(eq,id,1)&filter=(eq,id,2)"),
            400,
            "query.repeated",
            "filter",
        ),
        (list("filter=%zz"), 400, "query.encoding", "UTF-8"),
        (
            list("filter=(eq,id,1);"),
            400,
            "query.filter.syntax",
            "filter",
        ),
        (
            list("filter=(like,id,1)"),
            400,
            "query.filter.operator",
            "like",
        ),
        (list("filter=(eq,id,1,2)"), 400, "query.filter.arity", "eq"),
        (
            list("all_fields&fields=id"),
            400,
            "query.selector.combination",
            "all_fields",
        ),
        (
            list("fields=id,nope/x"),
            400,
            "query.selector.unknown-field",
            "nope",
        ),
        (terminate(&large), 413, "body.size", "2000"),
        (terminate(""), 400, "body.required", "terminationType"),
        (retry("{\"foo\":1}"), 400, "body.none", "body"),
        (
            terminate(ok).without("content-type"),
            400,
            "header.content-type.required",
            "Content-Type",
        ),
        (
            terminate(ok).set("content-type", "application/xml"),
            415,
            "header.content-type.json",
            "application/xml",
        ),
        (
            terminate(ok).set("content-type", "application/json;charset=latin1"),
            415,
            "header.content-type.json",
            "latin1",
        ),
        (
            Case {
                body: b"{\"a\":\"\xe9\"}".to_vec(),
                ..terminate("")
            },
            400,
            "body.json.utf8",
            "UTF-8",
        ),
        (
            terminate("{\"terminationType\":NaN}"),
            400,
            "body.json.malformed",
            "not valid JSON",
        ),
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
        (
            terminate("{}"),
            400,
            "terminate.type.required",
            "terminationType",
        ),
        (
            terminate(r#"{"terminationType":"graceful"}"#),
            400,
            "terminate.type.enum",
            "GRACEFUL or FORCEFUL",
        ),
        (
            terminate(r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":-1}"#),
            400,
            "terminate.timeout.range",
            "0 or more",
        ),
        (
            terminate(
                r#"{"terminationType":"FORCEFUL","additionalParams":{"x":12345678901234567890}}"#,
            ),
            400,
            "body.json.number",
            "12345678901234567890",
        ),
        (
            terminate(r#"{"terminationType":"FORCEFUL","zones":[{"name":"a"},{"name":""}]}"#),
            400,
            "terminate.zone",
            "zone 1",
        ),
    ];
    for (case, status, rule, mention) in cases {
        let denial = case.deny();
        assert_eq!(
            (denial.status, denial.rule.as_str()),
            (status, rule),
            "{}: {denial:?}",
            case.target
        );
        assert!(denial.detail.contains(mention), "{rule}: {}", denial.detail);
        assert_eq!(denial.violations[0].rule, rule);
        assert!(!denial.title.is_empty());
        assert!(
            matches!(field(&denial, "version"), Some("2.0.0" | "2.1.0")),
            "{rule}"
        );
    }
}

#[test]
fn answers_carry_the_fields_that_belong_to_them() {
    let method = call("PUT", "/vnf_instances/x").deny();
    assert_eq!(field(&method, "allow"), Some("DELETE, PATCH"));
    assert_eq!(
        field(&method, "version"),
        Some("2.0.0"),
        "the version asked for, as it is supported"
    );
    let version = terminate("{}").set("version", "9.0.0").deny();
    assert_eq!(
        field(&version, "version"),
        Some("2.1.0"),
        "the highest supported"
    );
    assert_eq!(
        version.title, "Title of header.version.supported",
        "the bundle declares this rule"
    );
    assert_eq!(version.violations[0].clause.as_deref(), Some("SOL003 5.4"));
    let token = terminate("{}")
        .with("authorization", "Bearer s3cr3t s3cr3t")
        .deny();
    assert_eq!(
        field(&token, "www-authenticate"),
        Some("Bearer error=\"invalid_request\"")
    );
    assert!(!format!("{token:?}").contains("s3cr3t"));
    let settings = [Setting::Option {
        name: "requireAuthorization".to_owned(),
        value: json!(true),
    }];
    let required = denial(terminate("{}").judge(&Context {
        settings: &settings,
        ..Context::default()
    }));
    assert_eq!(
        (required.status, field(&required, "www-authenticate")),
        (401, Some("Bearer realm=\"vnflcm\""))
    );
}

#[test]
fn all_violations_of_a_stage_are_reported() {
    let denial =
        terminate(r#"{"gracefulTerminationTimeout":99999999999999999999999,"additionalParams":1}"#)
            .deny();
    let mut found: Vec<_> = denial
        .violations
        .iter()
        .map(|violation| (violation.rule.as_str(), &violation.location))
        .collect();
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
fn facts_are_asked_for_once_and_decide() {
    let case = terminate(r#"{"terminationType":"FORCEFUL"}"#);
    let Outcome::Need(needed) = case.judge(&Context::default()) else {
        panic!("no facts are asked for")
    };
    let names: Vec<_> = needed
        .iter()
        .map(|query| (query.name.as_str(), query.variables.clone()))
        .collect();
    let variables = vec![("vnfInstanceId".to_owned(), ID.to_owned())];
    assert_eq!(
        names,
        [("vnfInstance", variables.clone()), ("openOps", variables)]
    );

    let one = [("vnfInstance", found(INSTANTIATED, None))];
    let Outcome::Need(needed) = case.judge(&Context {
        facts: &one,
        ..Context::default()
    }) else {
        panic!("openOps is still unknown")
    };
    assert_eq!(
        needed
            .iter()
            .map(|query| query.name.as_str())
            .collect::<Vec<_>>(),
        ["openOps"]
    );

    let open = r#"[{"id":"o-1","operationState":"PROCESSING"}]"#;
    let judge = |instance: FactAnswer<&'static [u8]>, ops: FactAnswer<&'static [u8]>| {
        case.judge(&Context {
            facts: &[("vnfInstance", instance), ("openOps", ops)],
            ..Context::default()
        })
    };
    assert_eq!(
        judge(found(INSTANTIATED, None), found("[]", None)),
        Outcome::Allow(vec![])
    );
    let absent = denial(judge(FactAnswer::Absent, found("[]", None)));
    assert_eq!(
        (absent.status, absent.rule.as_str()),
        (404, "resource.vnf-instance.exists")
    );
    assert!(absent.detail.contains(ID));
    assert_eq!(
        absent.violations[0].location,
        Location::Path("vnfInstanceId".to_owned())
    );
    let both = denial(judge(
        found(
            r#"{"id":"i-1","instantiationState":"NOT_INSTANTIATED"}"#,
            None,
        ),
        found(open, None),
    ));
    assert_eq!(both.status, 409);
    assert_eq!(
        both.violations
            .iter()
            .map(|violation| violation.detail.as_str())
            .collect::<Vec<_>>(),
        [
            "i-1 is NOT_INSTANTIATED".to_owned(),
            format!("the operation occurrence o-1 is open on {ID}")
        ]
    );

    // Without an answer, the VNFM decides, and a warning says so.
    for (answer, expected) in [
        (FactAnswer::Withheld, "fact.withheld"),
        (FactAnswer::Unavailable, "fact.unavailable"),
        (found("{}", None), "fact.unavailable"),
        (FactAnswer::Absent, "fact.absent"),
    ] {
        let outcome = findings(judge(found(INSTANTIATED, None), answer));
        assert_eq!(rules(&outcome), [(expected, Severity::Warn)]);
    }
    // A member that the rule reads is not there: the policy cannot judge.
    let broken = denial(judge(found("{}", None), found("[]", None)));
    assert_eq!(
        (broken.status, broken.rule.as_str(), broken.title.as_str()),
        (
            500,
            "terminate.state.instantiated",
            "Rule could not be evaluated"
        )
    );
}

#[test]
fn a_guard_spares_facts() {
    let case = call("DELETE", "/vnf_instances/x");
    let names = |outcome: Outcome| match outcome {
        Outcome::Need(needed) => needed
            .into_iter()
            .map(|query| query.name)
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(names(case.judge(&Context::default())), ["vnfInstance"]);
    let idle = [(
        "vnfInstance",
        found(
            r#"{"id":"x","instantiationState":"NOT_INSTANTIATED"}"#,
            None,
        ),
    )];
    assert_eq!(
        case.judge(&Context {
            facts: &idle,
            ..Context::default()
        }),
        Outcome::Allow(vec![])
    );
    let running = [("vnfInstance", found(INSTANTIATED, None))];
    assert_eq!(
        names(case.judge(&Context {
            facts: &running,
            ..Context::default()
        })),
        ["openOps"]
    );
}

#[test]
fn if_match_is_compared_strongly() {
    let tags: &[(&str, Option<&str>, Option<Severity>)] = &[
        ("\"1\"", Some("\"1\""), None),
        ("\"0\", \"1\"", Some("\"1\""), None),
        ("*", Some("\"1\""), None),
        ("\"x\"", None, None),
        ("\"x\"", Some("\"1\""), Some(Severity::Deny)),
        ("1", Some("\"1\""), Some(Severity::Deny)),
        ("W/\"1\"", Some("\"1\""), Some(Severity::Warn)),
        ("W/\"1\"", Some("W/\"1\""), Some(Severity::Warn)),
    ];
    for (sent, current, expected) in tags {
        let case = call("DELETE", "/vnf_instances/x").with("if-match", sent);
        let facts = [(
            "vnfInstance",
            found(
                r#"{"id":"x","instantiationState":"NOT_INSTANTIATED"}"#,
                *current,
            ),
        )];
        match (
            case.judge(&Context {
                facts: &facts,
                ..Context::default()
            }),
            expected,
        ) {
            (Outcome::Allow(found), None) => assert_eq!(found, [], "{sent}"),
            (Outcome::Allow(found), Some(severity)) => assert_eq!(
                (rules(&found), found[0].status),
                (vec![("header.if-match", *severity)], 412),
                "{sent}"
            ),
            (Outcome::Deny(denial), Some(Severity::Deny)) => assert!(
                denial.status == 412 && denial.detail.contains("If-Match"),
                "{sent}"
            ),
            (other, _) => panic!("{sent}: {other:?}"),
        }
    }
}

#[test]
fn options_and_severities() {
    let body = r#"{"terminationType":"FORCEFUL","gracefulTerminationTimeout":10.0}"#;
    let facts = [
        ("vnfInstance", found(INSTANTIATED, None)),
        (
            "openOps",
            found(r#"[{"id":"o","operationState":"STARTING"}]"#, None),
        ),
    ];
    let judge = |target: &str, settings: &[Setting]| {
        let case = Case {
            target: format!("{target}/vnf_instances/{ID}/terminate"),
            ..terminate(body)
        };
        case.judge(&Context {
            facts: &facts,
            settings,
            ..Context::default()
        })
    };
    let option = |name: &str, value: Value| Setting::Option {
        name: name.to_owned(),
        value,
    };
    let severity = |rule: &str, severity| Setting::Severity {
        rule: rule.to_owned(),
        severity,
    };

    let first = denial(judge("/vnflcm/v2", &[]));
    assert_eq!(first.rule, "terminate.state.in-progress");
    assert_eq!(
        rules(&first.findings),
        [("terminate.forceful.timeout", Severity::Warn)]
    );
    assert_eq!(
        denial(judge("/telco/api/vnflcm/v2", &[])).rule,
        "terminate.forceful.timeout",
        "the API root sets strict"
    );
    assert_eq!(
        denial(judge(
            "/telco/api/vnflcm/v2",
            &[option("strict", json!(false))]
        ))
        .rule,
        "terminate.state.in-progress",
        "a setting wins over the API root"
    );
    assert_eq!(
        denial(judge(
            "/vnflcm/v2",
            &[
                option("strict", json!(true)),
                option("schemaErrorStatus", json!(422))
            ]
        ))
        .status,
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
    assert_eq!(
        rules(&relaxed),
        [("terminate.state.in-progress", Severity::Warn)]
    );

    // A rule that is off asks for no fact.
    let off = [
        severity("terminate.state.in-progress", Severity::Off),
        severity("terminate.state.instantiated", Severity::Off),
        severity("resource.vnf-instance.exists", Severity::Off),
    ];
    assert!(matches!(
        terminate(body).judge(&Context {
            settings: &off,
            ..Context::default()
        }),
        Outcome::Allow(_)
    ));

    let outside = [option("outsideApiRoot", json!("pass"))];
    let judge = |target: &str| {
        Case {
            target: target.to_owned(),
            ..terminate("")
        }
        .judge(&Context {
            settings: &outside,
            ..Context::default()
        })
    };
    assert_eq!(judge("/other/api"), Outcome::Allow(vec![]));
    for target in [
        "/vnflcm/v2/nope",
        "/x/../vnflcm/v2/vnf_instances",
        "/vnflcm%2Fv2/vnf_instances",
        "//vnflcm/v2/vnf_instances",
        "/vnflcm/v1/vnf_instances",
    ] {
        assert_eq!(denial(judge(target)).status, 404, "{target}");
    }
}

#[test]
fn monitor_mode_reports_and_goes_on() {
    let case = terminate(r#"{"terminationType":"x"}"#)
        .without("version")
        .set("accept", "text/html");
    let facts = [
        ("vnfInstance", FactAnswer::Absent),
        (
            "openOps",
            found(r#"[{"id":"o","operationState":"STARTING"}]"#, None),
        ),
    ];
    // The bundle keeps four findings of an evaluation.
    let monitor = Context {
        mode: Mode::Monitor,
        facts: &facts,
        ..Context::default()
    };
    let outcome = findings(case.judge(&monitor));
    assert_eq!(
        rules(&outcome),
        [
            "header.version.required",
            "header.accept.json",
            "terminate.type.enum",
            "resource.vnf-instance.exists"
        ]
        .map(|rule| (rule, Severity::Deny))
    );
    let unreadable = findings(terminate("{").judge(&monitor));
    assert_eq!(
        rules(&unreadable)
            .iter()
            .map(|(rule, _)| *rule)
            .collect::<Vec<_>>(),
        [
            "body.json.malformed",
            "resource.vnf-instance.exists",
            "terminate.state.in-progress"
        ]
    );
    assert_eq!(
        findings(call("PUT", "/vnf_instances/x").judge(&monitor))[0].status,
        405
    );
}

#[test]
fn callers() {
    let case = call("DELETE", "/vnf_instances/x");
    let judge = |caller: Option<&Caller>| {
        case.judge(&Context {
            caller,
            ..Context::default()
        })
    };
    let known = |roles: &[&str]| Caller {
        subject: Some("s".to_owned()),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        ..Caller::default()
    };
    assert!(matches!(judge(None), Outcome::Need(_)));
    assert!(matches!(
        judge(Some(&known(&["operator"]))),
        Outcome::Need(_)
    ));
    let refused = denial(judge(Some(&known(&["reader"]))));
    assert_eq!(
        (refused.status, refused.detail.as_str()),
        (403, "the role operator is needed")
    );
}

#[test]
fn what_passes() {
    let facts = [
        ("vnfInstance", found(INSTANTIATED, None)),
        ("openOps", found("[]", None)),
        (
            "opOcc",
            found(r#"{"id":"o","operationState":"FAILED_TEMP"}"#, None),
        ),
    ];
    let context = Context {
        facts: &facts,
        ..Context::default()
    };
    let ok = r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":10.0,"vendorExtension":{"x":[1]}}"#;
    let retry = |body: &str| Case {
        body: body.as_bytes().to_vec(),
        ..call("POST", "/vnf_lcm_op_occs/%36fc/retry")
    };
    let cases = [
        terminate(ok),
        terminate(" \r\n\t{ \"terminationType\" : \"FORCEFUL\" }\n"),
        terminate(ok).set("version", " 2.1.7-impl:example.com:p:1 "),
        terminate(ok).with("authorization", "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        terminate(ok).set("content-type", "Application/JSON;charset=\"UTF-8\""),
        terminate(ok).with("priority", "5"),
        Case {
            target: format!("/vnflcm/v2/vnf%5Finstances/{ID}/%74erminate"),
            ..terminate(ok)
        },
        retry(""),
        retry(" {} ").with("content-type", "text/plain"),
        call(
            "GET",
            "/vnf_instances?filter=%28eq%2CvnfInstanceName%2Cmy%20vnf%29&fields=metadata/a,id&exclude_default&",
        ),
        call("GET", "/vnf_instances?all_fields"),
    ];
    for case in cases {
        assert_eq!(
            case.judge(&context),
            Outcome::Allow(vec![]),
            "{}",
            case.target
        );
    }
    let tolerated = Case {
        method: "PATCH",
        target: format!("/vnflcm/v2/vnf_instances/{ID}"),
        ..terminate("{}")
    };
    assert_eq!(
        denial(tolerated.judge(&context)).rule,
        "header.content-type.merge-patch"
    );
    let warn = [Setting::Severity {
        rule: "header.content-type.merge-patch".to_owned(),
        severity: Severity::Warn,
    }];
    assert_eq!(
        rules(&findings(tolerated.judge(&Context {
            settings: &warn,
            ..context
        }))),
        [("header.content-type.merge-patch", Severity::Warn)]
    );
}

#[test]
fn the_engine_says_what_it_reads_and_where_a_request_leads() {
    let engine = engine();
    assert_eq!(
        engine.wanted_fields(),
        [
            "accept",
            "authorization",
            "content-type",
            "if-match",
            "priority",
            "reason",
            "version"
        ]
    );
    assert_eq!(
        engine.route(
            "POST",
            &format!("/vnflcm/v2/vnf_instances/{ID}/terminate?x")
        ),
        Some("terminate")
    );
    assert_eq!(
        engine.route("GET", &format!("/vnflcm/v2/vnf_instances/{ID}/terminate")),
        None
    );
    assert_eq!(engine.route("GET", "/"), None);
    assert_eq!(engine.bundle().name, "test");
}

#[test]
fn bundles_that_cannot_be_compiled() {
    fn rule_mut<'v>(bundle: &'v mut Value, id: &str) -> &'v mut Value {
        bundle["rules"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .find(|rule| rule["id"] == id)
            .unwrap()
    }
    let expression = |id: &'static str, member: &'static str, source: &'static str| {
        init_error(move |bundle| rule_mut(bundle, id)["kind"]["require"][member] = json!(source))
    };
    assert!(matches!(
        init_error(|b| b["format"] = json!(99)),
        InitError::Format { found: 99, .. }
    ));
    assert!(matches!(
        init_error(|b| b["limits"]["depth"] = json!(100_000)),
        InitError::Limit { name: "depth", .. }
    ));
    assert!(matches!(
        init_error(|b| b["apiRoots"][0]["path"] = json!("/a/")),
        InitError::ApiRoot { .. }
    ));
    assert!(matches!(
        init_error(|b| b["apiRoots"][0]["options"] = json!({"nope": 1})),
        InitError::Option { .. }
    ));
    assert!(matches!(
        init_error(|b| b["options"][0]["default"] = json!("yes")),
        InitError::Option { .. }
    ));
    assert!(matches!(
        init_error(|b| rule_mut(b, "header.if-match")["id"] = json!("terminate.body")),
        InitError::Duplicate { .. }
    ));
    assert!(
        matches!(init_error(|b| b["schemas"]["Modify"]["x-rule"] = json!("nope")), InitError::UnknownRule { rule, .. } if rule == "nope")
    );
    assert!(matches!(
        init_error(|b| b["schemas"]["Modify"]["$ref"] = json!("#/components/schemas/Nope")),
        InitError::Schema { .. }
    ));
    assert!(matches!(
        init_error(|b| b["schemas"]["Modify"]["pattern"] = json!("(?=x)")),
        InitError::Schema { .. }
    ));
    assert!(matches!(
        init_error(|b| rule_mut(b, "header.if-match")["kind"]["ifMatch"]["fact"] = json!("nope")),
        InitError::UnknownFact { .. }
    ));
    assert!(matches!(
        init_error(|b| rule_mut(b, "header.if-match")["operations"] = json!(["nope"])),
        InitError::UnknownOperation { .. }
    ));
    assert!(matches!(
        init_error(|b| rule_mut(b, "header.if-match")["operations"] = json!(["retry"])),
        InitError::FactVariable { .. }
    ));
    let cases = [
        ("retry.state.failed-temp", "require", "opOcc."),
        ("retry.state.failed-temp", "require", "nope.x"),
        ("retry.state.failed-temp", "require", "item == 1"),
        (
            "retry.state.failed-temp",
            "detail",
            "opOcc.id.matches(opOcc.id)",
        ),
        ("retry.state.failed-temp", "stage", "head"),
        ("terminate.forceful.timeout", "stage", "query"),
        ("head.reason", "require", "headers.size() == 0"),
        ("head.reason", "require", "headers['Reason'] == ''"),
        ("head.reason", "require", "headers[method] == ''"),
        ("terminate.state.in-progress", "require", "variables.nope"),
    ];
    for (id, member, source) in cases {
        match expression(id, member, source) {
            InitError::Expression { rule, .. } => assert_eq!(rule, id, "{source}"),
            other => panic!("{source}: {other}"),
        }
    }
}
