//! How access tokens are checked.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::jwt::{DEFAULT_LEEWAY, JwksSource};
use crate::presence::Presence;
use crate::values::{As, Each, FilePath, Filled, Keys, Maybe, Span, TimeLimit};

/// How access tokens are checked: by the keys of one issuer, or by those of several.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("anyOf" = [{"required": ["jwks"]}, {"required": ["issuers"]}])))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Jwt {
    /// The keys of a single issuer, a JWK set: a file, or the https URL of the issuer.
    #[serde(with = "Maybe::<Keys>", skip_serializing_if = "Option::is_none")]
    pub jwks: Option<JwksSource>,
    /// PEM certificates to trust instead of the system's, when the keys are fetched.
    #[serde(with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Who must have issued a token; anybody who has the keys if it is not given.
    #[serde(with = "Maybe::<Filled>", skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// For whom tokens must be: one of these; anybody if it is not given.
    #[serde(deserialize_with = "audience", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Each::<Filled>", length(min = 1)))]
    pub audience: Vec<String>,
    /// Several issuers instead of one: the claim iss of a token says by whose keys it is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub issuers: Option<Vec<Issuer>>,
    /// Whether a request may come without a token.
    pub presence: Presence,
    /// How far the clocks of issuer and gate may differ.
    #[serde(with = "As::<Span>")]
    pub leeway: Duration,
    /// Longest time from the issue of a token (iat; without it, from now) to its end; without it any.
    #[serde(with = "Maybe::<TimeLimit>", skip_serializing_if = "Option::is_none")]
    pub max_lifetime: Option<Duration>,
}

impl Default for Jwt {
    fn default() -> Self {
        Self {
            jwks: None,
            ca_file: None,
            issuer: None,
            audience: Vec::new(),
            issuers: None,
            presence: Presence::default(),
            leeway: DEFAULT_LEEWAY,
            max_lifetime: None,
        }
    }
}

/// One of several issuers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Issuer {
    /// The claim iss of its tokens.
    #[serde(with = "As::<Filled>")]
    pub issuer: String,
    /// Its keys, a JWK set: a file, or an https URL.
    #[serde(with = "As::<Keys>")]
    pub jwks: JwksSource,
    /// PEM certificates to trust instead of the system's, when the keys are fetched.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// For whom its tokens must be: one of these; anybody if it is not given.
    #[serde(default, deserialize_with = "audience", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Each::<Filled>", length(min = 1)))]
    pub audience: Vec<String>,
}

fn audience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let audience = Each::<Filled>::deserialize(deserializer)?;
    if audience.is_empty() {
        return Err(de::Error::custom("audience is empty; leave it out if tokens for anybody are accepted"));
    }
    Ok(audience)
}
