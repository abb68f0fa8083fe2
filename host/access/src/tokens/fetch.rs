//! Fetches the keys from their issuer.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use solgate::body::{Unread, collect};
use solgate_config::jwt::JwksUrl;
use solgate_upstream::chain;
use solgate_upstream::connect::{Trusted, connector};

use crate::error::AccessError;
use crate::tls::trusted;

/// For a whole fetch.
const LIMIT: Duration = Duration::from_secs(5);
/// Of an answer: some hundred keys with certificate chains fit, in bytes.
pub const LARGEST: usize = 1 << 20;

/// An issuer.
pub struct Remote {
    pub url: JwksUrl,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

/// Why there was nothing to be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("no answer within {LIMIT:?}")]
    Timeout,
    #[error("{0}")]
    Exchange(String),
    #[error("the answer is {0}, not 200")]
    Status(StatusCode),
    #[error("the answer is larger than {LARGEST} bytes")]
    TooLarge,
}

impl Remote {
    /// # Errors
    /// The certificates to trust cannot be read.
    pub fn new(url: &JwksUrl, ca_file: Option<&Path>) -> Result<Self, AccessError> {
        let https = url.uri().scheme() == Some(&http::uri::Scheme::HTTPS);
        let trusted = if https { trusted(ca_file)? } else { Trusted::Nobody };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            // Between two fetches there are minutes.
            .pool_max_idle_per_host(0)
            .build(connector(trusted, LIMIT)?);
        Ok(Self { url: url.clone(), client })
    }

    /// What the issuer answers. A redirection is not followed: the keys come from where
    /// they were said to come from.
    ///
    /// # Errors
    /// It is nothing that could be keys.
    pub async fn fetch(&self) -> Result<Bytes, FetchError> {
        tokio::time::timeout(LIMIT, self.exchange(self.url.uri())).await.unwrap_or(Err(FetchError::Timeout))
    }

    async fn exchange(&self, uri: &Uri) -> Result<Bytes, FetchError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri.clone();
        let accepted = http::HeaderValue::from_static("application/jwk-set+json, application/json");
        request.headers_mut().insert(ACCEPT, accepted);
        let answer = self.client.request(request).await.map_err(|error| FetchError::Exchange(chain(&error)))?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        match collect(answer.into_body(), LARGEST, |_| true).await {
            Ok((body, true)) => Ok(body),
            Ok((_, false)) | Err(Unread::NoRoom) => Err(FetchError::TooLarge),
            Err(Unread::Broken(error)) => Err(FetchError::Exchange(chain(&error))),
        }
    }
}
