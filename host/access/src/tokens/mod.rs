//! Access tokens of callers: JWTs (RFC 7519), sent as RFC 6750 says, signed with a key
//! of a JWK set (RFC 7517).
//!
//! [`bearer`] takes the token out of a request, and [`jws`] splits it into its parts.
//! [`algorithm`] checks its signature with one of the [`keys`], and [`claims`] checks
//! its content. The keys come from a file, or from the issuer by [`fetch`]; the
//! [`store`] holds and renews them. A token that was [`verified`] lately is not
//! verified again.
//!
//! ring checks the signatures, as it does for TLS. A token library would add only the
//! little that is in [`jws`] and [`claims`]. It would also set the cryptography for the
//! whole process, which a library must leave to the program.

mod algorithm;
mod bearer;
pub mod claims;
mod fetch;
mod flaw;
mod jws;
mod keys;
mod public_key;
mod store;
mod verified;

use std::sync::Arc;
use std::time::SystemTime;

use http::HeaderMap;
use tokio::task::JoinHandle;

use solgate::fault::Fault;
use solgate::request::Caller;
use solgate_config::Presence;
use solgate_config::jwt::{JwksSource, JwtConfig};
use solgate_watch::FileWatch;

use self::claims::{Claims, Expected};
use self::fetch::Remote;
use self::flaw::Flaw;
use self::jws::Jws;
use self::keys::KeySet;
use self::store::{KeyStore, Origin};
use self::verified::{Key, VerifiedTokens};
use crate::error::AccessError;
use crate::metrics::AccessMetrics;

/// Checks the tokens of requests.
pub struct Tokens {
    keys: Arc<KeyStore>,
    expected: Expected,
    presence: Presence,
    verified: VerifiedTokens,
}

impl Tokens {
    /// Reads the keys if they are in a file. Those of a URL are fetched by
    /// [`start`](Self::start).
    ///
    /// # Errors
    /// The file cannot be used, or nothing could be fetched with the certificates given.
    pub fn open(config: &JwtConfig, metrics: &AccessMetrics) -> Result<Self, AccessError> {
        let origin = match &config.keys {
            JwksSource::File(path) => Origin::File(path.clone()),
            JwksSource::Url(url) => Origin::Remote(Box::new(Remote::new(url, config.ca_file.as_deref())?)),
        };
        if config.issuer.is_none() || config.audience.is_empty() {
            tracing::warn!(
                issuer = config.issuer.as_deref().unwrap_or("any"),
                audience = if config.audience.is_empty() { "any" } else { "as configured" },
                "access tokens that were issued for other services are also accepted"
            );
        }
        metrics.with_tokens();
        let keys = Arc::new(KeyStore::open(origin, metrics.clone())?);
        let expected = Expected { issuer: config.issuer.clone(), audience: config.audience.clone() };
        Ok(Self { keys, expected, presence: config.presence, verified: VerifiedTokens::default() })
    }

    /// Renews the keys from here on: at once and every few minutes if they are fetched;
    /// if they are in a file and `reload` says so, when that is another.
    ///
    /// # Errors
    /// The file cannot be watched.
    pub fn start(&self, reload: bool) -> Result<Option<JoinHandle<()>>, AccessError> {
        Ok(match self.keys.file() {
            Some(path) if reload => {
                let watch = FileWatch::new(vec![path.to_owned()]).map_err(AccessError::Signals)?;
                Some(tokio::spawn(self.keys.clone().follow(watch)))
            }
            Some(_) => None,
            None => Some(tokio::spawn(self.keys.clone().keep_fresh())),
        })
    }

    /// Whether there are keys.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.keys.get().is_some()
    }

    /// Notes in `caller` what the token of a request says of it.
    ///
    /// # Errors
    /// The token is missing although there must be one, or it is not accepted.
    pub async fn check(
        &self,
        headers: &HeaderMap,
        target: &str,
        now: SystemTime,
        caller: &mut Option<Caller>,
    ) -> Result<(), Fault> {
        let Some(token) = bearer::token(headers, target)? else {
            return match self.presence {
                Presence::Required => Err(Fault::TokenMissing),
                Presence::Optional => Ok(()),
            };
        };
        let claims = self.verify(token, now).await?;
        claims.note(caller.get_or_insert_default());
        Ok(())
    }

    async fn verify(&self, token: &str, now: SystemTime) -> Result<Arc<Claims>, Fault> {
        let keys = self.keys.get().ok_or(Fault::TokenKeys)?;
        let key = Key::of(token);
        let claims = match self.verified.get(&key, &keys) {
            Some(claims) => claims,
            None => {
                let jws = Jws::parse(token)?;
                let keys = self.signed(&jws, keys).await?;
                let claims = Arc::new(self.expected.read(&jws.payload)?);
                self.verified.put(key, keys, claims.clone());
                claims
            }
        };
        claims.hold(now)?;
        Ok(claims)
    }

    /// The keys with one of which the token is signed: these, or those that its issuer
    /// has had since.
    async fn signed(&self, jws: &Jws<'_>, keys: Arc<KeySet>) -> Result<Arc<KeySet>, Flaw> {
        match keys.verify(jws) {
            Err(Flaw::UnknownKey) => {
                let keys = self.keys.newer_than(&keys).await.ok_or(Flaw::UnknownKey)?;
                keys.verify(jws).map(|()| keys)
            }
            verified => verified.map(|()| keys),
        }
    }
}
