//! The VNFM as the gate itself asks it: over connections that are kept.

use std::time::Duration;

use http::header::{HOST, HeaderMap};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::Full;
use solgate_upstream::chain;
use solgate_upstream::pool::{PooledBody, SendError};
use solgate_upstream::pools::Pools;

use super::exchange::{Ask, Exchange, Unusable};
use super::expand::Target;
use super::{FactAnswer, FactTemplate};

/// The VNFM, and how long a fetch may take.
pub(super) struct Upstream {
    pub(super) pools: Pools,
    /// Value of the Host field.
    pub(super) host: HeaderValue,
    /// Path of the base URL, without trailing slash.
    pub(super) prefix: String,
    /// Base URL without trailing slash.
    pub(super) url: String,
    /// For all requests of a fetch together.
    pub(super) timeout: Duration,
    pub(super) exchange: Exchange,
}

impl Upstream {
    /// Asks for one fact, with these request fields.
    pub(super) async fn fetch(&self, target: &Target, template: &FactTemplate, headers: &HeaderMap) -> FactAnswer {
        match tokio::time::timeout(self.timeout, self.exchange.fetch(self, target, template, headers)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(unusable)) => FactAnswer::Unavailable(unusable.to_string()),
            Err(_) => FactAnswer::Unavailable(Unusable::Timeout(self.timeout).to_string()),
        }
    }
}

impl Ask for Upstream {
    type Body = PooledBody;

    async fn ask(&self, target: &str, headers: &HeaderMap) -> Result<Response<PooledBody>, Unusable> {
        let uri: Uri = format!("{}{target}", self.prefix).parse().map_err(|_| Unusable::BadUri)?;
        let mut tried = false;
        loop {
            let mut request = Request::new(Full::default());
            *request.method_mut() = Method::GET;
            *request.uri_mut() = uri.clone();
            request.headers_mut().clone_from(headers);
            request.headers_mut().insert(HOST, self.host.clone());
            match self.pools.send(request).await {
                Ok(response) => return Ok(response),
                Err(error) if let Some(cause) = error.unreached() => {
                    tracing::debug!(error = %chain(&error), "fact request could not be sent");
                    return Err(Unusable::Unreachable(cause));
                }
                // The VNFM may close a kept connection in the moment in which it
                // is used again. A GET can be repeated (RFC 9110, 9.2.2).
                Err(error) if tried => {
                    tracing::debug!(error = %chain(&error), "fact request failed");
                    return Err(match error {
                        SendError::Unreadable(flaw) => Unusable::Unreadable(flaw),
                        SendError::Connect { .. } | SendError::TooLate | SendError::Broken(_) => Unusable::Broken,
                    });
                }
                Err(_) => tried = true,
            }
        }
    }
}
