//! Requests in which the way to the gate matters: framing, sizes, repeated fields,
//! encodings. What is right is what the library says of them.

use std::sync::Arc;

use serde_json::json;
use solgate::gate::Mode;
use solgate_cases::{Case, Expect, FactGiven, Verdict};

use super::asked::{Answers, Asked, Sent};
use crate::default_policy;

const INSTANCES: &str = "/vnflcm/v2/vnf_instances";
const TERMINATE: &str = "/vnflcm/v2/vnf_instances/vnf-1/terminate";
const GRACEFUL: &str = r#"{"terminationType":"GRACEFUL"}"#;

/// A request in the making.
struct Draft {
    label: String,
    method: &'static str,
    target: String,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
    sent: Sent,
}

impl Draft {
    /// A request without body that the policy allows.
    fn get(label: &str, target: impl Into<String>) -> Self {
        let fields = vec![("version", "2.0.0".to_owned()), ("accept", "application/json".to_owned())];
        Self {
            label: label.to_owned(),
            method: "GET",
            target: target.into(),
            fields,
            body: Vec::new(),
            sent: Sent::WithLength,
        }
    }

    /// A terminate with this body.
    fn terminate(label: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut draft = Self::get(label, TERMINATE);
        draft.method = "POST";
        draft.body = body.into();
        draft.with("content-type", "application/json")
    }

    fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(have, _)| *have != name);
        self
    }

    fn chunked(mut self) -> Self {
        self.sent = Sent::Chunked;
        self
    }
}

/// A terminate of exactly so many bytes.
fn padded(size: usize) -> String {
    format!("{GRACEFUL}{}", " ".repeat(size.saturating_sub(GRACEFUL.len())))
}

fn drafts() -> Vec<Draft> {
    let limit = default_policy().body_limit();
    vec![
        // ---- body and framing ---------------------------------------------------------
        Draft::terminate("a body of exactly the limit", padded(limit)),
        Draft::terminate("a body of one byte more than the limit", padded(limit + 1)),
        Draft::terminate("a body of twice the limit", padded(2 * limit)),
        Draft::terminate("a body of 20 KB with a wrong value", padded(20_000).replace("GRACEFUL", "SOON")),
        Draft::terminate("a body of 200 KB with a wrong value", padded(200_000).replace("GRACEFUL", "SOON")),
        Draft::terminate("a body of 200 KB", padded(200_000)),
        Draft::terminate("a chunked body", padded(3000)).chunked(),
        Draft::terminate("a chunked body with a wrong value", padded(3000).replace("GRACEFUL", "SOON")).chunked(),
        Draft::terminate("a chunked body of one byte more than the limit", padded(limit + 1)).chunked(),
        Draft::terminate("a body that is announced with Expect", GRACEFUL).with("expect", "100-continue"),
        Draft::terminate("a wrong body that is announced with Expect", "{}").with("expect", "100-continue"),
        Draft::terminate("no body, and Content-Length says so", "").with("content-length", "0"),
        Draft::terminate("no body, and nothing says so", ""),
        Draft::terminate("a body that is not UTF-8", b"{\"terminationType\":\"GRACEFUL\",\"a\":\"\xff\"}".to_vec()),
        Draft::terminate("a body with a byte order mark", format!("\u{feff}{GRACEFUL}")),
        Draft::terminate("a body in Greek and Chinese", r#"{"terminationType":"ΗΠΙΑ 温和"}"#),
        Draft::terminate("a body whose member occurs twice", r#"{"terminationType":"FORCEFUL","terminationType":"x"}"#),
        Draft::terminate("a body with a content coding", GRACEFUL).with("content-encoding", "gzip"),
        // ---- header fields --------------------------------------------------------------
        Draft::get("two Version fields", INSTANCES).with("version", "2.0.0"),
        Draft::get("two Version fields that differ", INSTANCES).with("version", "1.0.0"),
        Draft::get("two Accept fields", INSTANCES).with("accept", "text/plain"),
        Draft::terminate("two Content-Type fields", GRACEFUL).with("content-type", "text/plain"),
        Draft::get("two Authorization fields", INSTANCES)
            .with("authorization", "Bearer a")
            .with("authorization", "Bearer b"),
        Draft::get("no Version field", INSTANCES).without("version"),
        Draft::get("a field in Greek", INSTANCES).with("x-comment", "ήπια"),
        Draft::get("ninety fields", INSTANCES)
            .with("x-first", "1")
            .also((0..80).map(|number| ("x-more", number.to_string()))),
        Draft::get("a method override", INSTANCES).with("x-http-method-override", "DELETE"),
        Draft::terminate("a field with an underscore for a dash", GRACEFUL).with("content_type", "text/plain"),
        Draft::get("Connection names a judged field", INSTANCES).with("connection", "version"),
        // ---- target ----------------------------------------------------------------------
        Draft::get("an encoded letter in the path", "/vnflcm/v2/vnf%5Finstances"),
        Draft::get("an encoded slash in an identifier", "/vnflcm/v2/vnf_instances/a%2Fb"),
        Draft::get("two slashes", "/vnflcm/v2//vnf_instances"),
        Draft::get("a dot segment", "/vnflcm/v2/x/../vnf_instances"),
        Draft::get("an encoded dot segment", "/vnflcm/v2/x/%2e%2e/vnf_instances"),
        Draft::get("an encoded query", "/vnflcm/v2/vnf_instances?filter=%28eq,vnfInstanceName,%CE%B1%29"),
        Draft::get("an unknown query parameter", "/vnflcm/v2/vnf_instances?colour=red"),
        Draft::get("a target of 9,000 bytes", format!("{INSTANCES}?filter={}", "a".repeat(9_000))),
        Draft::get("a path outside the API", "/"),
        Draft::get("an unknown resource", "/vnflcm/v2/nothing"),
        // ---- methods ----------------------------------------------------------------------
        Draft::get("HEAD of a list", INSTANCES).method("HEAD"),
        Draft::get("HEAD without Version", INSTANCES).method("HEAD").without("version"),
        Draft::get("a method that nobody knows", INSTANCES).method("CONJURE"),
        Draft::get("PUT of a list", INSTANCES).method("PUT"),
        Draft::get("OPTIONS of a list", INSTANCES).method("OPTIONS"),
        Draft::get("a retry with a body", "/vnflcm/v2/vnf_lcm_op_occs/occ-1/retry")
            .method("POST")
            .with("content-type", "application/json")
            .with_body("{}"),
        Draft::get("a retry", "/vnflcm/v2/vnf_lcm_op_occs/occ-1/retry").method("POST"),
    ]
}

impl Draft {
    fn also(mut self, fields: impl Iterator<Item = (&'static str, String)>) -> Self {
        self.fields.extend(fields);
        self
    }

    fn with_body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }
}

/// All of them, before a VNFM with an instance that may be terminated and an
/// occurrence that may be retried.
#[must_use]
pub fn requests() -> Vec<Asked> {
    let answer: Answers = Arc::new(|request| {
        let body = match request.template.name.as_str() {
            "vnfInstance" => json!({"id": "vnf-1", "instantiationState": "INSTANTIATED"}),
            "opOcc" => {
                json!({"id": "occ-1", "operationState": "FAILED_TEMP", "operation": "SCALE", "vnfInstanceId": "vnf-1"})
            }
            _ if request.template.list => json!([]),
            _ => return Some(FactGiven::Absent),
        };
        Some(FactGiven::Found { etag: None, body })
    });
    let asked = |draft: Draft| Asked {
        label: draft.label.clone(),
        sent: draft.sent,
        case: Case {
            name: draft.label,
            file: file!().to_owned(),
            line: 0,
            method: draft.method.to_owned(),
            target: draft.target,
            fields: draft.fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body: draft.body,
            body_complete: true,
            facts: Default::default(),
            settings: Vec::new(),
            caller: None,
            at: 1_767_268_800_000,
            mode: Mode::Enforce,
            expect: Expect::new(Verdict::Allow),
        },
        answer: Arc::clone(&answer),
    };
    drafts().into_iter().map(asked).collect()
}
