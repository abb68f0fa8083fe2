//! A small bundle, and requests to it.

use serde_json::{Value, json};
use solgate_engine::{
    Engine, InitError,
    ir::{Bundle, FORMAT, Severity},
    verdict::{Context, Denial, FactAnswer, Finding, Outcome, Request},
};

pub const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";

pub fn rule(id: &str, status: u16, kind: Value, operations: &[&str]) -> Value {
    json!({
        "id": id, "kind": kind, "operations": operations, "title": format!("Title of {id}"), "status": status,
        "severity": {"default": "deny"}, "doc": "", "clause": "SOL003 5.4",
    })
}

pub fn bundle() -> Value {
    let operation = |id: &str, method: &str, path: &str, body: Value| json!({"id": id, "method": method, "path": path, "version": true, "acceptRequired": id == "list", "produces": ["application/json"], "body": body});
    let task = |schema: &str, media: &str| json!({"required": true, "mediaTypes": [{"name": media}], "mediaTypeRule": format!("header.content-type.{}", if media.contains("merge") { "merge-patch" } else { "json" }), "schema": schema});
    let mut terminate = operation(
        "terminate",
        "POST",
        "/vnf_instances/{vnfInstanceId}/terminate",
        task("TerminateVnfRequest", "application/json"),
    );
    terminate["headers"] = json!([{"name": "Priority", "kind": "integer", "rule": "header.priority.integer"}]);
    let mut list = operation("list", "GET", "/vnf_instances", Value::Null);
    list["query"] = json!([
        {"name": "filter", "kind": "filter"}, {"name": "all_fields", "kind": "allFields"}, {"name": "exclude_default", "kind": "excludeDefault"},
        {"name": "fields", "kind": "fields", "attributes": ["id", "metadata"]}, {"name": "exclude_fields", "kind": "excludeFields"},
        {"name": "nextpage_opaque_marker", "kind": "opaque"},
    ]);
    let mut modify =
        operation("modify", "PATCH", "/vnf_instances/{vnfInstanceId}", task("Modify", "application/merge-patch+json"));
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
        "limits": {"bodyBytes": 2000, "targetBytes": 500, "depth": 8, "members": 50, "violations": 4},
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
            rule("header.if-match", 412, json!({"ifMatch": {"facts": ["vnfInstance"]}}), &["delete", "modify"]),
            rule("terminate.state.instantiated", 409, json!({"require": {"stage": "state", "require": "vnfInstance.instantiationState == 'INSTANTIATED'",
                "detail": "vnfInstance.id + ' is ' + vnfInstance.instantiationState"}}), &["terminate"]),
            in_progress,
            rule("retry.state.failed-temp", 409, json!({"require": {"stage": "state", "require": "opOcc.operationState == 'FAILED_TEMP'",
                "detail": "'retry needs FAILED_TEMP, but ' + opOcc.id + ' is in ' + opOcc.operationState"}}), &["retry"]),
            rule("delete.state.idle", 409, json!({"require": {"stage": "state", "when": "vnfInstance.instantiationState == 'INSTANTIATED'", "require": "openOps.size() == 0"}}), &["delete"]),
        ],
    })
}

pub fn engine() -> Engine {
    Engine::new(serde_json::from_value(bundle()).unwrap()).unwrap()
}

pub fn init_error(change: impl Fn(&mut Value)) -> InitError {
    let mut value = bundle();
    change(&mut value);
    Engine::new(serde_json::from_value::<Bundle>(value).unwrap()).expect_err("the bundle is not valid")
}

/// A request that passes, but for what a test changes.
#[derive(Clone)]
pub struct Case {
    pub method: &'static str,
    pub target: String,
    pub fields: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

pub fn terminate(body: &str) -> Case {
    Case {
        method: "POST",
        target: format!("/vnflcm/v2/vnf_instances/{ID}/terminate"),
        fields: [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")]
            .map(|(n, v)| (n, v.to_owned()))
            .to_vec(),
        body: body.as_bytes().to_vec(),
    }
}

pub fn call(method: &'static str, path: &str) -> Case {
    let mut case = terminate("");
    case.method = method;
    case.target = format!("/vnflcm/v2{path}");
    case.fields.pop();
    case
}

impl Case {
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    pub fn set(mut self, name: &'static str, value: &str) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self.with(name, value)
    }

    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| *known != name);
        self
    }

    pub fn judge(&self, context: &Context<'_>) -> Outcome {
        self.judge_by(&engine(), context)
    }

    pub fn judge_by(&self, engine: &Engine, context: &Context<'_>) -> Outcome {
        let fields: Vec<(&str, &str)> = self.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        engine.evaluate(
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

    pub fn deny(&self) -> Denial {
        denial(self.judge(&Context::default()))
    }
}

pub fn denial(outcome: Outcome) -> Denial {
    match outcome {
        Outcome::Deny(denial) => denial,
        other => panic!("not denied: {other:?}"),
    }
}

pub fn findings(outcome: Outcome) -> Vec<Finding> {
    match outcome {
        Outcome::Allow(findings) => findings,
        other => panic!("not allowed: {other:?}"),
    }
}

pub fn rules(findings: &[Finding]) -> Vec<(&str, Severity)> {
    findings.iter().map(|finding| (finding.violation.rule.as_str(), finding.severity)).collect()
}

pub fn found<'a>(body: &'a str, etag: Option<&str>) -> FactAnswer<&'a [u8]> {
    FactAnswer::Found { etag: etag.map(str::to_owned), body: body.as_bytes() }
}

pub const INSTANTIATED: &str = r#"{"id":"i-1","instantiationState":"INSTANTIATED"}"#;

pub fn field<'d>(denial: &'d Denial, name: &str) -> Option<&'d str> {
    denial.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
