//! How tokens are checked.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, de};

pub use crate::jwks_source::{JwksSource, JwksUrl};
use crate::presence::Presence;
use crate::values::{As, Each, FilePath, Filled, Keys, Maybe};

/// How tokens are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct JwtConfig {
    /// The keys, a JWK set: a file, or the https URL of the issuer.
    #[serde(rename = "jwks", with = "As::<Keys>")]
    pub keys: JwksSource,
    /// PEM certificates to trust instead of the system's, when the keys are fetched.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Who must have issued a token; anybody who has the keys if it is not given.
    #[serde(default, with = "Maybe::<Filled>", skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// For whom tokens must be: one of these; anybody if it is not given.
    #[serde(default, deserialize_with = "audience", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Each::<Filled>", length(min = 1)))]
    pub audience: Vec<String>,
    /// Whether a request may come without a token.
    #[serde(default)]
    pub presence: Presence,
}

fn audience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let audience = Each::<Filled>::deserialize(deserializer)?;
    if audience.is_empty() {
        return Err(de::Error::custom("audience is empty; leave it out if tokens for anybody are accepted"));
    }
    Ok(audience)
}
