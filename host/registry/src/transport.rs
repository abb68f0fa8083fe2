//! HTTP requests whose answers are bounded, and that wait for nobody for ever.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use solgate_files::CERTIFICATES;
use solgate_upstream::chain;
use solgate_upstream::connect::{self, Trusted};
use solgate_upstream::tcp;

use crate::error::RegistryError;
use crate::proxies::{self, Proxies};
use crate::settings::Settings;

/// From one server to the next.
const REDIRECTS: usize = 5;
/// For a whole answer, however steadily it comes.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// Of what a server says about an error, in bytes.
const MESSAGE: usize = 16 << 10;

type Direct = legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>;
type Proxied = legacy::Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>;

/// Sends requests, through the proxy that the environment names for a host. Connections are
/// kept as long as this is: for one errand.
pub struct Transport {
    tls: ClientConfig,
    direct: Direct,
    proxies: Proxies,
    timeout: Duration,
}

/// What is asked of a server.
#[derive(Clone)]
pub struct Ask {
    pub method: Method,
    pub url: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Bytes of the answer's body, if it is a good one.
    pub most: u64,
    /// What is asked for, for messages.
    pub what: String,
}

/// What a server answers.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Of an error, what of it is read.
    pub body: Bytes,
}

/// What TLS trusts: read once for many transports.
///
/// # Errors
/// The certificates cannot be read.
pub fn tls(settings: &Settings) -> Result<ClientConfig, RegistryError> {
    let Some(path) = &settings.ca_file else { return Ok(connect::config(Trusted::System, None)?) };
    let file = |error| RegistryError::File { path: path.clone(), error };
    let text = solgate_files::read(path, CERTIFICATES).map_err(file)?;
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let added = certificate.ok().and_then(|certificate| roots.add(certificate).ok());
        added.ok_or_else(|| RegistryError::NoCertificates(path.clone()))?;
    }
    if roots.is_empty() {
        return Err(RegistryError::NoCertificates(path.clone()));
    }
    Ok(connect::config(Trusted::Roots(roots), None)?)
}

impl Transport {
    pub fn new(tls: ClientConfig, timeout: Duration) -> Self {
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http().enable_http1();
        let direct = builder().build(connector.wrap_connector(tcp::connector(timeout)));
        Self { tls, direct, proxies: Proxies::from_env(), timeout }
    }

    /// The answer; redirections are followed for what is only read. Credentials go to the host
    /// that they are for, and to no other.
    ///
    /// # Errors
    /// There is no answer, or it is larger than was asked for.
    pub async fn send(&self, mut ask: Ask) -> Result<Answer, RegistryError> {
        for _ in 0..=REDIRECTS {
            let answer = self.exchange(&ask).await?;
            let follows = matches!(ask.method, Method::GET | Method::HEAD) && leads_elsewhere(answer.status);
            let Some(target) = answer.headers.get(LOCATION).filter(|_| follows) else { return Ok(answer) };
            let refused = |why| {
                let target = printable(&String::from_utf8_lossy(target.as_bytes()));
                RegistryError::Redirect { what: ask.what.clone(), target, why }
            };
            let target = target.to_str().ok().and_then(|target| beside(&ask.url, target));
            let target = target.ok_or_else(|| refused("this is not a URL"))?;
            if target.scheme() != ask.url.scheme() && target.scheme() != Some(&Scheme::HTTPS) {
                return Err(refused("the way there is not encrypted"));
            }
            if target.authority() != ask.url.authority() {
                ask.headers.remove(AUTHORIZATION);
            }
            ask.url = target;
        }
        let (what, target) = (ask.what, ask.url.to_string());
        Err(RegistryError::Redirect { what, target, why: "there are too many redirections" })
    }

    async fn exchange(&self, ask: &Ask) -> Result<Answer, RegistryError> {
        let proxy = self.proxies.of(&ask.url)?;
        let mut host = ask.url.authority().map(ToString::to_string).unwrap_or_default();
        if let Some(proxy) = &proxy {
            host = format!("{host} (by the proxy {})", proxies::host(proxy));
        }
        let timeout = |limit| RegistryError::Timeout { host: host.clone(), limit };
        let exchange = async {
            // An upload takes its time; the server answers when it has everything.
            let patience = if ask.body.is_empty() { self.timeout } else { LONGEST };
            let answer = tokio::time::timeout(patience, self.request(ask, proxy)).await;
            let answer = answer.map_err(|_| timeout(patience))?;
            let answer = answer
                .map_err(|error| RegistryError::Unreached { host: host.clone(), cause: printable(&chain(&error)) })?;
            self.read(ask, answer, &host).await
        };
        tokio::time::timeout(LONGEST, exchange).await.map_err(|_| timeout(LONGEST))?
    }

    async fn request(&self, ask: &Ask, proxy: Option<Intercept>) -> Result<http::Response<Incoming>, legacy::Error> {
        let mut request = Request::new(Full::new(ask.body.clone()));
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = ask.url.clone();
        *request.headers_mut() = ask.headers.clone();
        let agent = HeaderValue::from_static(concat!("solgate/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);
        let Some(proxy) = proxy else { return self.direct.request(request).await };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp::connector(self.timeout));
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let connector = HttpsConnectorBuilder::new().with_tls_config(self.tls.clone()).https_only().enable_http1();
        let client: Proxied = builder().build(connector.wrap_connector(tunnel));
        client.request(request).await
    }

    /// Reads a body, whose size is known to be right before it is read, and while it is.
    async fn read(&self, ask: &Ask, answer: http::Response<Incoming>, host: &str) -> Result<Answer, RegistryError> {
        let (head, mut body) = answer.into_parts();
        let (is_good, reads) = (head.status.is_success(), ask.method != Method::HEAD);
        let most = if is_good { ask.most } else { u64::try_from(MESSAGE).unwrap_or(u64::MAX) };
        let too_large = |size| RegistryError::TooLarge { what: ask.what.clone(), size, most };
        let said = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if let Some(size) = said.filter(|size| is_good && reads && *size > most) {
            return Err(too_large(size));
        }
        let mut read = BytesMut::new();
        loop {
            if !reads {
                break;
            }
            let frame = tokio::time::timeout(self.timeout, body.frame()).await;
            let frame = frame.map_err(|_| RegistryError::Timeout { host: host.to_owned(), limit: self.timeout })?;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|error| RegistryError::Unreached {
                host: host.to_owned(),
                cause: format!("the answer breaks off: {}", printable(&chain(&error))),
            })?;
            let Ok(data) = frame.into_data() else { continue };
            let size = u64::try_from(read.len().saturating_add(data.len())).unwrap_or(u64::MAX);
            if size > most {
                if is_good {
                    return Err(too_large(size));
                }
                // What was read of it says enough.
                break;
            }
            read.extend_from_slice(&data);
        }
        Ok(Answer { status: head.status, headers: head.headers, body: read.freeze() })
    }
}

fn builder() -> legacy::Builder {
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder.pool_timer(TokioTimer::new());
    builder
}

/// Whether an answer of this status has the content elsewhere.
fn leads_elsewhere(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// A URL that stands in an answer of `url`, and may be relative to it; `None` if it is not one
/// of http or https, or has a user in it.
pub fn beside(url: &Uri, target: &str) -> Option<Uri> {
    let target = url::Url::parse(&url.to_string()).ok()?.join(target).ok()?;
    let is_web = matches!(target.scheme(), "http" | "https") && target.username().is_empty();
    (is_web && target.password().is_none()).then(|| target.as_str().parse().ok()).flatten()
}

/// What a server says cannot steer a terminal, and is short.
pub fn printable(text: &str) -> String {
    const MOST: usize = 500;
    let shown: String = text.trim().chars().take(MOST).collect();
    shown.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
