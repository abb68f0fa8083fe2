//! The header fields of a request for a fact.

use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};

const VERSION: HeaderName = HeaderName::from_static("version");

/// Where callers of VNFMs have their credentials: by the standard, for OpenStack, and
/// for VMware Telco Cloud Automation.
pub const CREDENTIALS: [HeaderName; 3] =
    [AUTHORIZATION, HeaderName::from_static("x-auth-token"), HeaderName::from_static("x-hm-authorization")];

/// The Version field of a fact request when the judged one has none.
pub(super) const DEFAULT_VERSION: &str = "2.0.0";

/// Whose rights a fact is asked with.
#[derive(Debug, Clone)]
pub(super) enum Credentials {
    /// The caller's: these fields of the judged request.
    Caller(Vec<HeaderName>),
    /// The gate's; the value is marked sensitive, so that it is never printed.
    #[cfg(feature = "http-facts")]
    Own(HeaderName, HeaderValue),
}

impl Default for Credentials {
    fn default() -> Self {
        Self::Caller(CREDENTIALS.to_vec())
    }
}

/// What the fields of fact requests are made of.
#[derive(Debug, Clone)]
pub(super) struct FactFields {
    credentials: Credentials,
    /// Used when the judged request has none.
    version: HeaderValue,
}

impl FactFields {
    /// `None` if the version is not MAJOR.MINOR.PATCH.
    #[cfg(feature = "http-facts")]
    pub(super) fn new(credentials: Credentials, version: &str) -> Option<Self> {
        let version = HeaderValue::from_str(version).ok().filter(is_version)?;
        Some(Self { credentials, version })
    }

    pub(super) fn with_default_version(credentials: Credentials) -> Self {
        Self { credentials, version: HeaderValue::from_static(DEFAULT_VERSION) }
    }

    /// The fields of a fact request, without Host.
    pub(super) fn headers(&self, judged: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("solgate/", env!("CARGO_PKG_VERSION"))));
        // A version that is not one would only earn a 400.
        let version = judged.get(VERSION).filter(|value| is_version(value)).unwrap_or(&self.version);
        headers.insert(VERSION, version.clone());
        match &self.credentials {
            #[cfg(feature = "http-facts")]
            Credentials::Own(name, value) => {
                headers.insert(name, value.clone());
            }
            Credentials::Caller(names) => {
                for name in names {
                    for value in judged.get_all(name) {
                        let mut value = value.clone();
                        value.set_sensitive(true);
                        headers.append(name, value);
                    }
                }
            }
        }
        headers
    }
}

fn is_version(value: &HeaderValue) -> bool {
    let mut parts = value.as_bytes().split(|&b| b == b'.');
    let number = |part: Option<&[u8]>| part.is_some_and(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit));
    number(parts.next()) && number(parts.next()) && number(parts.next()) && parts.next().is_none()
}
