//! The configuration of a gate: the text that C hands over.

use std::path::Path;

use solgate_config::{GateConfig, parse_gate};
use solgate_embedded::EmbedError;

/// What messages call the text.
const NAME: &str = "configuration";

/// Reads the text.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(text: &[u8]) -> Result<GateConfig, EmbedError> {
    let text = std::str::from_utf8(text).map_err(|_| EmbedError::NotUtf8)?;
    Ok(parse_gate(Path::new(NAME), text)?)
}
