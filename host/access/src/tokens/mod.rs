//! Access tokens of callers: JWTs (RFC 7519), sent as RFC 6750 says, signed with a key
//! of a JWK set (RFC 7517).
//!
//! [`bearer`] takes the token out of a request, and [`jws`] splits it into its parts.
//! [`algorithm`] checks its signature with one of the [`keys`], and [`claims`] checks
//! its content. The keys come from a file, or from the issuer by [`fetch`]; the
//! [`store`] holds and renews them. A token that was [`verified`] lately is not
//! verified again.
//!
//! ring checks the signatures, as it does for TLS. A token library such as jsonwebtoken
//! would add only the little that is in [`jws`] and [`claims`], with less care: it takes
//! the last of two claims, any `typ`, and leaves `cnf` alone. It would also bring a second
//! cryptography, or have ours set for the whole process, which a library must leave to the
//! program.

mod algorithm;
mod bearer;
pub mod claims;
mod confirmation;
mod fetch;
mod flaw;
mod json;
mod jws;
mod keys;
mod public_key;
mod store;
mod verified;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use serde_json::Value;
use tokio::task::JoinSet;

use solgate::fault::Fault;
use solgate::request::Caller;
use solgate_config::Presence;
use solgate_config::jwt::{IssuerConfig, JwksSource, JwtConfig};
use solgate_watch::FileWatch;

use self::claims::{Claims, Expected, Lifetime};
pub use self::confirmation::Possession;
use self::fetch::Remote;
use self::flaw::Flaw;
use self::jws::Jws;
use self::keys::KeySet;
use self::store::{KeyStore, Origin};
use self::verified::{Key, Verified, VerifiedTokens};
use crate::error::AccessError;
use crate::metrics::AccessMetrics;

/// How often it is looked whether an issuer has answered.
const LOOK: Duration = Duration::from_millis(20);

/// Checks the tokens of requests.
pub struct Tokens {
    issuers: Vec<Issuer>,
    lifetime: Lifetime,
    presence: Presence,
    verified: VerifiedTokens,
    /// What renews the keys ends with this.
    tasks: Mutex<JoinSet<()>>,
}

/// One whose tokens are accepted.
struct Issuer {
    config: IssuerConfig,
    /// Its keys were in use before.
    known: bool,
    expected: Expected,
    keys: Arc<KeyStore>,
}

impl Tokens {
    /// Reads the keys that are in files. Those of URLs are fetched by
    /// [`start`](Self::start).
    ///
    /// # Errors
    /// A file cannot be used, or nothing could be fetched with the certificates given.
    pub fn open(config: &JwtConfig, metrics: &AccessMetrics) -> Result<Self, AccessError> {
        Self::open_after(config, None, metrics)
    }

    /// The same in the place of those `before`, whose keys stay where their source does.
    ///
    /// # Errors
    /// The same.
    pub fn open_after(config: &JwtConfig, before: Option<&Self>, metrics: &AccessMetrics) -> Result<Self, AccessError> {
        metrics.with_tokens();
        let open = |issuer| Issuer::open(issuer, before, metrics);
        let issuers = config.issuers.iter().map(open).collect::<Result<_, _>>()?;
        let lifetime = Lifetime { leeway: config.leeway, longest: config.max_lifetime };
        let (verified, tasks) = (VerifiedTokens::default(), Mutex::default());
        Ok(Self { issuers, lifetime, presence: config.presence, verified, tasks })
    }

    /// Waits until each issuer has been asked.
    ///
    /// # Errors
    /// The source of one from which no keys could be had.
    pub async fn settled(&self) -> Result<(), AccessError> {
        for issuer in &self.issuers {
            // One that fails now, and did before, keeps nothing else from holding.
            if issuer.known {
                continue;
            }
            while !issuer.keys.was_asked() {
                tokio::time::sleep(LOOK).await;
            }
            if issuer.keys.get().is_none() {
                return Err(AccessError::NoKeys(issuer.config.source()));
            }
        }
        Ok(())
    }

    /// Renews the keys from here on: at once and every few minutes if they are fetched;
    /// if they are in a file and `reload` says so, when that is another.
    ///
    /// # Errors
    /// A file cannot be watched.
    pub fn start(&self, reload: bool) -> Result<(), AccessError> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        for Issuer { keys, .. } in &self.issuers {
            match keys.file() {
                Some(path) if reload => {
                    let watch = FileWatch::new(vec![path.to_owned()]).map_err(AccessError::Signals)?;
                    tasks.spawn(keys.clone().follow(watch));
                }
                Some(_) => {}
                None => drop(tasks.spawn(keys.clone().keep_fresh())),
            }
        }
        Ok(())
    }

    /// Whether there are keys. Of several issuers each has been asked, and one that fails
    /// does not stand in the way of the others.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.issuers.iter().any(|issuer| issuer.keys.get().is_some())
            && self.issuers.iter().all(|issuer| issuer.keys.was_asked())
    }

    /// Notes in `caller` what the token of a request says of it. `possession` is what the
    /// door knows of the client's certificate, of which it is asked only if the request has
    /// a token.
    ///
    /// # Errors
    /// The token is missing although there must be one, or it is not accepted.
    pub async fn check(
        &self,
        headers: &HeaderMap,
        target: &str,
        now: SystemTime,
        possession: impl FnOnce() -> Possession,
        caller: &mut Option<Caller>,
    ) -> Result<(), Fault> {
        let Some(token) = bearer::token(headers, target)? else {
            return match self.presence {
                Presence::Required => Err(Fault::TokenMissing),
                Presence::Optional => Ok(()),
            };
        };
        let claims = self.verify(token).await?;
        claims.hold(now, &self.lifetime, possession())?;
        claims.note(caller.get_or_insert_default());
        Ok(())
    }

    async fn verify(&self, token: &str) -> Result<Arc<Claims>, Fault> {
        let key = Key::of(token);
        if let Some(known) = self.verified.get(&key)
            && let Some(keys) = self.issuers.get(known.issuer).and_then(|issuer| issuer.keys.get())
            && Arc::ptr_eq(&keys, &known.keys)
        {
            return Ok(known.claims);
        }
        if self.issuers.iter().all(|issuer| issuer.keys.get().is_none()) {
            return Err(Fault::TokenKeys);
        }
        let jws = Jws::parse(token)?;
        let claims = json::object(&jws.payload).ok_or(Flaw::Claims)?;
        // Not believed yet, but whose keys to take only the token itself can say.
        let (place, issuer) = self.issuer(claims.get("iss").and_then(Value::as_str))?;
        let keys = issuer.keys.get().ok_or(Fault::TokenKeys)?;
        let keys = issuer.signed(&jws, keys).await?;
        let claims = Arc::new(Claims::read(claims, jws.payload.len())?);
        claims.fit(&issuer.expected)?;
        self.verified.put(key, Verified { issuer: place, keys, claims: claims.clone() });
        Ok(claims)
    }

    /// The issuer that a token says it is from, and its place. A single one need not have a
    /// name.
    fn issuer(&self, name: Option<&str>) -> Result<(usize, &Issuer), Flaw> {
        if let [only] = self.issuers.as_slice() {
            return Ok((0, only));
        }
        let named = |issuer: &&Issuer| issuer.expected.issuer.as_deref() == name;
        self.issuers.iter().enumerate().find(|(_, issuer)| named(issuer)).ok_or(Flaw::Issuer)
    }
}

impl Issuer {
    fn open(config: &IssuerConfig, before: Option<&Tokens>, metrics: &AccessMetrics) -> Result<Self, AccessError> {
        let IssuerConfig { keys, ca_file, issuer, audience } = config;
        let expected = Expected { issuer: issuer.clone(), audience: audience.clone() };
        let same = |one: &&Self| (&one.config.keys, &one.config.ca_file) == (keys, ca_file);
        if let Some(known) = before.and_then(|before| before.issuers.iter().find(same)) {
            return Ok(Self { config: config.clone(), known: true, expected, keys: Arc::clone(&known.keys) });
        }
        let origin = match keys {
            JwksSource::File(path) => Origin::File(path.clone()),
            JwksSource::Url(url) => Origin::Remote(Box::new(Remote::new(url, ca_file.as_deref())?)),
        };
        if issuer.is_none() || audience.is_empty() {
            tracing::warn!(
                issuer = issuer.as_deref().unwrap_or("any"),
                audience = if audience.is_empty() { "any" } else { "as configured" },
                "access tokens that were issued for other services are also accepted"
            );
        }
        let keys = Arc::new(KeyStore::open(origin, metrics.clone())?);
        Ok(Self { config: config.clone(), known: false, expected, keys })
    }

    /// The keys with one of which the token is signed: these, or those that the issuer
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
