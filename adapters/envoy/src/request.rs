//! The request that the gate judges, as Envoy has it, and who sent it.

use std::net::SocketAddr;
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue};
use solgate::Request;
use solgate::ambiguity::check_host;
use solgate::claims::caller_of;
use solgate::fault::Fault;
use solgate::request::Caller;
use solgate_certificates::{from_envoy, names};
use solgate_config::EnvoyConfig;

use crate::abi;
use crate::envoy::{Fields, Stream};

/// The field in which Envoy gives a request its name.
pub const REQUEST_ID: &str = "x-request-id";

/// The most that a header map holds.
const FIELD_LIMIT: usize = 1 << 15;

/// A request whose body is still to come, and why it cannot be judged, if so.
pub struct Head {
    /// What could be read of it.
    pub request: Request,
    pub fault: Option<Fault>,
}

/// Takes the head of a request.
pub fn read(stream: &Stream, config: &EnvoyConfig) -> Head {
    let mut request = Request {
        method: String::new(),
        target: String::new(),
        headers: HeaderMap::with_capacity(16),
        body: Bytes::new(),
        body_complete: true,
        caller: Some(caller(stream, config)),
        received_at: SystemTime::now(),
    };
    let fault = fill(&mut request, &stream.fields()).err();
    Head { request, fault }
}

fn fill(request: &mut Request, fields: &Fields<'_>) -> Result<(), Fault> {
    // One piece of memory for all values.
    let mut values = BytesMut::with_capacity(fields.iter().fold(0, |sum, (_, value)| sum.saturating_add(value.len())));
    for (name, value) in fields.iter() {
        match name {
            b":method" => request.method = text(value, "its method")?,
            b":path" => request.target = text(value, "its target")?,
            b":authority" => append(&mut request.headers, HOST, value, &mut values)?,
            [b':', ..] => {}
            name => {
                let name = HeaderName::from_bytes(name).map_err(|_| {
                    Fault::MalformedHead("a field name holds a character that is not allowed".to_owned())
                })?;
                append(&mut request.headers, name, value, &mut values)?;
            }
        }
    }
    if request.method.is_empty() || request.target.is_empty() {
        return Err(Fault::MalformedHead("it has no method, or no target".to_owned()));
    }
    match request.headers.get(HOST) {
        Some(host) => check_host(host.as_bytes()).map_err(|reason| Fault::BadHost { reason: reason.to_owned() }),
        None => Ok(()),
    }
}

fn text(value: &[u8], what: &str) -> Result<String, Fault> {
    let malformed = |_| Fault::MalformedHead(format!("{what} is not UTF-8; percent-encode what is beyond ASCII"));
    std::str::from_utf8(value).map(str::to_owned).map_err(malformed)
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: &[u8], values: &mut BytesMut) -> Result<(), Fault> {
    values.extend_from_slice(value);
    let value = HeaderValue::from_maybe_shared(values.split().freeze());
    let value = value.map_err(|_| Fault::BadFieldValue { name: name.as_str().to_owned() })?;
    headers.try_append(name, value).map(|_| ()).map_err(|_| Fault::TooManyFields { limit: FIELD_LIMIT })
}

/// The caller, as far as Envoy has verified it: claims of the token, names of the
/// certificate, and the client's address.
fn caller(stream: &Stream, config: &EnvoyConfig) -> Caller {
    let claims = stream.filter_state(&config.jwt_payload);
    let claims = claims.and_then(|claims| serde_json::from_slice(&claims).ok());
    // A client on a Unix socket has no such address.
    let address = stream.attribute(abi::SOURCE_ADDRESS).and_then(|address| address.parse::<SocketAddr>().ok());
    Caller {
        certificate_names: certificate_names(stream, &config.certificate),
        source_address: address.map(|address| address.ip().to_string()),
        ..claims.map(|claims| caller_of(&claims)).unwrap_or_default()
    }
}

/// All names if another filter has left the certificate, else the first of each kind. One
/// of those must be in the certificate: then it is that of this connection.
fn certificate_names(stream: &Stream, key: &str) -> Vec<String> {
    let kinds = [abi::URI_SAN_PEER_CERTIFICATE, abi::DNS_SAN_PEER_CERTIFICATE, abi::SUBJECT_PEER_CERTIFICATE];
    let first: Vec<String> = kinds.into_iter().filter_map(|name| stream.attribute(name)).collect();
    if first.is_empty() {
        return first;
    }
    let left = stream.filter_state(key).and_then(|text| from_envoy(std::str::from_utf8(&text).ok()?));
    let all = left.and_then(|certificate| names(&certificate));
    all.filter(|all| first.iter().all(|name| all.contains(name))).unwrap_or(first)
}
