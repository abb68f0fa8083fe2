//! Restores the request that a server asks about from the copy that it sends.

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{CONTENT_LENGTH, FORWARDED, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use solgate::Request;
use solgate::ambiguity::check_host;
use solgate::fault::Fault;
use solgate::request::Caller;
use solgate_gateway::hops::{FORWARDED_FOR, Hops};
use solgate_gateway::peer::Peer;
use solgate_gateway::pipeline::{Arrival, headed};

const METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
const TARGET: HeaderName = HeaderName::from_static("x-forwarded-uri");
const HOST_NAME: HeaderName = HeaderName::from_static("x-forwarded-host");
const SCHEME: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The Content-Length that the client sent. Servers that hand on a body by halves
/// say so here.
const LENGTH: HeaderName = HeaderName::from_static("x-original-content-length");

/// What the server says about the request that it has received.
#[derive(Debug)]
pub struct Original {
    pub method: String,
    pub target: String,
    /// The client, or the server that asks if it does not say; `None` if that cannot be read.
    pub peer: Option<IpAddr>,
}

impl Original {
    /// Takes it out of the fields that came from `server`, and leaves those of the
    /// client.
    ///
    /// # Errors
    /// A field that must be there is not, or one is there twice: then a client may
    /// have made up one of them.
    pub fn take(headers: &mut HeaderMap, server: Peer, hops: &Hops) -> Result<Self, Fault> {
        let method = required(headers, METHOD, "X-Forwarded-Method")?;
        // Bytes that are not UTF-8 are the client's mistake, and no target that is judged
        // has what replaces them.
        let target = required(headers, TARGET, "X-Forwarded-Uri")?;
        if let Some(host) = take(headers, HOST_NAME, "X-Forwarded-Host")? {
            check_host(host.as_bytes()).map_err(|reason| Fault::BadHost { reason: reason.to_owned() })?;
            headers.insert(HOST, host);
        }
        // The last of them is the one that this server has seen itself.
        let peer = hops.client(server, headers);
        headers.remove(FORWARDED_FOR);
        headers.remove(FORWARDED);
        headers.remove(SCHEME);
        // How the copy is framed says nothing about the request.
        let framed = headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        match take(headers, LENGTH, "X-Original-Content-Length")? {
            Some(length) if !length.is_empty() => drop(headers.insert(CONTENT_LENGTH, length)),
            Some(_) => {}
            None => drop(framed.map(|length| headers.insert(CONTENT_LENGTH, length))),
        }
        Ok(Self { method, target, peer })
    }

    /// The request to judge, with the fields of the client. Its body is still to come.
    #[must_use]
    pub fn request(self, headers: HeaderMap, arrival: Arrival) -> Request {
        let caller = Caller { source_address: self.peer.map(|peer| peer.to_string()), ..Caller::default() };
        headed(self.method, self.target, headers, Some(caller), arrival)
    }
}

/// How long the body of the client is, if the server says so.
pub fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// The value of a field that may occur once.
fn take(headers: &mut HeaderMap, field: HeaderName, spelled: &str) -> Result<Option<HeaderValue>, Fault> {
    if headers.get_all(&field).iter().nth(1).is_some() {
        return Err(Fault::Handover(format!("{spelled} occurs more than once")));
    }
    Ok(headers.remove(field))
}

fn required(headers: &mut HeaderMap, field: HeaderName, spelled: &str) -> Result<String, Fault> {
    let value = take(headers, field, spelled)?;
    let text = value.as_ref().map(|value| String::from_utf8_lossy(value.as_bytes()));
    text.filter(|text| !text.is_empty())
        .map(Cow::into_owned)
        .ok_or_else(|| Fault::Handover(format!("{spelled} is missing")))
}
