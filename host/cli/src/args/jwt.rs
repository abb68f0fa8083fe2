//! Tokens on the command line.

use std::path::PathBuf;
use std::time::Duration;

use solgate_config::jwt::{DEFAULT_LEEWAY, IssuerConfig, JwksSource, JwtConfig};
use solgate_gateway::error::GatewayError;

use super::presence::PresenceArg;
use super::values::{duration, time_limit};

/// How callers' access tokens are checked.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct JwtArgs {
    /// Check access tokens with the keys of a JWK set: a file, or the https URL of the issuer
    #[arg(long, value_name = "FILE|URL", conflicts_with = "config")]
    pub jwks: Option<String>,

    /// PEM certificates to trust for an https URL, instead of the system's
    #[arg(long, value_name = "FILE", conflicts_with = "config", requires = "jwks")]
    pub jwks_ca: Option<PathBuf>,

    /// The issuer that a token must come from: its claim iss [default: anybody who has the keys]
    #[arg(long, value_name = "ISSUER", conflicts_with = "config", requires = "jwks")]
    pub jwt_issuer: Option<String>,

    /// The audience that a token must be for: one of these in its claim aud [default: anybody]
    #[arg(long, value_name = "AUDIENCE", conflicts_with = "config", requires = "jwks")]
    pub jwt_audience: Vec<String>,

    /// How far the clocks of issuer and gate may differ
    #[arg(long, value_name = "DURATION", conflicts_with = "config", requires = "jwks", value_parser = duration, allow_hyphen_values = true)]
    pub jwt_leeway: Option<Duration>,

    /// Longest time from the issue of a token to its end [default: any]
    #[arg(long, value_name = "DURATION", conflicts_with = "config", requires = "jwks", value_parser = time_limit, allow_hyphen_values = true)]
    pub jwt_max_lifetime: Option<Duration>,

    /// Whether a request may come without a token
    #[arg(
        long,
        value_name = "required|optional",
        conflicts_with = "config",
        requires = "jwks",
        hide_possible_values = true
    )]
    pub jwt: Option<PresenceArg>,
}

impl JwtArgs {
    /// What they say together; `None` without keys.
    ///
    /// # Errors
    /// The keys are neither in a file nor at a safe URL.
    pub fn config(&self) -> Result<Option<JwtConfig>, GatewayError> {
        let Some(jwks) = &self.jwks else { return Ok(None) };
        // Not by clap, which would repeat a wrong value, and with it a password.
        let keys = JwksSource::parse(jwks).ok_or_else(|| {
            GatewayError::Arguments(format!("invalid value for '--jwks <FILE|URL>': expected {}", JwksSource::EXPECTED))
        })?;
        if self.jwks_ca.is_some() && matches!(keys, JwksSource::File(_)) {
            return Err(GatewayError::Arguments("--jwks-ca is for keys at an https URL: leave it out".to_owned()));
        }
        let issuer = IssuerConfig {
            keys,
            ca_file: self.jwks_ca.clone(),
            issuer: self.jwt_issuer.clone(),
            audience: self.jwt_audience.clone(),
        };
        Ok(Some(JwtConfig {
            issuers: vec![issuer],
            presence: self.jwt.map(Into::into).unwrap_or_default(),
            leeway: self.jwt_leeway.unwrap_or(DEFAULT_LEEWAY),
            max_lifetime: self.jwt_max_lifetime,
        }))
    }
}
