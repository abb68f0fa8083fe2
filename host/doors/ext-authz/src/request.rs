//! From what Envoy asks to the request that the gate judges.
//!
//! What Envoy has changed, cut or left out on the way here is refused: the VNFM
//! would get something else than what was judged.

use std::time::SystemTime;

use bytes::Bytes;
use envoy_types::ext_authz::v3::pb::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::HttpRequest;
use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use solgate::Request;
use solgate::ambiguity::SINGLETONS;
use solgate::fault::Fault;

use super::caller::caller;

/// Envoy's own field: whether the body that it sends here is only the start of it.
/// What a client sends under this name does not come here.
const PARTIAL: &str = "x-envoy-auth-partial-body";

/// The most that a header map holds.
const FIELD_LIMIT: usize = 1 << 15;

/// A check that holds no request which could be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub fault: Fault,
    pub method: String,
    pub target: String,
}

/// The request in a check; `jwt_payload` is where Envoy keeps the caller's claims.
///
/// # Errors
/// There is none, or it is not what the VNFM would get.
pub fn request(check: CheckRequest, jwt_payload: &str, received_at: SystemTime) -> Result<Request, Refused> {
    let mut attributes = check.attributes.unwrap_or_default();
    let http = attributes.request.as_mut().and_then(|request| request.http.take());
    let Some(mut http) = http.filter(|http| !http.method.is_empty() && !http.path.is_empty()) else {
        let fault = Fault::Handover("there is no HTTP request in the check".to_owned());
        return Err(Refused { fault, method: String::new(), target: String::new() });
    };
    let method = std::mem::take(&mut http.method);
    let target = std::mem::take(&mut http.path);
    match message(http) {
        Ok(Message { headers, body, body_complete }) => Ok(Request {
            method,
            target,
            headers,
            body,
            body_complete,
            caller: Some(caller(&attributes, jwt_payload)),
            received_at,
        }),
        Err(fault) => Err(Refused { fault, method, target }),
    }
}

/// All but the request line.
struct Message {
    headers: HeaderMap,
    body: Bytes,
    body_complete: bool,
}

fn message(http: HttpRequest) -> Result<Message, Fault> {
    let mut headers = HeaderMap::new();
    let mut partial = None;
    let raw = http.header_map.map(|map| map.headers).unwrap_or_default();
    let joined = raw.is_empty();
    let fields = raw
        .into_iter()
        .map(|field| (field.key, if field.raw_value.is_empty() { field.value.into_bytes() } else { field.raw_value }))
        .chain(http.headers.into_iter().map(|(name, value)| (name, value.into_bytes())));
    for (name, value) in fields {
        match name.as_str() {
            PARTIAL => partial = Some(value != b"false"),
            ":authority" => append(&mut headers, HOST, &value)?,
            pseudo if pseudo.starts_with(':') => {}
            name => {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                    Fault::MalformedHead("a field name holds a character that is not allowed".to_owned())
                })?;
                append(&mut headers, name, &value)?;
            }
        }
    }
    if !headers.contains_key(HOST) && !http.host.is_empty() {
        append(&mut headers, HOST, http.host.as_bytes())?;
    }
    if joined {
        check_joined(&headers)?;
    }
    if !http.body.is_empty() {
        let what = "its body came as text, in which Envoy replaces what is not UTF-8; set pack_as_bytes: true";
        return Err(Fault::Handover(what.to_owned()));
    }
    // Content-Length tells whether a body is missing; a chunked one needs Envoy's word.
    if partial.is_none() && headers.contains_key(TRANSFER_ENCODING) {
        let what = "it has a body, and Envoy does not say that it has read it; set with_request_body";
        return Err(Fault::Handover(what.to_owned()));
    }
    Ok(Message { headers, body: http.raw_body.into(), body_complete: partial != Some(true) })
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) -> Result<(), Fault> {
    let value = HeaderValue::from_bytes(value).map_err(|_| Fault::BadFieldValue { name: name.as_str().to_owned() })?;
    headers.try_append(name, value).map(|_| ()).map_err(|_| Fault::TooManyFields { limit: FIELD_LIMIT })
}

/// Without `encode_raw_headers` Envoy joins the values of a repeated field by
/// commas, but forwards them one by one. None of these fields has a comma in it
/// unless it was repeated.
fn check_joined(headers: &HeaderMap) -> Result<(), Fault> {
    for name in SINGLETONS {
        let commas = headers
            .get_all(name)
            .iter()
            .map(|value| value.as_bytes().iter().filter(|byte| **byte == b',').count())
            .sum::<usize>();
        if commas > 0 {
            return Err(Fault::RepeatedField { name: name.to_owned(), count: commas.saturating_add(1) });
        }
    }
    Ok(())
}
