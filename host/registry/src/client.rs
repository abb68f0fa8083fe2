//! Speaks to registries and servers.

use bytes::Bytes;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use rustls::ClientConfig;

use crate::error::RegistryError;
use crate::reference::Reference;
use crate::repository::{Repository, good};
use crate::settings::Settings;
use crate::transport::{self, Ask, Transport};

/// Fetches and stores artefacts, as the settings say. Cloning is cheap.
#[derive(Clone)]
pub struct Client {
    settings: Settings,
    tls: ClientConfig,
}

/// What is at a URL.
pub(crate) struct AtUrl {
    pub bytes: Bytes,
    /// What to ask with the next time.
    pub etag: Option<String>,
}

impl Client {
    /// # Errors
    /// The certificates to trust cannot be read.
    pub fn new(settings: Settings) -> Result<Self, RegistryError> {
        let tls = transport::tls(&settings)?;
        Ok(Self { settings, tls })
    }

    fn transport(&self) -> Transport {
        Transport::new(self.tls.clone(), self.settings.timeout)
    }

    /// The repository of an artefact, for one errand.
    pub(crate) fn repository(&self, reference: &Reference, writes: bool) -> Repository {
        let plain = self.settings.plain_http.contains(&reference.registry);
        Repository::new(self.transport(), reference.clone(), plain, self.settings.clone(), writes)
    }

    /// What is at an http or https URL, if it has `most` bytes at most.
    ///
    /// # Errors
    /// There is no answer, or not a good one.
    pub async fn fetch(&self, url: &Uri, most: u64) -> Result<Bytes, RegistryError> {
        let missing = || RegistryError::Missing { what: url.to_string() };
        Ok(self.get(url, None, most).await?.ok_or_else(missing)?.bytes)
    }

    /// What is at a URL; `None` if it is what the `etag` is of.
    pub(crate) async fn get(&self, url: &Uri, etag: Option<&str>, most: u64) -> Result<Option<AtUrl>, RegistryError> {
        let mut headers = HeaderMap::new();
        headers.extend(etag.and_then(|etag| Some((IF_NONE_MATCH, HeaderValue::from_str(etag).ok()?))));
        let what = url.to_string();
        let ask = Ask { method: Method::GET, url: url.clone(), headers, body: Bytes::new(), most, what: what.clone() };
        let answer = self.transport().send(ask).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let answer = good(answer, &what)?;
        let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        Ok(Some(AtUrl { bytes: answer.body, etag }))
    }
}
