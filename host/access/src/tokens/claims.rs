//! What a token says.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Map, Value};
use solgate::request::Caller;

use super::flaw::Flaw;

/// How far the clocks of issuer and gate may differ.
const LEEWAY: Duration = Duration::from_secs(60);

/// What tokens must say.
pub struct Expected {
    pub issuer: Option<String>,
    /// One of these; any if there are none.
    pub audience: Vec<String>,
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

/// Claims of a token of the right issuer, for this gate.
pub struct Claims {
    caller: Caller,
    /// Seconds since 1970.
    begin: Option<f64>,
    end: f64,
    /// How long they were as JSON.
    pub bytes: usize,
}

impl Expected {
    /// # Errors
    /// They cannot be read, or the token is of another issuer or for somebody else.
    pub fn read(&self, payload: &[u8]) -> Result<Claims, Flaw> {
        // Refuses these claims if they are there twice; readers differ in which they take.
        let registered: Registered = serde_json::from_slice(payload).map_err(|_| Flaw::Claims)?;
        let claims = serde_json::from_slice(payload).map_err(|_| Flaw::Claims)?;
        let end = registered.exp.ok_or(Flaw::NoEnd)?;
        if self.issuer.is_some() && self.issuer != registered.iss {
            return Err(Flaw::Issuer);
        }
        let meant = match &registered.aud {
            Some(Audience::One(one)) => self.audience.contains(one),
            Some(Audience::Several(several)) => several.iter().any(|one| self.audience.contains(one)),
            None => false,
        };
        if !self.audience.is_empty() && !meant {
            return Err(Flaw::Audience);
        }
        Ok(Claims { caller: caller_of(&claims), begin: registered.nbf, end, bytes: payload.len() })
    }
}

impl Claims {
    /// # Errors
    /// They do not hold any more, or not yet.
    pub fn hold(&self, now: SystemTime) -> Result<(), Flaw> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        if now >= self.end + LEEWAY.as_secs_f64() {
            return Err(Flaw::Expired);
        }
        if self.begin.is_some_and(|begin| begin > now + LEEWAY.as_secs_f64()) {
            return Err(Flaw::Early);
        }
        Ok(())
    }

    /// Replaces what is known of a caller by what its token says. Its certificate and
    /// its address are not the token's business.
    pub fn note(&self, caller: &mut Caller) {
        let Caller { certificate_names, source_address, .. } = std::mem::take(caller);
        *caller = Caller { certificate_names, source_address, ..self.caller.clone() };
    }
}

/// The claims that [`caller_of`] reads.
pub const CALLER: [&str; 7] = ["sub", "tenant", "tenant_id", "roles", "realm_access", "scope", "scp"];

/// The caller by the claims of a verified token (RFC 7519, 8693 and 9068); `scp`,
/// `tenant_id` and `realm_access` are what widespread issuers write instead.
#[must_use]
pub fn caller_of(claims: &Map<String, Value>) -> Caller {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let roles = match texts(claims.get("roles")) {
        roles if roles.is_empty() => texts(claims.get("realm_access").and_then(|access| access.get("roles"))),
        roles => roles,
    };
    let scopes = match texts(claims.get("scope")) {
        scopes if scopes.is_empty() => texts(claims.get("scp")),
        scopes => scopes,
    };
    Caller {
        subject: text("sub"),
        tenant: text("tenant").or_else(|| text("tenant_id")),
        roles,
        scopes: scopes.iter().flat_map(|scope| scope.split_whitespace()).map(str::to_owned).collect(),
        ..Caller::default()
    }
}

/// A list of texts, or one text alone.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}
