//! Reads what C hands over. Everything is copied.
#![expect(unsafe_code, reason = "C hands pointers over")]

use std::net::IpAddr;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use solgate::fault::Fault;
use solgate::request::Caller;

use crate::types::{Field, Reply, Request, Text};

/// A request that cannot be judged, and why.
pub struct Unreadable {
    pub fault: Fault,
    /// As far as it is text.
    pub target: String,
}

/// The bytes of a text. Missing ones, contrary to the rules, count as none.
///
/// # Safety
/// `data` is NULL or leads to `length` bytes, which nobody writes to for `'a`.
pub unsafe fn bytes<'a>(text: Text) -> &'a [u8] {
    if text.data.is_null() || isize::try_from(text.length).is_err() {
        return &[];
    }
    // SAFETY: the caller says that it leads to this number of bytes.
    unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.length) }
}

/// # Safety
/// As for [`bytes`], with `fields` and `count`.
unsafe fn fields<'a>(fields: *const Field, count: usize) -> &'a [Field] {
    if fields.is_null() || count.checked_mul(size_of::<Field>()).is_none_or(|size| isize::try_from(size).is_err()) {
        return &[];
    }
    // SAFETY: the caller says that it leads to this number of fields.
    unsafe { std::slice::from_raw_parts(fields, count) }
}

/// # Safety
/// All pointers in `request` lead to what they are said to.
pub unsafe fn request(request: &Request) -> Result<solgate::Request, Unreadable> {
    // SAFETY: the caller says so, here and below.
    let target = unsafe { bytes(request.target) };
    let unreadable = |fault| Unreadable { fault, target: String::from_utf8_lossy(target).into_owned() };
    let malformed = |reason: &str| unreadable(Fault::MalformedHead(reason.to_owned()));
    let method = std::str::from_utf8(unsafe { bytes(request.method) }).unwrap_or_default();
    if http::Method::from_bytes(method.as_bytes()).is_err() {
        return Err(malformed("its method is not a token"));
    }
    let Ok(text) = std::str::from_utf8(target) else {
        return Err(malformed("its target is not UTF-8; percent-encode what is beyond ASCII"));
    };
    let mut headers = HeaderMap::with_capacity(request.field_count.min(64));
    for field in unsafe { fields(request.fields, request.field_count) } {
        let (name, value) = unsafe { (bytes(field.name), bytes(field.value)) };
        let Ok(name) = HeaderName::from_bytes(name) else {
            return Err(malformed("the name of a header field is not a token"));
        };
        let Ok(value) = HeaderValue::from_bytes(value) else {
            return Err(unreadable(Fault::BadFieldValue { name: name.as_str().to_owned() }));
        };
        if headers.try_append(name, value).is_err() {
            return Err(unreadable(Fault::TooManyFields { limit: headers.len() }));
        }
    }
    let caller = caller(unsafe { bytes(request.caller) }, unsafe { bytes(request.source_address) });
    Ok(solgate::Request {
        method: method.to_owned(),
        target: text.to_owned(),
        headers,
        body: Bytes::copy_from_slice(unsafe { bytes(request.body) }),
        body_complete: request.body_complete,
        caller: caller.map_err(|reason| unreadable(Fault::Internal(reason)))?,
        received_at: SystemTime::now(),
    })
}

/// A caller as the server writes it down.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Verified {
    subject: Option<String>,
    tenant: Option<String>,
    roles: Vec<String>,
    scopes: Vec<String>,
    certificate_names: Vec<String>,
}

fn caller(verified: &[u8], address: &[u8]) -> Result<Option<Caller>, String> {
    if verified.is_empty() && address.is_empty() {
        return Ok(None);
    }
    let verified = match verified {
        [] => Verified::default(),
        text => serde_json::from_slice(text)
            // Only an object: serde also takes a list for a structure.
            .and_then(|object: Map<String, Value>| serde_json::from_value(Value::Object(object)))
            .map_err(|_| "what the server says of the caller cannot be read")?,
    };
    let address = match address {
        [] => None,
        text => Some(std::str::from_utf8(text).ok().and_then(|text| text.parse::<IpAddr>().ok())),
    };
    Ok(Some(Caller {
        subject: verified.subject,
        tenant: verified.tenant,
        roles: verified.roles,
        scopes: verified.scopes,
        certificate_names: verified.certificate_names,
        // The address of a Unix socket is not an IP address.
        source_address: address.flatten().map(|address| address.to_string()),
    }))
}

/// The VNFM's answer; `None` if there is none that HTTP knows.
///
/// # Safety
/// All pointers in `reply` lead to what they are said to.
pub unsafe fn reply(reply: &Reply) -> Option<Response<Bytes>> {
    let status = StatusCode::from_u16(reply.status).ok()?;
    // SAFETY: the caller says so, here and below.
    let mut response = Response::new(Bytes::copy_from_slice(unsafe { bytes(reply.body) }));
    *response.status_mut() = status;
    for field in unsafe { fields(reply.fields, reply.field_count) } {
        let (name, value) = unsafe { (bytes(field.name), bytes(field.value)) };
        // One that HTTP does not allow makes the whole answer doubtful.
        let (name, value) = (HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
        response.headers_mut().try_append(name, value).ok()?;
    }
    Some(response)
}
