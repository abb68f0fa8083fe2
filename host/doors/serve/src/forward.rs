//! The way to the VNFM: one upstream with its connections.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT, HOST, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response, Uri, Version, request};
use http_body_util::Full;
use solgate::fault::Fault;
use solgate::fields;
use solgate_config::{Limits, UpstreamConfig};
use solgate_gateway::error::GatewayError;
use solgate_gateway::routes::Onward;
use solgate_gateway::turns::Lives;
use solgate_gateway::vnfm::Vnfm;
use solgate_upstream::chain;
use solgate_upstream::connect::is_https;
use solgate_upstream::pool::{Flaw, PooledBody, SendError, SendWhile, Unreached};
use solgate_upstream::pools::Pools;
use solgate_upstream::reach::Reach;

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
    pools: Arc<Pools>,
    authority: Authority,
    /// It is asked by TLS.
    secure: bool,
    /// The same, for requests without a Host field.
    host: HeaderValue,
    patience: Patience,
}

impl Onward for Upstream {
    const TAKES_TURNS: bool = true;

    fn open(upstream: &UpstreamConfig, vnfm: &Vnfm, limits: &Limits) -> Result<Self, GatewayError> {
        Self::new(&upstream.url, &vnfm.forward, Patience::from(limits)).map_err(|error| error.at("/url"))
    }

    fn pools(&self) -> Option<Arc<Pools>> {
        Some(Arc::clone(&self.pools))
    }
}

impl Upstream {
    /// Prepares connections to the VNFM of this `url`, which is reached that way.
    ///
    /// # Errors
    /// The URL is not a scheme and an authority.
    pub fn new(url: &Uri, reach: &Arc<Reach>, patience: Patience) -> Result<Self, GatewayError> {
        let Some(authority) = url.authority() else {
            return Err(GatewayError::UpstreamUrl { url: url.to_string() });
        };
        let pools = Arc::new(Pools::new(reach, patience.connect, patience.silence)?);
        let host = HeaderValue::from_str(authority.as_str())
            .map_err(|_| GatewayError::UpstreamUrl { url: url.to_string() })?;
        Ok(Self { pools, authority: authority.clone(), secure: is_https(url), host, patience })
    }

    /// Host and port of the VNFM.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Host and port of the VNFM as it may name itself in answers.
    #[must_use]
    pub fn is_own(&self, secure: bool, authority: &str) -> bool {
        let with_port = |authority: &str, secure: bool| {
            let authority = authority.to_ascii_lowercase();
            let standard = if secure { ":443" } else { ":80" };
            authority.strip_suffix(standard).map(str::to_owned).unwrap_or(authority)
        };
        let named = with_port(authority, secure);
        let addresses = self.pools.reach().addresses().iter().map(|address| address.authority());
        let mut names = addresses.chain([self.authority.as_str()]);
        secure == self.secure && names.any(|name| with_port(name, secure) == named)
    }

    /// Passes a request on and waits for the head of the answer. Target and fields
    /// are those of `parts`, without the fields of the hop before. Nothing is sent when its
    /// turn is over.
    ///
    /// # Errors
    /// A fault that says what became of the request.
    pub async fn forward(
        &self,
        mut parts: request::Parts,
        body: Bytes,
        lives: Option<Lives>,
    ) -> Result<Response<PooledBody>, Fault> {
        if let Some(lives) = lives {
            parts.extensions.insert(SendWhile::new(move || lives.now()));
        }
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
        let mut response = self.pools.send(request).await.map_err(|error| self.fault(&error))?;
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
            SendError::Connect { tried, .. } => {
                let cause = error.unreached().unwrap_or(Unreached::Unknown);
                Fault::UpstreamUnreachable(match tried {
                    1 => cause.to_string(),
                    several => format!("none of {several} addresses takes a connection; the last: {cause}"),
                })
            }
            SendError::TooLate => Fault::TurnLost,
            SendError::Broken(_) => Fault::UpstreamBroken,
            SendError::Unreadable(Flaw::Coding) => Fault::UpstreamCoding,
            SendError::Unreadable(flaw) => Fault::UpstreamMalformed(flaw.to_string()),
        }
    }
}
