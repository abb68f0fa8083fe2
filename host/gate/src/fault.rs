//! Everything that stops a request although no rule says so: faults of the transport,
//! of the VNFM behind the gate, of a policy, and of the gate itself.
//!
//! Only here does such an answer get its status, its id and its text. Doors find the
//! faults, but do not word them.

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::fields;
use crate::problem::{Location, Problem, Violation};

/// Seconds after which a client may try again when the cause is expected to pass.
pub(crate) const RETRY_AFTER: u32 = 5;

/// A fault, with what is needed to explain it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    // ---- the request as bytes ------------------------------------------------
    #[error("The request head cannot be read: {0}.")]
    MalformedHead(String),
    #[error("The request head is larger than {limit} bytes; send fewer or shorter header fields.")]
    HeadTooLarge { limit: usize },
    #[error("The request has more than {limit} header fields; send fewer.")]
    TooManyFields { limit: usize },
    #[error("The request target is longer than {limit} bytes.")]
    TargetTooLong { limit: usize },
    #[error("The request target {target:?} is not a path with an optional query: {reason}.")]
    BadTarget { target: String, reason: String },
    #[error("HTTP version not supported; use HTTP/1.1.")]
    HttpVersion,
    #[error("Content-Length and Transfer-Encoding are both present; send one of them.")]
    FramingConflict,
    #[error("The Content-Length {value:?} is not a decimal number of bytes.")]
    BadContentLength { value: String },
    #[error("The Host field is not usable: {reason}.")]
    BadHost { reason: String },
    #[error("The field {name} occurs {count} times; send it once.")]
    RepeatedField { name: String, count: usize },
    #[error("The value of the field {name} holds bytes that are not visible ASCII or valid UTF-8.")]
    BadFieldValue { name: String },
    #[error("Connection names the field {name}, which would be judged but not forwarded; remove it from Connection.")]
    ConnectionNamesField { name: String },
    #[error("The field {name} would replace the method that was judged; send the method itself.")]
    MethodOverride { name: String },
    #[error("The field {name} would replace the path that was judged; send the request to that path itself.")]
    PathOverride { name: String },
    #[error("The field name {name} is {alias} to some servers; write it with dashes.")]
    FieldAlias { name: String, alias: String },
    #[error("The request body has a content coding; send it without Content-Encoding.")]
    ContentCoding,
    #[error("The transfer coding {coding:?} is not supported; use chunked.")]
    TransferCoding { coding: String },
    #[error("The request body cannot be read: {0}.")]
    MalformedBody(String),
    #[error("The request body is larger than {limit} bytes, which is the most that the gate passes on.")]
    BodyTooLarge { limit: usize },
    #[error(
        "The server in front of the gate passed on {found} of the {said} bytes of the body; configure it to pass on the whole body."
    )]
    BodyCut { said: u64, found: u64 },
    #[error("The gate does not trust the server that asks from {peer}; name the address of that server with --trust.")]
    UntrustedServer { peer: String },
    #[error("The server in front of the gate did not pass on the request to judge: {0}.")]
    Handover(String),
    #[error("The request was not received within {seconds} seconds.")]
    RequestTimeout { seconds: u64 },
    // ---- who is calling ----------------------------------------------------------
    #[error("The request has no access token; send one as Authorization: Bearer TOKEN.")]
    TokenMissing,
    #[error("It is not clear which access token is meant: {0}.")]
    TokenMalformed(&'static str),
    #[error("The access token is not accepted: {0}.")]
    TokenInvalid(&'static str),
    #[error("The gate has no keys yet to check access tokens with; the request was not judged.")]
    TokenKeys,
    // ---- the VNFM behind the gate ----------------------------------------------
    #[error("No VNFM or NFVO is configured for this host and path.")]
    NoUpstream,
    #[error(
        "This gate has passed the request on before: the address that is configured for the VNFM or NFVO leads back to the gate."
    )]
    Loop,
    #[error("Other requests on the same resource were not answered within {seconds} seconds; this one was not judged.")]
    TurnTimeout { seconds: u64 },
    #[error("{limit} requests on the same resource are already waiting; this one was not judged.")]
    TooManyWaiting { limit: usize },
    #[error("{limit} requests already wait for their turn; this one was not judged.")]
    TooManyWaitingInAll { limit: usize },
    #[error(
        "Other gates cannot be asked whether an operation on the same resource is on its way; this one was not judged."
    )]
    TurnStore,
    #[error(
        "The request took so long to judge, or to connect to the VNFM or NFVO, that its turn was over; it was not forwarded."
    )]
    TurnLost,
    #[error("The VNFM or NFVO cannot be reached: {0}.")]
    UpstreamUnreachable(String),
    #[error(
        "The VNFM or NFVO did not answer within {seconds} seconds. It is not known whether the request was carried out: check before you repeat it."
    )]
    UpstreamTimeout { seconds: u64 },
    #[error(
        "The VNFM or NFVO ended the connection before it answered. It is not known whether the request was carried out: check before you repeat it."
    )]
    UpstreamBroken,
    #[error(
        "The answer of the VNFM or NFVO cannot be read: {0}. It is not known whether the request was carried out: check before you repeat it."
    )]
    UpstreamMalformed(String),
    #[error(
        "The answer of the VNFM or NFVO has a transfer coding other than chunked, which the gate does not read. It is not known whether the request was carried out: check before you repeat it."
    )]
    UpstreamCoding,
    /// The head of the answer, with its status, has been passed on before.
    #[error("The VNFM or NFVO ended the connection in the middle of its answer.")]
    UpstreamCut,
    /// The same.
    #[error("The VNFM or NFVO sent nothing for {seconds} seconds in the middle of its answer.")]
    UpstreamSilent { seconds: u64 },
    #[error("The state of the VNFM or NFVO that this request depends on is not available ({fact}: {reason}).")]
    FactUnavailable { fact: String, reason: String },
    // ---- the policy -------------------------------------------------------------
    #[error("The policy {policy} failed while it judged the request.")]
    PolicyTrap { policy: String },
    #[error("The policy {policy} did not come to a verdict within its time limit.")]
    PolicyDeadline { policy: String },
    #[error("The policy {policy} asked for more memory than it may use.")]
    PolicyMemory { policy: String },
    #[error("The policy {policy} gave a verdict that is not valid: {reason}.")]
    PolicyOutcome { policy: String, reason: String },
    #[error("The gate already judges as many requests as it can; this one was not judged.")]
    Overload,
    // ---- the gate ---------------------------------------------------------------
    #[error(
        "The gate has as many connections as its limit allows, to all clients or to this one, and closes this connection."
    )]
    TooManyConnections,
    #[error("The gate has {limit} requests in progress, which is its limit; this one was not judged.")]
    TooManyRequests { limit: usize },
    #[error(
        "The gate holds request bodies of up to {limit} bytes at a time and has no room left; this request was not judged."
    )]
    NoRoomForBody { limit: usize },
    #[error(
        "The gate has little room left, and this client address already has its share of it; this request was not judged."
    )]
    ClientShare,
    #[error("This caller already has {limit} requests in progress, which is its limit; this one was not judged.")]
    CallerRequests { limit: usize },
    #[error(
        "The tenant of this caller already has {limit} requests in progress, which is its limit; this one was not judged."
    )]
    TenantRequests { limit: usize },
    /// `wait` is in seconds, as for the next two.
    #[error(
        "This client address sends more than {limit} requests in a second, which is its limit; this one was not judged."
    )]
    ClientRate { limit: usize, wait: u32 },
    #[error("This caller sends more than {limit} requests in a second, which is its limit; this one was not judged.")]
    CallerRate { limit: usize, wait: u32 },
    #[error(
        "The callers of this tenant send more than {limit} requests in a second, which is their limit; this one was not judged."
    )]
    TenantRate { limit: usize, wait: u32 },
    #[error("The gate failed, and the request was not judged: {0}.")]
    Internal(String),
}

impl Fault {
    /// The stable id that stands where a rule id would.
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.row().1
    }

    /// The ids of what a policy may do wrong.
    pub const OF_POLICIES: [&str; 4] =
        ["gate.policy-trap", "gate.policy-deadline", "gate.policy-memory", "gate.policy-outcome"];

    /// The policy that failed, if it was one.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::PolicyTrap { policy }
            | Self::PolicyDeadline { policy }
            | Self::PolicyMemory { policy }
            | Self::PolicyOutcome { policy, .. } => Some(policy),
            _ => None,
        }
    }

    /// Whether the VNFM failed after the request was judged.
    #[must_use]
    pub fn is_of_upstream(&self) -> bool {
        matches!(
            self,
            Self::UpstreamUnreachable(_)
                | Self::UpstreamTimeout { .. }
                | Self::UpstreamBroken
                | Self::UpstreamMalformed(_)
                | Self::UpstreamCoding
                | Self::UpstreamCut
                | Self::UpstreamSilent { .. }
        )
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.row().0
    }

    /// The table: status, id, title, whether to try again. Not where the VNFM may have
    /// carried the request out.
    fn row(&self) -> (StatusCode, &'static str, &'static str, bool) {
        use StatusCode as S;
        match self {
            Self::MalformedHead(_) => (S::BAD_REQUEST, "transport.head.malformed", "Request head is malformed", false),
            Self::HeadTooLarge { .. } => {
                (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "transport.head.size", "Request head is too large", false)
            }
            Self::TooManyFields { .. } => (
                S::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "transport.head.fields",
                "Request has too many header fields",
                false,
            ),
            Self::TargetTooLong { .. } => {
                (S::URI_TOO_LONG, "transport.target.size", "Request target is too long", false)
            }
            Self::BadTarget { .. } => (S::BAD_REQUEST, "transport.target.form", "Request target is malformed", false),
            Self::HttpVersion => {
                (S::HTTP_VERSION_NOT_SUPPORTED, "transport.version", "HTTP version is not supported", false)
            }
            Self::FramingConflict => (S::BAD_REQUEST, "transport.framing", "Request framing is ambiguous", false),
            Self::BadContentLength { .. } => {
                (S::BAD_REQUEST, "transport.framing.length", "Content-Length is malformed", false)
            }
            Self::BadHost { .. } => (S::BAD_REQUEST, "transport.host", "Host is missing or malformed", false),
            Self::RepeatedField { .. } => {
                (S::BAD_REQUEST, "transport.field.repeated", "Header field occurs more than once", false)
            }
            Self::BadFieldValue { .. } => {
                (S::BAD_REQUEST, "transport.field.value", "Header field value is malformed", false)
            }
            Self::ConnectionNamesField { .. } => {
                (S::BAD_REQUEST, "transport.connection", "Connection names an end-to-end field", false)
            }
            Self::MethodOverride { .. } => {
                (S::BAD_REQUEST, "transport.method-override", "Method override is not accepted", false)
            }
            Self::PathOverride { .. } => {
                (S::BAD_REQUEST, "transport.path-override", "Path override is not accepted", false)
            }
            Self::FieldAlias { .. } => {
                (S::BAD_REQUEST, "transport.field.alias", "Header field name is ambiguous", false)
            }
            Self::ContentCoding => {
                (S::UNSUPPORTED_MEDIA_TYPE, "transport.content-coding", "Content coding is not supported", false)
            }
            Self::TransferCoding { .. } => {
                (S::NOT_IMPLEMENTED, "transport.coding", "Transfer coding is not supported", false)
            }
            Self::MalformedBody(_) => (S::BAD_REQUEST, "transport.body", "Request body is malformed", false),
            Self::BodyTooLarge { .. } => {
                (S::PAYLOAD_TOO_LARGE, "transport.body.size", "Request body is too large", false)
            }
            Self::BodyCut { .. } => {
                (S::INTERNAL_SERVER_ERROR, "gate.body-cut", "Request body did not reach the gate", false)
            }
            Self::UntrustedServer { .. } => (S::FORBIDDEN, "gate.untrusted", "Server is not trusted", false),
            Self::Handover(_) => (S::INTERNAL_SERVER_ERROR, "gate.handover", "Request did not reach the gate", false),
            Self::RequestTimeout { .. } => (S::REQUEST_TIMEOUT, "transport.timeout", "Request was too slow", false),
            Self::TokenMissing => (S::UNAUTHORIZED, "access.token.missing", "Access token is missing", false),
            Self::TokenMalformed(_) => {
                (S::BAD_REQUEST, "access.token.malformed", "Access token is not sent correctly", false)
            }
            Self::TokenInvalid(_) => (S::UNAUTHORIZED, "access.token.invalid", "Access token is not accepted", false),
            Self::TokenKeys => {
                (S::SERVICE_UNAVAILABLE, "access.token.keys", "Access tokens cannot be checked yet", true)
            }
            Self::NoUpstream => (S::NOT_FOUND, "gate.no-upstream", "No VNFM or NFVO for this request", false),
            Self::Loop => (S::LOOP_DETECTED, "gate.loop", "Request comes back to the gate", false),
            Self::TurnTimeout { .. } => {
                (S::SERVICE_UNAVAILABLE, "gate.turn", "Other operations are being accepted", true)
            }
            Self::TooManyWaiting { .. } => {
                (S::SERVICE_UNAVAILABLE, "gate.turn-queue", "Too many operations wait for the resource", true)
            }
            Self::TooManyWaitingInAll { .. } => {
                (S::SERVICE_UNAVAILABLE, "gate.waiting", "Too many operations wait for their turn", true)
            }
            Self::TurnStore => (S::SERVICE_UNAVAILABLE, "gate.turn-store", "Turns cannot be taken", true),
            Self::TurnLost => (S::SERVICE_UNAVAILABLE, "gate.turn-lost", "Turn is over", true),
            Self::UpstreamUnreachable(_) => {
                (S::SERVICE_UNAVAILABLE, "upstream.unreachable", "VNFM or NFVO is not reachable", true)
            }
            Self::UpstreamTimeout { .. } => {
                (S::GATEWAY_TIMEOUT, "upstream.timeout", "VNFM or NFVO did not answer in time", false)
            }
            Self::UpstreamBroken => (S::BAD_GATEWAY, "upstream.broken", "VNFM or NFVO broke off", false),
            Self::UpstreamMalformed(_) => {
                (S::BAD_GATEWAY, "upstream.malformed", "Answer of the VNFM or NFVO is malformed", false)
            }
            Self::UpstreamCoding => {
                (S::BAD_GATEWAY, "upstream.coding", "Transfer coding of the answer is not supported", false)
            }
            Self::UpstreamCut => (S::BAD_GATEWAY, "upstream.cut", "VNFM or NFVO ended its answer too early", false),
            Self::UpstreamSilent { .. } => {
                (S::GATEWAY_TIMEOUT, "upstream.silent", "VNFM or NFVO stopped within its answer", false)
            }
            Self::FactUnavailable { .. } => {
                (S::SERVICE_UNAVAILABLE, "gate.fact-unavailable", "State of the VNFM or NFVO is not available", true)
            }
            Self::PolicyTrap { .. } => (S::INTERNAL_SERVER_ERROR, "gate.policy-trap", "Policy failed", false),
            Self::PolicyDeadline { .. } => {
                (S::SERVICE_UNAVAILABLE, "gate.policy-deadline", "Policy took too long", true)
            }
            Self::PolicyMemory { .. } => {
                (S::SERVICE_UNAVAILABLE, "gate.policy-memory", "Policy used too much memory", true)
            }
            Self::PolicyOutcome { .. } => {
                (S::INTERNAL_SERVER_ERROR, "gate.policy-outcome", "Policy gave an invalid verdict", false)
            }
            Self::Overload => (S::SERVICE_UNAVAILABLE, "gate.overload", "Gate is overloaded", true),
            Self::TooManyConnections => {
                (S::SERVICE_UNAVAILABLE, "gate.connections", "Gate has too many connections", true)
            }
            Self::TooManyRequests { .. } => {
                (S::SERVICE_UNAVAILABLE, "gate.requests", "Gate has too many requests", true)
            }
            Self::NoRoomForBody { .. } => {
                (S::SERVICE_UNAVAILABLE, "gate.body-memory", "Gate holds too many request bodies", true)
            }
            Self::ClientShare => (S::TOO_MANY_REQUESTS, "gate.client-share", "Client has its share", true),
            Self::CallerRequests { .. } => {
                (S::TOO_MANY_REQUESTS, "gate.caller-requests", "Caller has too many requests", true)
            }
            Self::TenantRequests { .. } => {
                (S::TOO_MANY_REQUESTS, "gate.tenant-requests", "Tenant has too many requests", true)
            }
            Self::ClientRate { .. } => {
                (S::TOO_MANY_REQUESTS, "gate.client-rate", "Client sends too many requests", true)
            }
            Self::CallerRate { .. } => {
                (S::TOO_MANY_REQUESTS, "gate.caller-rate", "Caller sends too many requests", true)
            }
            Self::TenantRate { .. } => {
                (S::TOO_MANY_REQUESTS, "gate.tenant-rate", "Tenant sends too many requests", true)
            }
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, "gate.internal", "Gate failed", false),
        }
    }

    /// How a caller is to show who it is (RFC 6750, 3).
    fn challenge(&self) -> Option<HeaderValue> {
        let (error, reason) = match self {
            // A client that has sent no token need not be told what was wrong with it.
            Self::TokenMissing => return Some(HeaderValue::from_static("Bearer")),
            Self::TokenMalformed(reason) => ("invalid_request", reason),
            Self::TokenInvalid(reason) => ("invalid_token", reason),
            _ => return None,
        };
        HeaderValue::try_from(format!("Bearer error=\"{error}\", error_description=\"{reason}\"")).ok()
    }

    /// Seconds after which a client may try again.
    fn wait(&self) -> u32 {
        match self {
            Self::ClientRate { wait, .. } | Self::CallerRate { wait, .. } | Self::TenantRate { wait, .. } => *wait,
            _ => RETRY_AFTER,
        }
    }

    /// The answer for this fault.
    #[must_use]
    pub fn problem(&self, target: Option<&str>) -> Problem {
        let (status, id, title, retry) = self.row();
        let detail = self.to_string();
        let mut headers = HeaderMap::new();
        if retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.wait()));
        }
        if let Some(challenge) = self.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        let location = match self {
            Self::RepeatedField { name, .. }
            | Self::BadFieldValue { name }
            | Self::ConnectionNamesField { name }
            | Self::FieldAlias { name, .. }
            | Self::MethodOverride { name }
            | Self::PathOverride { name } => Location::Header(name.clone()),
            Self::ContentCoding => Location::Header("Content-Encoding".to_owned()),
            Self::BadHost { .. } => Location::Header("Host".to_owned()),
            Self::TokenMissing | Self::TokenMalformed(_) | Self::TokenInvalid(_) => {
                Location::Header("Authorization".to_owned())
            }
            Self::BadContentLength { .. } => Location::Header("Content-Length".to_owned()),
            _ => Location::Request,
        };
        Problem {
            status,
            rule: id.to_owned(),
            title: title.to_owned(),
            detail: detail.clone(),
            instance: target
                .filter(|_| !matches!(self, Self::BadTarget { .. }))
                .map(|target| fields::excerpt(target.split(['?', '#']).next().unwrap_or(target))),
            violations: vec![Violation { rule: id.to_owned(), location, detail, clause: None }],
            headers,
        }
    }
}
