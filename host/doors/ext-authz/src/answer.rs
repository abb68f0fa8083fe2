//! From what the gate decides to what Envoy understands.

use bytes::Bytes;
use envoy_types::ext_authz::v3::pb::{
    CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValueOption, HttpResponse, HttpStatus, OkHttpResponse,
};
use envoy_types::pb::envoy::config::core::v3;
use envoy_types::pb::google::protobuf::value::Kind;
use envoy_types::pb::google::protobuf::{ListValue, Struct, Value};
use envoy_types::pb::google::rpc;
use http::header::{CONTENT_LENGTH, WARNING};
use http::{HeaderName, HeaderValue, Response};
use serde_json::json;
use solgate_gateway::pipeline::Exchange;
use solgate_telemetry::line::RequestLine;
use tonic::Code;

/// Envoy is to forward the request, and to warn the client.
#[must_use]
pub fn allow(warnings: &[HeaderValue], line: &RequestLine) -> CheckResponse {
    response(Code::Ok, HttpResponse::OkResponse(allowed(warnings)), line)
}

/// Envoy is to send this answer instead.
#[must_use]
pub fn deny(answer: &Response<Bytes>, exchange: &mut Exchange) -> CheckResponse {
    exchange.answered_with(answer);
    response(Code::PermissionDenied, HttpResponse::DeniedResponse(denied(answer)), exchange.line())
}

fn response(code: Code, response: HttpResponse, line: &RequestLine) -> CheckResponse {
    CheckResponse {
        status: Some(rpc::Status { code: code.into(), ..rpc::Status::default() }),
        dynamic_metadata: structure(decision(line)),
        http_response: Some(response),
    }
}

/// The decision as dynamic metadata, for access logs and for the filters that come later.
fn decision(line: &RequestLine) -> serde_json::Value {
    let policies = line.policies.iter().map(|policy| json!({"name": policy.name, "digest": policy.digest}));
    json!({
        "id": line.id,
        "verdict": line.verdict.as_str(),
        "operation": line.operation,
        "rule": line.rule,
        "findings": line.findings,
        "policies": policies.collect::<Vec<_>>(),
    })
}

fn allowed(warnings: &[HeaderValue]) -> OkHttpResponse {
    let fields = warnings.iter().map(|value| option(&WARNING, value, HeaderAppendAction::AppendIfExistsOrAdd));
    OkHttpResponse { response_headers_to_add: fields.collect(), ..OkHttpResponse::default() }
}

fn denied(answer: &Response<Bytes>) -> DeniedHttpResponse {
    let mut headers: Vec<HeaderValueOption> = Vec::new();
    for name in answer.headers().keys().filter(|name| *name != CONTENT_LENGTH) {
        // The first value replaces what Envoy would send by itself.
        let mut action = HeaderAppendAction::OverwriteIfExistsOrAdd;
        for value in answer.headers().get_all(name) {
            headers.push(option(name, value, action));
            action = HeaderAppendAction::AppendIfExistsOrAdd;
        }
    }
    DeniedHttpResponse {
        status: Some(HttpStatus { code: answer.status().as_u16().into() }),
        headers,
        body: String::from_utf8_lossy(answer.body()).into_owned(),
    }
}

fn option(name: &HeaderName, value: &HeaderValue, action: HeaderAppendAction) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(v3::HeaderValue {
            key: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
            raw_value: Vec::new(),
        }),
        append_action: action.into(),
        ..HeaderValueOption::default()
    }
}

fn structure(json: serde_json::Value) -> Option<Struct> {
    match value(json).kind {
        Some(Kind::StructValue(object)) => Some(object),
        _ => None,
    }
}

fn value(json: serde_json::Value) -> Value {
    let kind = match json {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(truth) => Kind::BoolValue(truth),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Kind::StringValue(text),
        serde_json::Value::Array(list) => Kind::ListValue(ListValue { values: list.into_iter().map(value).collect() }),
        serde_json::Value::Object(members) => Kind::StructValue(Struct {
            fields: members.into_iter().map(|(name, member)| (name, value(member))).collect(),
        }),
    };
    Value { kind: Some(kind) }
}
