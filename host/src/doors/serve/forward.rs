//! The way to the VNFM: one upstream with its connections.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, Version, request};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::{self, Timed};
use super::error::ServeError;
use super::fields;
use crate::fault::Fault;

/// How long an unused connection to a VNFM is kept.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// How patient the gate is with a VNFM.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection, with name resolution and TLS handshake.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub answer: Duration,
}

/// A VNFM and the connections to it.
pub struct Upstream {
    client: Client<Timed<HttpsConnector<HttpConnector>>, Full<Bytes>>,
    scheme: Scheme,
    authority: Authority,
    patience: Patience,
}

impl Upstream {
    /// Prepares connections to `url` (scheme and authority only). `ca_file`
    /// holds PEM certificates that are trusted instead of the system's.
    ///
    /// # Errors
    /// The URL is not a scheme and an authority, or the certificates cannot be
    /// loaded.
    pub fn new(url: &Uri, ca_file: Option<&Path>, patience: Patience) -> Result<Self, ServeError> {
        let (Some(scheme), Some(authority)) = (url.scheme(), url.authority()) else {
            return Err(ServeError::UpstreamUrl { url: url.to_string() });
        };
        let connector = connect::connector(scheme == &Scheme::HTTPS, ca_file, patience.connect)?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .http1_preserve_header_case(true)
            .set_host(false)
            .build(Timed::new(connector, patience.connect));
        Ok(Self { client, scheme: scheme.clone(), authority: authority.clone(), patience })
    }

    /// Passes a request on and waits for the head of the answer. The target is
    /// that of `parts`; so are the fields, without those of the hop before.
    ///
    /// # Errors
    /// A fault that says what became of the request.
    pub async fn forward(
        &self,
        parts: &request::Parts,
        target: &PathAndQuery,
        body: Bytes,
    ) -> Result<Response<Incoming>, Fault> {
        let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        let attempts = async {
            match self.attempt(parts, target, body.clone()).await {
                // A kept connection that the VNFM was just closing: only a
                // request without effect may be sent twice (RFC 9110, 9.2.2).
                Err(Fault::UpstreamBroken) if safe => self.attempt(parts, target, body).await,
                result => result,
            }
        };
        match tokio::time::timeout(self.patience.answer, attempts).await {
            Ok(result) => result,
            Err(_) => Err(Fault::UpstreamTimeout { seconds: self.patience.answer.as_secs() }),
        }
    }

    async fn attempt(
        &self,
        parts: &request::Parts,
        target: &PathAndQuery,
        body: Bytes,
    ) -> Result<Response<Incoming>, Fault> {
        let request = self.request(parts, target, body).map_err(|error| Fault::MalformedHead(error.to_string()))?;
        let mut response = self.client.request(request).await.map_err(|error| self.fault(&error))?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Fault::UpstreamBroken);
        }
        fields::strip_hop_by_hop(response.headers_mut());
        *response.version_mut() = Version::HTTP_11;
        Ok(response)
    }

    fn request(
        &self,
        parts: &request::Parts,
        target: &PathAndQuery,
        body: Bytes,
    ) -> http::Result<Request<Full<Bytes>>> {
        let uri = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(target.clone())
            .build()?;
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = uri;
        // hyper keeps the spelling of field names there.
        *request.extensions_mut() = parts.extensions.clone();
        request.extensions_mut().remove::<hyper::upgrade::OnUpgrade>();

        let chunked = parts.headers.contains_key(http::header::TRANSFER_ENCODING);
        let mut headers = parts.headers.clone();
        fields::strip_hop_by_hop(&mut headers);
        // Already answered: the body is here.
        if headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
            headers.remove(EXPECT);
        }
        if chunked || !body.is_empty() {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, HeaderValue::from_str(self.authority.as_str())?);
        }
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn fault(&self, error: &hyper_util::client::legacy::Error) -> Fault {
        let reason = root_cause(error);
        tracing::warn!(upstream = %self.authority, error = %chain(error), "the VNFM failed a request");
        if error.is_connect() { Fault::UpstreamUnreachable(reason) } else { Fault::UpstreamBroken }
    }
}

/// What lies under a failed connection, without names and addresses.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = source {
        if let Some(io) = current.downcast_ref::<std::io::Error>()
            && !matches!(io.kind(), std::io::ErrorKind::Other)
        {
            return match io.kind() {
                std::io::ErrorKind::InvalidData => "the TLS handshake failed".to_owned(),
                kind => kind.to_string(),
            };
        }
        source = current.source();
    }
    "no connection".to_owned()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(current) = source {
        text.push_str(": ");
        text.push_str(&current.to_string());
        source = current.source();
    }
    text
}
