//! Answers: JSON, problems, the files of the page.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::Value;

pub(crate) type Answer = Response<Full<Bytes>>;

/// The page takes everything from this server, and from nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
     font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// On every answer.
const FIELDS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(crate) fn bytes(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    let fields = answer.headers_mut();
    for (name, value) in FIELDS {
        fields.insert(name, HeaderValue::from_static(value));
    }
    fields.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

pub(crate) fn json(value: &Value) -> Answer {
    bytes(StatusCode::OK, "application/json", value.to_string())
}

/// A ProblemDetails; `more` are members beside those of RFC 9457.
pub(crate) fn problem(status: StatusCode, title: &str, detail: &str, more: Value) -> Answer {
    let mut members = serde_json::Map::new();
    members.insert("status".to_owned(), status.as_u16().into());
    members.insert("title".to_owned(), title.into());
    members.insert("detail".to_owned(), detail.into());
    if let Value::Object(more) = more {
        members.extend(more);
    }
    bytes(status, "application/problem+json", Value::Object(members).to_string())
}

/// Words for whoever has opened an address in a browser.
pub(crate) fn words(status: StatusCode, text: &str) -> Answer {
    bytes(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

pub(crate) fn method_not_allowed(allowed: &'static str) -> Answer {
    let mut answer = problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "This address does not have the method",
        &format!("Send {allowed}."),
        Value::Null,
    );
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}
