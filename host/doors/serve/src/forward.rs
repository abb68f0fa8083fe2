//! The way to the VNFM: one upstream with its connections.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Method, Request, Response, Uri, Version, request};
use http_body_util::Full;
use solgate::fault::Fault;
use solgate::fields;
use solgate_config::{Limits, UpstreamConfig};
use solgate_gateway::build_gate::trusting;
use solgate_gateway::error::GatewayError;
use solgate_gateway::routes::Onward;
use solgate_upstream::chain;
use solgate_upstream::connect::connector;
use solgate_upstream::pool::{Flaw, Pool, PooledBody, SendError, Unreached};

/// How patient the gate is with a VNFM.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection, with name resolution and TLS handshake.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub answer: Duration,
    /// Between two reads of its body.
    pub silence: Duration,
}

impl From<&Limits> for Patience {
    fn from(limits: &Limits) -> Self {
        Self { connect: limits.connect, answer: limits.answer, silence: limits.answer_idle }
    }
}

/// A VNFM and the connections to it.
pub struct Upstream {
    pool: Arc<Pool>,
    authority: Authority,
    /// The same, for requests without a Host field.
    host: HeaderValue,
    patience: Patience,
}

impl Onward for Upstream {
    const TAKES_TURNS: bool = true;

    fn open(upstream: &UpstreamConfig, limits: &Limits) -> Result<Self, GatewayError> {
        trusting(upstream, Self::new(&upstream.url, upstream.ca_file.as_deref(), Patience::from(limits)))
    }

    fn pool(&self) -> Option<Arc<Pool>> {
        Some(Arc::clone(&self.pool))
    }
}

impl Upstream {
    /// Prepares connections to `url` (scheme and authority only). `ca_file`
    /// holds PEM certificates that are trusted instead of the system's.
    ///
    /// # Errors
    /// The URL is not a scheme and an authority, or the certificates cannot be
    /// loaded.
    pub fn new(url: &Uri, ca_file: Option<&Path>, patience: Patience) -> Result<Self, GatewayError> {
        let (Some(scheme), Some(authority)) = (url.scheme(), url.authority()) else {
            return Err(GatewayError::UpstreamUrl { url: url.to_string() });
        };
        let connector = connector(scheme == &Scheme::HTTPS, ca_file, patience.connect)?;
        let pool = Pool::new(connector, url.clone(), patience.connect, patience.silence);
        let host = HeaderValue::from_str(authority.as_str())
            .map_err(|_| GatewayError::UpstreamUrl { url: url.to_string() })?;
        Ok(Self { pool, authority: authority.clone(), host, patience })
    }

    /// Host and port of the VNFM.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Passes a request on and waits for the head of the answer. Target and fields
    /// are those of `parts`, without the fields of the hop before.
    ///
    /// # Errors
    /// A fault that says what became of the request.
    pub async fn forward(&self, parts: request::Parts, body: Bytes) -> Result<Response<PooledBody>, Fault> {
        let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        let request = self.request(parts, body);
        // A kept connection that the VNFM was just closing: only a request without
        // effect may be sent twice (RFC 9110, 9.2.2).
        let again = safe.then(|| request.clone());
        let attempts = async {
            match (self.attempt(request).await, again) {
                // Bytes that nobody had announced are no answer to this one, either.
                (Err(Fault::UpstreamBroken | Fault::UpstreamMalformed(_)), Some(again)) => self.attempt(again).await,
                (result, _) => result,
            }
        };
        match tokio::time::timeout(self.patience.answer, attempts).await {
            Ok(result) => result,
            Err(_) => Err(Fault::UpstreamTimeout { seconds: self.patience.answer.as_secs() }),
        }
    }

    async fn attempt(&self, request: Request<Full<Bytes>>) -> Result<Response<PooledBody>, Fault> {
        let mut response = self.pool.send(request).await.map_err(|error| self.fault(&error))?;
        fields::strip_hop_by_hop(response.headers_mut());
        *response.version_mut() = Version::HTTP_11;
        Ok(response)
    }

    /// The request as it is sent on. hyper keeps the spelling of field names in
    /// the extensions.
    fn request(&self, mut parts: request::Parts, body: Bytes) -> Request<Full<Bytes>> {
        parts.version = Version::HTTP_11;
        parts.extensions.remove::<hyper::upgrade::OnUpgrade>();
        let headers = &mut parts.headers;
        let chunked = headers.contains_key(TRANSFER_ENCODING);
        fields::strip_hop_by_hop(headers);
        // Already answered: the body is here.
        if headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
            headers.remove(EXPECT);
        }
        if chunked || !body.is_empty() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, self.host.clone());
        }
        Request::from_parts(parts, Full::new(body))
    }

    fn fault(&self, error: &SendError) -> Fault {
        tracing::warn!(upstream = %self.authority, error = %chain(error), "the VNFM failed a request");
        match error {
            SendError::Connect(_) => {
                let cause = error.unreached().unwrap_or(Unreached::Unknown);
                Fault::UpstreamUnreachable(cause.to_string())
            }
            SendError::Broken(_) => Fault::UpstreamBroken,
            SendError::Unreadable(Flaw::Coding) => Fault::UpstreamCoding,
            SendError::Unreadable(flaw) => Fault::UpstreamMalformed(flaw.to_string()),
        }
    }
}
