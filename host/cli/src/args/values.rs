//! How the values of arguments are read.

use std::ffi::OsString;
use std::time::Duration;

use http::HeaderName;
use solgate::gate::{FactFailure, Severity};
use solgate::policy::PolicyFile;
use solgate_config::networks::{Hop, NETWORK, parse_network};
use solgate_config::{self as config, GateMode, ListenAddress, NamedFactFailure};

pub fn address(text: &str) -> Result<ListenAddress, String> {
    config::parse_address(text).ok_or_else(|| format!("expected {}", config::ADDRESS))
}

pub fn network(text: &str) -> Result<Hop, String> {
    parse_network(text).ok_or_else(|| format!("expected {NETWORK}"))
}

pub fn caller_field(text: &str) -> Result<HeaderName, String> {
    config::parse_caller_field(text).ok_or_else(|| format!("expected {}", config::CALLER_FIELD))
}

pub fn duration(text: &str) -> Result<Duration, String> {
    config::parse_duration(text).ok_or_else(|| format!("expected {}", config::DURATION))
}

pub fn time_limit(text: &str) -> Result<Duration, String> {
    config::parse_time_limit(text).ok_or_else(|| format!("expected {}", config::TIME_LIMIT))
}

pub fn policy(argument: OsString) -> Result<PolicyFile, String> {
    PolicyFile::parse_os(argument).ok_or_else(|| format!("expected {}", PolicyFile::EXPECTED))
}

pub fn option(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = pair(text, "OPTION=VALUE, such as strict=true")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value));
    Ok((name.to_owned(), value))
}

pub fn severity(text: &str) -> Result<(String, Severity), String> {
    const EXPECTED: &str = "RULE=SEVERITY, such as query.unknown=warn; severities are deny, warn, audit and off";
    let (rule, severity) = pair(text, EXPECTED)?;
    let severity = Severity::named(severity).ok_or_else(|| format!("expected {EXPECTED}"))?;
    Ok((rule.to_owned(), severity))
}

fn pair<'a>(text: &'a str, expected: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| format!("expected {expected}"))
}

pub fn mode(text: &str) -> Result<GateMode, String> {
    config::named(text).map_err(|names| format!("expected {names}"))
}

pub fn fact_failure(text: &str) -> Result<FactFailure, String> {
    config::named(text).map(|NamedFactFailure(name)| name).map_err(|names| format!("expected {names}"))
}
