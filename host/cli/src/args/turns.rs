//! The part of a command line that is about turns that several gates take together.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use solgate_config::store_url::{STORE, StoreUrl};
use solgate_config::turns::TurnsConfig;

/// Where gates take turns together.
#[derive(Debug, Clone, clap::Args)]
pub struct TurnsArgs {
    /// Take turns together with the other gates before the VNFM, in Redis or Valkey: redis://HOST:PORT, rediss:// for TLS [default: none are shared]
    #[arg(long, value_name = "URL", env = "SOLGATE_TURNS", hide_env_values = true, value_parser = StoreArgument)]
    pub turns: Option<StoreUrl>,
}

impl TurnsArgs {
    /// Enters what the arguments say into what a file has said.
    pub fn apply(&self, config: &mut Option<TurnsConfig>) {
        if let Some(store) = &self.turns {
            match config {
                Some(config) => config.store = store.clone(),
                None => *config = Some(TurnsConfig::new(store.clone())),
            }
        }
    }
}

/// Reads where a store is. Clap would repeat a wrong value, and with it a password in it.
#[derive(Debug, Clone)]
struct StoreArgument;

impl TypedValueParser for StoreArgument {
    type Value = StoreUrl;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<StoreUrl, clap::Error> {
        value.to_str().and_then(StoreUrl::parse).ok_or_else(|| {
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            command
                .clone()
                .error(ErrorKind::ValueValidation, format!("invalid value for '{argument}': expected {STORE}"))
        })
    }
}
