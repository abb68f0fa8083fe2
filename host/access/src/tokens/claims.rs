//! What a token says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Map, Value};
use solgate::claims::caller_of;
use solgate::request::Caller;

use super::confirmation::{Confirmation, Possession};
use super::flaw::Flaw;

/// What the tokens of an issuer must say.
pub struct Expected {
    pub issuer: Option<String>,
    /// One of these; any if there are none.
    pub audience: Vec<String>,
}

/// For how long tokens are accepted.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    /// How far the clocks of issuer and gate may differ.
    pub leeway: Duration,
    /// From its issue, or from now if it does not say when that was, to its end.
    pub longest: Option<Duration>,
}

/// The claims that decide on whether a token is accepted (RFC 7519, 4.1).
#[derive(Deserialize)]
struct Registered {
    /// Seconds since 1970, perhaps with a fraction.
    exp: Option<f64>,
    nbf: Option<f64>,
    iss: Option<String>,
    aud: Option<Audience>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Claims of a token.
pub struct Claims {
    caller: Caller,
    /// Seconds since 1970.
    issued: Option<f64>,
    begin: Option<f64>,
    end: f64,
    issuer: Option<String>,
    audience: Option<Audience>,
    confirmation: Option<Confirmation>,
    /// How long they were as JSON.
    pub bytes: usize,
}

impl Claims {
    /// Those of a token whose signature is right; `bytes` is how long they were.
    ///
    /// # Errors
    /// They cannot be read, or ask for something that is not verified here.
    pub fn read(claims: Map<String, Value>, bytes: usize) -> Result<Self, Flaw> {
        let claims = Value::Object(claims);
        let Registered { exp, nbf, iss, aud } = Registered::deserialize(&claims).map_err(|_| Flaw::Claims)?;
        let Value::Object(claims) = claims else { return Err(Flaw::Claims) };
        Ok(Self {
            caller: caller_of(&claims),
            // It decides on nothing unless lifetimes are limited.
            issued: claims.get("iat").and_then(Value::as_f64),
            begin: nbf,
            end: exp.ok_or(Flaw::NoEnd)?,
            issuer: iss,
            audience: aud,
            confirmation: claims.get("cnf").map(Confirmation::read).transpose()?,
            bytes,
        })
    }

    /// # Errors
    /// The token is of another issuer or for somebody else.
    pub fn fit(&self, expected: &Expected) -> Result<(), Flaw> {
        if expected.issuer.is_some() && self.issuer != expected.issuer {
            return Err(Flaw::Issuer);
        }
        let meant = match &self.audience {
            Some(Audience::One(one)) => expected.audience.contains(one),
            Some(Audience::Several(several)) => several.iter().any(|one| expected.audience.contains(one)),
            None => false,
        };
        if expected.audience.is_empty() || meant { Ok(()) } else { Err(Flaw::Audience) }
    }

    /// # Errors
    /// They do not hold any more, or not yet, or not for a client with this.
    pub fn hold(&self, now: SystemTime, lifetime: &Lifetime, possession: Possession) -> Result<(), Flaw> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let leeway = lifetime.leeway.as_secs_f64();
        if now >= self.end + leeway {
            return Err(Flaw::Expired);
        }
        if self.begin.is_some_and(|begin| begin > now + leeway) {
            return Err(Flaw::Early);
        }
        let begin = self.issued.unwrap_or(now + leeway);
        if lifetime.longest.is_some_and(|longest| self.end - begin > longest.as_secs_f64()) {
            return Err(Flaw::TooLong);
        }
        self.confirmation.map_or(Ok(()), |confirmation| confirmation.hold(possession))
    }

    /// Replaces what is known of a caller by what its token says. Its certificate and
    /// its address are not the token's business.
    pub fn note(&self, caller: &mut Caller) {
        let Caller { certificate_names, source_address, .. } = std::mem::take(caller);
        *caller = Caller { certificate_names, source_address, ..self.caller.clone() };
    }
}
