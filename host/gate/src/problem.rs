//! ProblemDetails (RFC 9457; ETSI GS NFV-SOL 013, 6.3): what a refused request
//! is answered.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
pub use solgate_contract::verdict::{Location, Violation};

/// An answer that refuses a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub status: StatusCode,
    /// The rule or [fault](crate::fault::Fault) that decided.
    pub rule: String,
    /// The same for every occurrence.
    pub title: String,
    pub detail: String,
    /// The path of the request that was refused.
    pub instance: Option<String>,
    pub violations: Vec<Violation>,
    /// Response fields beside Content-Type and Content-Length.
    pub headers: HeaderMap,
}

/// How problems are written down; the same for all answers of a gate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProblemStyle {
    /// Base URI to which the rule id is appended to give `type`; without it
    /// `type` is left out, which means `about:blank`.
    pub type_base: Option<String>,
    /// Answer as `application/json` instead of `application/problem+json`.
    pub plain_json: bool,
    /// Value of the Version field of answers that carry none of their own: the
    /// highest supported version of the API.
    pub version: Option<HeaderValue>,
}

#[derive(Serialize)]
struct Details<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    violations: Vec<Entry<'a>>,
}

/// A location as its reader gets it: one of these, or none for the request as a
/// whole.
#[derive(Serialize)]
pub struct Place<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
}

impl<'a> From<&'a Location> for Place<'a> {
    fn from(location: &'a Location) -> Self {
        let (pointer, header, parameter) = match location {
            Location::Request => (None, None, None),
            Location::Body(pointer) => (Some(pointer.as_str()), None, None),
            Location::Header(name) => (None, Some(name.as_str()), None),
            Location::Query(name) | Location::Path(name) => (None, None, Some(name.as_str())),
        };
        Self { pointer, header, parameter }
    }
}

/// A violation as its reader gets it.
#[derive(Serialize)]
pub struct Entry<'a> {
    rule: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<&'a str>,
}

impl<'a> From<&'a Violation> for Entry<'a> {
    fn from(violation: &'a Violation) -> Self {
        Self {
            rule: &violation.rule,
            place: Place::from(&violation.location),
            detail: &violation.detail,
            clause: violation.clause.as_deref(),
        }
    }
}

impl Problem {
    /// The body, as JSON text.
    #[must_use]
    pub fn body(&self, style: &ProblemStyle) -> Bytes {
        let details = Details {
            kind: style.type_base.as_ref().map(|base| format!("{base}{}", self.rule)),
            title: &self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: self.instance.as_deref(),
            violations: self.violations.iter().map(Entry::from).collect(),
        };
        // Strings and numbers only: serialising cannot fail.
        serde_json::to_vec(&details).unwrap_or_default().into()
    }

    /// The whole answer.
    #[must_use]
    pub fn response(&self, style: &ProblemStyle) -> http::Response<Bytes> {
        let body = self.body(style);
        let mut response = http::Response::new(Bytes::new());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.extend(self.headers.clone());
        if let Some(version) = &style.version {
            headers.entry(HeaderName::from_static("version")).or_insert_with(|| version.clone());
        }
        let media_type = if style.plain_json { "application/json" } else { "application/problem+json" };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        *response.body_mut() = body;
        response
    }

    /// The same problem with one more response field.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
