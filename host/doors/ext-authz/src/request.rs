//! Turns Envoy's question into the request that the gate judges.
//!
//! If Envoy has changed, cut or left out part of the request on the way here, the
//! request is refused: the VNFM would get something else than what was judged.

use bytes::Bytes;
use envoy_types::ext_authz::v3::pb::CheckRequest;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Peer};
use http::header::{HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use solgate::Request;
use solgate::ambiguity::{SINGLETONS, check_host};
use solgate::fault::Fault;
use solgate_gateway::pipeline::{Arrival, headed};

use super::caller::caller;

/// Envoy's own field: whether the body that it sends here is only the start of it.
/// What a client sends under this name does not come here.
const PARTIAL: &str = "x-envoy-auth-partial-body";

/// The most that a header map holds.
const FIELD_LIMIT: usize = 1 << 15;

/// What Envoy asks about.
#[derive(Debug)]
pub struct Asked {
    /// As far as there is one, and without its body.
    pub request: Request,
    /// The client, as far as Envoy knows it.
    pub source: Option<Peer>,
    /// Or why there is no request that could be judged.
    pub content: Result<Content, Fault>,
}

/// The body of the request, or the start of it.
#[derive(Debug)]
pub struct Content {
    pub body: Bytes,
    pub complete: bool,
}

/// Takes the request out of a check; `jwt_payload` is where Envoy keeps the caller's
/// claims. What is not as the VNFM would get it has no content.
pub fn read(check: CheckRequest, jwt_payload: &str, arrival: Arrival) -> Asked {
    let mut attributes = check.attributes.unwrap_or_default();
    let http = attributes.request.as_mut().and_then(|request| request.http.take());
    let mut http = http.unwrap_or_default();
    let (method, target) = (std::mem::take(&mut http.method), std::mem::take(&mut http.path));
    let caller = Some(caller(&attributes, jwt_payload));
    let source = attributes.source.take();
    if method.is_empty() || target.is_empty() {
        let fault = Fault::Handover("there is no HTTP request in the check".to_owned());
        let request = headed(String::new(), String::new(), HeaderMap::new(), caller, arrival);
        return Asked { request, source, content: Err(fault) };
    }
    let mut request = headed(method, target, HeaderMap::new(), caller, arrival);
    let content = content(http, &mut request.headers);
    Asked { request, source, content }
}

/// All but the request line; the fields go into `headers`, as far as they can be read.
fn content(http: HttpRequest, headers: &mut HeaderMap) -> Result<Content, Fault> {
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
            ":authority" => append(headers, HOST, &value)?,
            pseudo if pseudo.starts_with(':') => {}
            name => {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                    Fault::MalformedHead("a field name holds a character that is not allowed".to_owned())
                })?;
                append(headers, name, &value)?;
            }
        }
    }
    if !headers.contains_key(HOST) && !http.host.is_empty() {
        append(headers, HOST, http.host.as_bytes())?;
    }
    if joined {
        check_joined(headers)?;
    }
    if let Some(host) = headers.get(HOST) {
        check_host(host.as_bytes()).map_err(|reason| Fault::BadHost { reason: reason.to_owned() })?;
    }
    if !http.body.is_empty() {
        let what = "its body came as text, in which Envoy replaces what is not UTF-8; set pack_as_bytes: true";
        return Err(Fault::Handover(what.to_owned()));
    }
    // Content-Length tells whether a body is missing; a chunked one needs Envoy's word.
    if partial.is_none() && headers.contains_key(TRANSFER_ENCODING) {
        let what = "it has a body, and Envoy does not say that it has read the body; set with_request_body";
        return Err(Fault::Handover(what.to_owned()));
    }
    Ok(Content { body: http.raw_body.into(), complete: partial != Some(true) })
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
