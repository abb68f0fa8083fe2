//! Which messages are written to standard error: at the start what `SOLGATE_LOG` says,
//! and from then on what somebody sets.

use std::str::FromStr;
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::{Registry, reload};

/// Of this process, where [`log::start`](super::log::start) has set it up.
static LEVEL: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Why the level stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    #[error(
        "expected a level, which is off, error, warn, info, debug or trace, or a level and others for modules, \
         such as info,solgate_upstream=debug; found {0:?}"
    )]
    Unknown(String),
    #[error(
        "expected one level for the rest, such as info in info,solgate_upstream=debug; without it nothing else would \
         be written"
    )]
    NoRest,
    #[error("this process writes its messages elsewhere")]
    Elsewhere,
}

/// The variable that says which level holds at the start.
pub(crate) const VARIABLE: &str = "SOLGATE_LOG";

/// The filter of messages, which [`set`] changes.
///
/// # Errors
/// What [`VARIABLE`] says is not a level.
pub(crate) fn filter() -> Result<reload::Layer<EnvFilter, Registry>, LevelError> {
    let text = std::env::var_os(VARIABLE).filter(|text| !text.is_empty());
    let level = match text {
        Some(text) => parse(&text.to_string_lossy())?,
        None => EnvFilter::new("info"),
    };
    let (filter, handle) = reload::Layer::new(level);
    let _ = LEVEL.set(handle);
    Ok(filter)
}

/// The level in use, in the form that [`set`] reads; `None` if the program that embeds
/// this one has messages of its own.
#[must_use]
pub fn current() -> Option<String> {
    LEVEL.get()?.with_current(EnvFilter::to_string).ok()
}

/// Writes messages of this level from here on: one for all, and others for modules.
///
/// # Errors
/// The text is something else, and the level stays.
pub fn set(text: &str) -> Result<(), LevelError> {
    let filter = parse(text)?;
    let handle = LEVEL.get().ok_or(LevelError::Elsewhere)?;
    handle.reload(filter).map_err(|_| LevelError::Elsewhere)
}

/// More strict than the filter itself, to which any word is the name of a module: after
/// `debgu` nothing would be written any more.
fn parse(text: &str) -> Result<EnvFilter, LevelError> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let mut rest = false;
    for part in &parts {
        let level = match part.split_once('=') {
            Some((module, level)) => Some(level).filter(|_| is_module(module)),
            None => {
                rest = true;
                Some(*part)
            }
        };
        // The filter takes an empty text for a level.
        if !level.is_some_and(|level| !level.is_empty() && LevelFilter::from_str(level).is_ok()) {
            return Err(LevelError::Unknown((*part).to_owned()));
        }
    }
    if !rest {
        return Err(LevelError::NoRest);
    }
    EnvFilter::try_new(parts.join(",")).map_err(|_| LevelError::Unknown(text.to_owned()))
}

fn is_module(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_level() {
        for text in ["off", "info", "DEBUG", "warn,solgate_upstream=debug", "a::b=trace, error"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["", " ", "debgu", "info,", "info,a", "info,=debug", "info,a=b", "info,a=", "info,[x]=debug"] {
            assert!(matches!(parse(text), Err(LevelError::Unknown(_))), "{text}");
        }
        assert_eq!(parse("solgate_upstream=debug").err(), Some(LevelError::NoRest));
    }
}
