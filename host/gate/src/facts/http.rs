//! Facts from the VNFM itself, over HTTP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use http::header::{HeaderName, HeaderValue};
use solgate_upstream::connect::{self, CertificatesError, Tls, Trusted};
use solgate_upstream::pools::Pools;
use solgate_upstream::reach::Reach;

use super::cache::{FactCache, Key};
use super::coalesce::Flights;
use super::exchange::{DEFAULT_MAX_BYTES, DEFAULT_MAX_PAGES, Exchange};
use super::expand::expand;
use super::fields::{Credentials, DEFAULT_VERSION, FactFields};
use super::upstream::Upstream;
use super::{Fact, FactAnswer, FactRequest, FactSource, PoolUse};
use crate::trace_context;

/// So many addresses of a VNFM can be tried in the time that a fact may take.
const MOST_TRIED: usize = 4;

/// The VNFM's own API as a source of facts.
///
/// Identical fetches that run at the same time share one request; nothing is
/// kept afterwards unless a [time to live](Builder::ttl) is set. An answer that
/// was shared counts as [cached](Fact::cached) if its fetch began before the
/// question was put.
pub struct HttpFacts {
    upstream: Arc<Upstream>,
    fields: FactFields,
    flights: Flights,
    cache: Option<FactCache>,
}

/// Why a source cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum HttpFactsError {
    /// Does not repeat the URL: it may hold a password.
    #[error(
        "the URL of the VNFM is not a base URL: expected http:// or https://, a host, and optionally a port and a path, \
         without user, query or dot segments, such as http://vnfm.example:9890"
    )]
    BadUrl,
    #[error("the default of the Version field is {0:?}: expected MAJOR.MINOR.PATCH, such as 2.0.0")]
    BadVersion(String),
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
}

/// Sets an [`HttpFacts`] up.
#[derive(Clone)]
pub struct Builder {
    url: String,
    timeout: Duration,
    max_bytes: usize,
    max_pages: usize,
    credentials: Credentials,
    version: String,
    ttl: Option<Duration>,
    reach: Option<Arc<Reach>>,
}

impl Builder {
    /// How long a fact may take, with all its pages. Default 2 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Most bytes of content that are read for a fact, with all its pages.
    /// Default 4 MiB.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Most pages that a list may come in. Default 64.
    #[must_use]
    pub fn max_pages(mut self, pages: usize) -> Self {
        self.max_pages = pages;
        self
    }

    /// Fields of the judged request that carry its caller's credentials.
    /// Default Authorization, X-Auth-Token and X-HM-Authorization.
    #[must_use]
    pub fn caller_credentials(mut self, fields: Vec<HeaderName>) -> Self {
        self.credentials = Credentials::Caller(fields);
        self
    }

    /// Ask with an account of the gate's own instead of the caller's. Then 401
    /// and 403 are the gate's fault, and make a fact unavailable.
    #[must_use]
    pub fn own_account(mut self, field: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.credentials = Credentials::Own(field, value);
        self
    }

    /// The Version field of fact requests when the judged request has none.
    /// Default 2.0.0.
    #[must_use]
    pub fn default_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Answer again from what the VNFM said less than this ago. Off by default.
    #[must_use]
    pub fn ttl(mut self, ttl: Option<Duration>) -> Self {
        self.ttl = ttl.filter(|ttl| !ttl.is_zero());
        self
    }

    /// Reach the VNFM this way, for instance to trust certain certificates only. By
    /// default it is where its URL says, and the system's certificates are trusted.
    #[must_use]
    pub fn reach(mut self, reach: Arc<Reach>) -> Self {
        self.reach = Some(reach);
        self
    }

    /// # Errors
    /// If the URL or the version is malformed, or https is asked for and the
    /// machine has no trusted certificates.
    pub fn build(self) -> Result<HttpFacts, HttpFactsError> {
        let bad = || HttpFactsError::BadUrl;
        let base = self.url.parse().ok().and_then(|url| Base::of(&url)).ok_or_else(bad)?;
        let own_account = matches!(self.credentials, Credentials::Own(..));
        let fields =
            FactFields::new(self.credentials, &self.version).ok_or(HttpFactsError::BadVersion(self.version))?;
        let origin = format!("{}://{}:{}", base.scheme, base.host, base.port);
        let host = if base.port == default_port(&base.scheme) {
            base.host.clone()
        } else {
            format!("{}:{}", base.host, base.port)
        };
        let host = HeaderValue::try_from(host).map_err(|_| bad())?;
        let reach = match self.reach {
            Some(reach) => reach,
            None => {
                let trusted = if base.scheme == "https" { Trusted::System } else { Trusted::Nobody };
                let tls = Tls::new(connect::config(trusted, None)?);
                Arc::new(Reach::new(origin.parse().map_err(|_| bad())?, tls))
            }
        };
        // Whatever else it waits for, a fetch has an end. One address that says nothing is not to
        // take all of the time, if there are others.
        let limit = match u32::try_from(reach.addresses().len().min(MOST_TRIED)) {
            Ok(several) if several > 1 => self.timeout.checked_div(several.saturating_add(1)).unwrap_or(self.timeout),
            _ => self.timeout,
        };
        let pools = Pools::new(&reach, limit, self.timeout)?;
        Ok(HttpFacts {
            upstream: Arc::new(Upstream {
                pools,
                host,
                url: format!("{origin}{}", base.prefix),
                prefix: base.prefix,
                timeout: self.timeout,
                exchange: Exchange { max_bytes: self.max_bytes, max_pages: self.max_pages.max(1), own_account },
            }),
            fields,
            flights: Flights::default(),
            cache: self.ttl.map(FactCache::new),
        })
    }
}

/// Scheme, host and port, and the path below which everything lies.
struct Base {
    scheme: String,
    /// In lower case.
    host: String,
    port: u16,
    /// Empty, or starts with a slash; does not end with one.
    prefix: String,
}

impl Base {
    /// The base that a URL names.
    fn of(url: &Uri) -> Option<Self> {
        let scheme = url.scheme_str()?.to_ascii_lowercase();
        let authority = url.authority()?;
        let prefix = url.path().trim_end_matches('/').to_owned();
        let plain = !prefix.contains("//") && !prefix.split('/').any(|s| s == "." || s == "..");
        let sound = matches!(scheme.as_str(), "http" | "https")
            && !authority.as_str().contains('@')
            && !authority.host().is_empty()
            && url.query().is_none()
            && plain;
        sound.then(|| Self {
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16().unwrap_or_else(|| default_port(&scheme)),
            scheme,
            prefix,
        })
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

impl HttpFacts {
    /// Facts from the VNFM with this base URL, which may have a path.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder {
            url: url.into(),
            timeout: Duration::from_secs(2),
            max_bytes: DEFAULT_MAX_BYTES,
            max_pages: DEFAULT_MAX_PAGES,
            credentials: Credentials::default(),
            version: DEFAULT_VERSION.to_owned(),
            ttl: None,
            reach: None,
        }
    }

    async fn answer(&self, request: FactRequest<'_>) -> Fact {
        let target = match expand(request.template, request.variables, request.api_root) {
            Ok(target) => target,
            Err(error) => return Fact::fetched(FactAnswer::Unavailable(error.to_string())),
        };
        let mut headers = self.fields.headers(request.headers);
        let key = Key::new(&self.upstream.url, &target.to_string(), &headers, request.template);
        // Behind the key: requests of different traces may share an answer, which is
        // then fetched in the trace of the first.
        trace_context::copy(request.headers, &mut headers);
        if !request.fresh
            && let Some(answer) = self.cache.as_ref().and_then(|cache| cache.get(&key))
        {
            return Fact { answer, cached: true };
        }
        let start = || {
            let (upstream, cache) = (Arc::clone(&self.upstream), self.cache.clone());
            let (target, template, headers) = (target.clone(), request.template.clone(), headers.clone());
            async move {
                let answer = upstream.fetch(&target, &template, &headers).await;
                if let Some(cache) = cache {
                    cache.put(key, &answer);
                }
                answer
            }
            .boxed()
        };
        let (answer, cached) = self.flights.answer(key, request.fresh, start).await;
        Fact { answer, cached }
    }
}

impl FactSource for HttpFacts {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        self.answer(request).boxed()
    }

    fn connections(&self) -> Option<PoolUse> {
        let found = self.upstream.pools.in_use();
        Some(PoolUse { busy: found.busy, idle: found.idle })
    }
}

impl fmt::Debug for HttpFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFacts")
            .field("url", &self.upstream.url)
            .field("timeout", &self.upstream.timeout)
            .field("exchange", &self.upstream.exchange)
            .field("fields", &self.fields)
            .field("ttl", &self.cache.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Builder {
    /// Without the URLs, which have not been checked for passwords yet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}
