//! The request that a door hands to the gate.

use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
pub use solgate_contract::verdict::Caller;

/// One HTTP request, as received and as it will be forwarded.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method token, case-sensitive.
    pub method: String,
    /// The request target exactly as received: origin-form, percent-encoded,
    /// with its query.
    pub target: String,
    pub headers: HeaderMap,
    /// The content, without transfer coding.
    pub body: Bytes,
    /// False if the door stopped reading at the gate's
    /// [body limit](crate::gate::Gate::body_limit): `body` is then a prefix.
    pub body_complete: bool,
    /// Whom the request comes from; `None` unless the door has verified it.
    pub caller: Option<Caller>,
    /// When the door received the request.
    pub received_at: SystemTime,
}

impl Request {
    /// A request whose whole body has been read, from a caller nobody has verified.
    /// The target is the URI's path and query.
    pub fn from_http<B: Into<Bytes>>(request: http::Request<B>, received_at: SystemTime) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            method: parts.method.as_str().to_owned(),
            target: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            headers: parts.headers,
            body: body.into(),
            body_complete: true,
            caller: None,
            received_at,
        }
    }
}
