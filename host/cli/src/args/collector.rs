//! The URL of an OpenTelemetry collector on a command line.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use http::Uri;
use solgate_config::{COLLECTOR, parse_url};

/// Reads the URL of a collector. Clap would repeat a wrong value, and with it a
/// password in it.
#[derive(Debug, Clone)]
pub struct CollectorUrl;

impl TypedValueParser for CollectorUrl {
    type Value = Uri;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Uri, clap::Error> {
        value.to_str().and_then(parse_url).ok_or_else(|| {
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            command
                .clone()
                .error(ErrorKind::ValueValidation, format!("invalid value for '{argument}': expected {COLLECTOR}"))
        })
    }
}
