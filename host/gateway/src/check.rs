//! `--check-config`: loads everything that a configuration names, and listens on nothing.

use std::time::SystemTime;

use prometheus_client::registry::Registry;
use solgate::policy::{MemoryReset, PolicyFile};
use solgate_access::AccessError;
use solgate_access::metrics::AccessMetrics;
use solgate_access::tls::{Material, Protocol};
use solgate_access::tokens::Tokens;
use solgate_config::{Config, GateMode, UpstreamConfig};
use solgate_telemetry::{log, record_file, spans};

use crate::build_gate::GateBuilder;
use crate::error::GatewayError;
use crate::routes::Onward;
use crate::{admission, overrides, shadow};

/// Loads everything that a configuration names, and says that it is good.
///
/// # Errors
/// What cannot be loaded.
pub fn check<F: Onward>(config: &Config, build_gate: GateBuilder<'_>) -> Result<(), GatewayError> {
    if let Some(record) = &config.record {
        record_file::check(record)?;
    }
    if let Some(tls) = &config.tls {
        Material::read(tls, Protocol::Http1).map_err(AccessError::from)?;
    }
    if let Some(jwt) = &config.jwt {
        Tokens::open(jwt, &AccessMetrics::register(&mut Registry::default()))?;
    }
    spans::check(config.tracing.as_ref())?;
    for upstream in &config.upstreams {
        let live = build_gate(upstream)?;
        // Its settings have been tried already.
        let largest_body = (live.make)(Vec::new()).map_or(0, |gate| gate.body_limit());
        admission::check(&config.limits, largest_body)?;
        if let Some(shadow) = upstream.shadow() {
            shadow::check(&shadow, build_gate)?;
        }
        F::open(upstream, &config.limits)?;
    }
    overrides::report(&config.upstreams, SystemTime::now());
    for upstream in &config.upstreams {
        log::say(&format!("solgate: {}", describe(upstream)));
    }
    log::say("solgate: the configuration is good");
    Ok(())
}

/// Says how far requests are kept apart on this machine.
pub fn report_isolation(reset: Option<MemoryReset>) {
    if let Some(reset) = reset {
        log::say(&format!("solgate: isolation: {reset}"));
    }
}

/// An upstream in one line: for whom, where, judged by what.
#[must_use]
pub fn describe(upstream: &UpstreamConfig) -> String {
    let policies = match upstream.gate.policies.files.as_slice() {
        [] => "the built-in policy".to_owned(),
        files => paths(files),
    };
    let sources = &upstream.gate.policies;
    let signed = if sources.files.is_empty() || sources.signers.is_empty() { "" } else { "signed, " };
    let mode = match upstream.gate.mode {
        GateMode::Enforce => "enforced",
        GateMode::Monitor => "monitored only",
        GateMode::Off => "the gate is off",
    };
    let host = upstream.host.as_deref().map(|host| format!("Host {host} ")).unwrap_or_default();
    let prefix = upstream.path_prefix.as_deref().map(|prefix| format!("{prefix} ")).unwrap_or_default();
    let shadow = match upstream.shadow.as_slice() {
        [] => String::new(),
        files => format!("; in its shadow {}", paths(files)),
    };
    let url = upstream.url.to_string();
    format!("{host}{prefix}{} ({policies}, {signed}{mode}{shadow})", url.trim_end_matches('/'))
}

fn paths(files: &[PolicyFile]) -> String {
    files.iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>().join(", ")
}
