//! The request that a door hands to the gate.

use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;
pub use solgate_engine::verdict::Caller;

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
