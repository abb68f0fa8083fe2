//! One repository of a registry, by the distribution specification of OCI 1.1.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use solgate::policy::FileDigest;

use crate::credentials::{self, Credentials};
use crate::error::RegistryError;
use crate::manifest::{self, Descriptor, INDEX, Index, MANIFEST};
use crate::reference::{Reference, Version};
use crate::settings::Settings;
use crate::transport::{Answer, Ask, Transport, beside, printable};

/// Bytes of a token and what is around it.
const TOKEN: u64 = 64 << 10;

const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// A registry that keeps lists of referrers says so with it.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

/// A repository, and what is needed to get at it.
pub struct Repository {
    transport: Transport,
    reference: Reference,
    /// `http` or `https`, and the host.
    base: String,
    /// Where credentials are, if the registry asks for any.
    settings: Settings,
    /// Whether what is asked for is also written.
    writes: bool,
    /// What the registry has given us for this errand.
    authorization: Mutex<Option<HeaderValue>>,
}

/// A manifest as it lies there.
pub struct RawManifest {
    pub bytes: Bytes,
    /// SHA-256 over it.
    pub digest: FileDigest,
    pub media_type: String,
}

#[derive(Deserialize)]
struct Token {
    #[serde(alias = "access_token")]
    token: String,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<ErrorEntry>,
}

#[derive(Deserialize)]
struct ErrorEntry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Repository {
    pub fn new(transport: Transport, reference: Reference, plain_http: bool, settings: Settings, writes: bool) -> Self {
        let base = format!("{}://{}", if plain_http { "http" } else { "https" }, reference.registry);
        Self { transport, reference, base, settings, writes, authorization: Mutex::default() }
    }

    fn url(&self, rest: &str) -> Result<Uri, RegistryError> {
        let url = format!("{}/v2/{}/{rest}", self.base, self.reference.name);
        url.parse().map_err(|_| RegistryError::Format { what: url, fault: "this is not a URL".to_owned() })
    }

    fn ask(&self, method: Method, rest: &str, most: u64, what: String) -> Result<Ask, RegistryError> {
        Ok(Ask { method, url: self.url(rest)?, headers: HeaderMap::new(), body: Bytes::new(), most, what })
    }

    /// The digest of the manifest that has this name now. Nothing but heads is transferred.
    ///
    /// # Errors
    /// There is none, or the registry does not answer.
    pub async fn digest(&self, version: &Version) -> Result<FileDigest, RegistryError> {
        let what = self.reference.with(version.clone()).to_string();
        let mut ask = self.ask(Method::HEAD, &format!("manifests/{version}"), 0, what.clone())?;
        ask.headers.insert(ACCEPT, HeaderValue::from_static(MANIFEST));
        let answer = self.send(ask).await?;
        let answer = good(answer, &what)?;
        let said =
            answer.headers.get(DIGEST).and_then(|value| value.to_str().ok()?.strip_prefix("sha256:")?.parse().ok());
        match said {
            Some(digest) => Ok(digest),
            // The field is not asked for of every registry.
            None => Ok(self.manifest(version, &what).await?.digest),
        }
    }

    /// The manifest that has this name, whole and, by its digest, the right one.
    ///
    /// # Errors
    /// There is none, or it is another one.
    pub async fn manifest(&self, version: &Version, what: &str) -> Result<RawManifest, RegistryError> {
        let most = manifest::LARGEST;
        let mut ask = self.ask(Method::GET, &format!("manifests/{version}"), most, what.to_owned())?;
        let accepted = HeaderValue::try_from(format!("{MANIFEST}, {INDEX}"));
        ask.headers.insert(ACCEPT, accepted.unwrap_or(HeaderValue::from_static(MANIFEST)));
        let answer = good(self.send(ask).await?, what)?;
        let digest = FileDigest::of(&answer.body);
        if let Version::Digest(expected) = version
            && digest.to_string() != *expected
        {
            let (found, expected) = (digest.to_string(), expected.clone());
            return Err(RegistryError::OtherContent { what: what.to_owned(), found, expected });
        }
        let media_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(RawManifest { media_type: media_type.to_owned(), bytes: answer.body, digest })
    }

    /// What the descriptor describes, if it is not more than `most`.
    ///
    /// # Errors
    /// It is larger, another one, or not there.
    pub async fn blob(&self, descriptor: &Descriptor, most: u64, what: &str) -> Result<Bytes, RegistryError> {
        let (size, what) = (descriptor.size, what.to_owned());
        if size > most {
            return Err(RegistryError::TooLarge { what, size, most });
        }
        let Some(expected) = descriptor.sha256() else {
            let fault = format!("its digest is {}; expected sha256:...", printable(&descriptor.digest));
            return Err(RegistryError::Format { what, fault });
        };
        let ask = self.ask(Method::GET, &format!("blobs/{}", descriptor.digest), size, what.clone())?;
        let answer = good(self.send(ask).await?, &what)?;
        let found = FileDigest::of(&answer.body);
        if found != expected {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(RegistryError::OtherContent { what, found, expected });
        }
        Ok(answer.body)
    }

    /// Puts a blob there, unless it is there already.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn push_blob(&self, bytes: Bytes) -> Result<(), RegistryError> {
        let digest = format!("sha256:{}", FileDigest::of(&bytes));
        let what = format!("the blob {digest} of {}", self.reference);
        let known = self.send(self.ask(Method::HEAD, &format!("blobs/{digest}"), 0, what.clone())?).await?;
        if known.status == StatusCode::OK {
            return Ok(());
        }
        let begun = self.send(self.ask(Method::POST, "blobs/uploads/", manifest::LARGEST, what.clone())?).await?;
        let begun = good(begun, &what)?;
        let place = begun.headers.get(LOCATION).and_then(|place| place.to_str().ok());
        let place = place.and_then(|place| beside(&self.url("blobs/uploads/").ok()?, place));
        let separator = place.as_ref().map(|place| if place.query().is_some() { '&' } else { '?' });
        let url = place
            .zip(separator)
            .and_then(|(place, separator)| format!("{place}{separator}digest={digest}").parse().ok());
        let fault = || "the registry does not say where it takes it".to_owned();
        let url: Uri = url.ok_or_else(|| RegistryError::Format { what: what.clone(), fault: fault() })?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let ask = Ask { method: Method::PUT, url, headers, body: bytes, most: manifest::LARGEST, what: what.clone() };
        good(self.send(ask).await?, &what).map(drop)
    }

    /// Gives a manifest a name; true if the registry keeps the list of what is attached to
    /// its subject itself.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn push_manifest(
        &self,
        version: &Version,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<bool, RegistryError> {
        let what = self.reference.with(version.clone()).to_string();
        let mut ask = self.ask(Method::PUT, &format!("manifests/{version}"), manifest::LARGEST, what.clone())?;
        let value = HeaderValue::from_str(media_type);
        ask.headers.insert(CONTENT_TYPE, value.unwrap_or(HeaderValue::from_static(MANIFEST)));
        ask.body = bytes;
        let answer = good(self.send(ask).await?, &what)?;
        Ok(answer.headers.contains_key(SUBJECT))
    }

    /// The list of what is attached to an artefact: the registry's own, or the one under the
    /// tag `sha256-DIGEST` where it keeps none. With it whether the registry keeps it.
    ///
    /// # Errors
    /// The registry does not answer, or answers something else.
    pub async fn referrers(&self, digest: &FileDigest) -> Result<(Index, bool), RegistryError> {
        let what = format!("the list of what is attached to sha256:{digest} in {}", self.reference);
        let most = manifest::LARGEST;
        let mut ask = self.ask(Method::GET, &format!("referrers/sha256:{digest}"), most, what.clone())?;
        ask.headers.insert(ACCEPT, HeaderValue::from_static(INDEX));
        let answer = self.send(ask).await?;
        if answer.status == StatusCode::OK
            && let Ok(index) = serde_json::from_slice(&answer.body)
        {
            return Ok((index, true));
        }
        // Registries of before there were referrers answer this in various ways.
        if answer.status.is_server_error() || denied(answer.status) {
            good(answer, &what)?;
        }
        match self.manifest(&Version::Tag(format!("sha256-{digest}")), &what).await {
            Ok(raw) => {
                let index = serde_json::from_slice(&raw.bytes);
                Ok((index.map_err(|error| RegistryError::Format { what, fault: error.to_string() })?, false))
            }
            Err(RegistryError::Missing { .. }) => Ok((Index::default(), false)),
            Err(error) => Err(error),
        }
    }

    /// Sends with what the registry has asked for before, and again with what it asks for now.
    async fn send(&self, ask: Ask) -> Result<Answer, RegistryError> {
        let known = self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let with = |authorization: Option<HeaderValue>| {
            let mut ask = ask.clone();
            if let Some(authorization) = authorization {
                ask.headers.insert(AUTHORIZATION, authorization);
            }
            ask
        };
        let answer = self.transport.send(with(known)).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let Some(authorization) = self.authorize(&answer.headers).await? else { return Ok(answer) };
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization.clone());
        self.transport.send(with(Some(authorization))).await
    }

    /// What to say to who asks who we are; `None` if there is nothing to say.
    async fn authorize(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, RegistryError> {
        let challenges = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<&str> = challenges.collect();
        let of = |scheme: &str| challenges.iter().find_map(|challenge| after_scheme(challenge, scheme));
        let credentials = credentials::find(&self.settings, &self.reference.registry, &self.reference.name).await?;
        let basic = credentials.as_ref().and_then(Credentials::basic);
        let Some(parameters) = of("bearer") else { return Ok(of("basic").and(basic)) };
        let host = &self.reference.registry;
        let what = format!("the token that {host} asks for");
        let fault = |fault: &str| RegistryError::Format { what: what.clone(), fault: fault.to_owned() };
        let realm = parameter(parameters, "realm").ok_or_else(|| fault("the registry does not say who gives it"))?;
        if self.base.starts_with("https:") && !realm.starts_with("https:") {
            return Err(fault("the way to who gives it is not encrypted"));
        }
        let service = parameter(parameters, "service").map(|service| format!("service={}&", encoded(service)));
        let actions = if self.writes { "pull,push" } else { "pull" };
        let scope = format!("repository:{}:{actions}", self.reference.name);
        let separator = if realm.contains('?') { '&' } else { '?' };
        let url = format!("{realm}{separator}{}scope={}", service.unwrap_or_default(), encoded(&scope));
        let url = url.parse().map_err(|_| fault("who gives it is not at a URL"))?;
        let mut headers = HeaderMap::new();
        headers.extend(basic.map(|basic| (AUTHORIZATION, basic)));
        let ask = Ask { method: Method::GET, url, headers, body: Bytes::new(), most: TOKEN, what: what.clone() };
        let answer = good(self.transport.send(ask).await?, &what)?;
        // The error would repeat the token.
        let token: Token =
            serde_json::from_slice(&answer.body).map_err(|_| fault("expected a JSON object with token"))?;
        let value = HeaderValue::try_from(format!("Bearer {}", token.token));
        let mut value = value.map_err(|_| fault("it cannot be sent"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// The answer, if it is a good one.
pub fn good(answer: Answer, what: &str) -> Result<Answer, RegistryError> {
    let (what, status) = (what.to_owned(), answer.status);
    match status {
        _ if status.is_success() => Ok(answer),
        StatusCode::NOT_FOUND => Err(RegistryError::Missing { what }),
        _ if denied(status) => Err(RegistryError::Denied { what, status, message: message(&answer.body) }),
        _ => Err(RegistryError::Status { what, status, message: message(&answer.body) }),
    }
}

fn denied(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// What a registry says is wrong.
fn message(body: &[u8]) -> String {
    let errors = serde_json::from_slice::<Errors>(body).map(|errors| errors.errors).unwrap_or_default();
    let said = errors.iter().map(|ErrorEntry { code, message }| if message.is_empty() { code } else { message });
    printable(&said.map(String::as_str).collect::<Vec<_>>().join("; "))
}

fn after_scheme<'a>(challenge: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
    found.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// The value of a quoted parameter of a challenge.
fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = parameters;
    loop {
        let (found, after) = rest.split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        if found.trim_start_matches([',', ' ']).eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

/// A value in a query.
fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let challenge = r#"Bearer realm="https://auth.example/token",service="r e",scope="a,b""#;
        let parameters = after_scheme(challenge, "bearer").unwrap();
        assert_eq!(parameter(parameters, "realm"), Some("https://auth.example/token"));
        assert_eq!(parameter(parameters, "scope"), Some("a,b"));
        assert_eq!(parameter(parameters, "other"), None);
        assert_eq!(encoded("r e"), "r%20e");
    }
}
