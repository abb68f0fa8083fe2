//! How tokens are checked.

use std::path::PathBuf;
use std::time::Duration;

pub use crate::jwks_source::{JwksSource, JwksUrl};
use crate::presence::Presence;

/// How far clocks may differ if nothing else is said.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(60);

/// How tokens are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwtConfig {
    /// Whose tokens are accepted; where there are several, each has a name.
    pub issuers: Vec<IssuerConfig>,
    /// Whether a request may come without a token.
    pub presence: Presence,
    /// How far the clocks of issuer and gate may differ.
    pub leeway: Duration,
    /// Of a token, from its issue to its end; any if it is not given.
    pub max_lifetime: Option<Duration>,
}

/// One whose tokens are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerConfig {
    /// A JWK set.
    pub keys: JwksSource,
    /// PEM certificates to trust instead of the system's, when the keys are fetched.
    pub ca_file: Option<PathBuf>,
    /// The claim `iss` of its tokens; any if it is not given.
    pub issuer: Option<String>,
    /// One of these is in the claim `aud`; any if there are none.
    pub audience: Vec<String>,
}

impl IssuerConfig {
    /// Where its keys come from, for messages.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.keys {
            JwksSource::File(path) => path.display().to_string(),
            JwksSource::Url(url) => url.to_string(),
        }
    }
}
