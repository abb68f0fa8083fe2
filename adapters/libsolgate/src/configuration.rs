//! The configuration of a gate: the text that C hands over.

use std::path::Path;

use solgate::gate::SettingError;
use solgate::policy::EngineError;
use solgate_config::{ConfigError, GateConfig, parse_gate};

/// What messages call the text.
const NAME: &str = "configuration";

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    #[error("the configuration is not UTF-8 text")]
    NotUtf8,
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    #[error("configuration: facts.{0} has no meaning here, because the embedding program fetches the facts; remove it")]
    NotHere(&'static str),
    #[error("configuration: {0}")]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Policy(#[from] solgate_config::GateError),
}

/// Reads the text.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(text: &[u8]) -> Result<GateConfig, GateError> {
    let text = std::str::from_utf8(text).map_err(|_| GateError::NotUtf8)?;
    let config = parse_gate(Path::new(NAME), text)?;
    if !config.facts.ttl.is_zero() {
        return Err(GateError::NotHere("ttl"));
    }
    if config.facts.url.is_some() {
        return Err(GateError::NotHere("url"));
    }
    Ok(config)
}
