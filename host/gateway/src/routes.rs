//! From a configuration to gates that judge.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use solgate::policy::{MemoryReset, PolicyFile};
use solgate_access::AccessError;
use solgate_access::tls::{Material, Protocol};
use solgate_access::tokens::Tokens;
use solgate_config::{Config, GateMode, UpstreamConfig};
use solgate_telemetry::{log, record_file, spans};
use tokio::net::TcpListener;

use super::current_gate::CurrentGate;
use super::error::GatewayError;
use super::metrics::Metrics;
use super::policy_metrics::Role;
use super::router::Router;
use super::shadow::{self, Shadow};
use super::{admission, overrides};
use crate::build_gate::GateBuilder;

/// Wait after a connection could not be taken, usually for want of file
/// descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Builds the gates of all upstreams; `make` makes of each what its door needs.
///
/// # Errors
/// A gate cannot be built, or `make` objects.
pub fn open<T>(
    config: &Config,
    build_gate: GateBuilder<'_>,
    metrics: &Arc<Metrics>,
    make: impl Fn(&UpstreamConfig, Arc<CurrentGate>) -> Result<T, GatewayError>,
) -> Result<Router<T>, GatewayError> {
    let mut routes = Vec::new();
    for entry in &config.upstreams {
        let gate = CurrentGate::open(entry.clone(), Role::Live, build_gate, metrics)?;
        metrics.gate(entry.authority(), entry.gate.mode);
        let shadow = entry.shadow().map(|shadow| Shadow::open(shadow, build_gate, metrics, config.log)).transpose()?;
        let gate = Arc::new(gate.with_shadow(shadow));
        metrics.sampled().gate(Arc::clone(&gate));
        routes.push((entry.host.clone(), entry.path_prefix.clone(), make(entry, gate)?));
    }
    Ok(Router::new(routes))
}

/// What is done with the memory of instances: all policies of a process share one
/// engine. `None` if none has a sandbox.
pub fn memory_reset<'g>(mut gates: impl Iterator<Item = &'g Arc<CurrentGate>>) -> Option<MemoryReset> {
    gates.find_map(|gate| gate.get().policies().iter().find_map(|policy| policy.memory_reset()))
}

/// Says how far requests are kept apart on this machine.
pub fn report_isolation(reset: Option<MemoryReset>) {
    if let Some(reset) = reset {
        log::say(&format!("solgate: isolation: {reset}"));
    }
}

/// Takes an address; `option` is the argument that names it.
///
/// # Errors
/// It cannot be bound.
pub async fn listen(address: &str, option: &'static str) -> Result<TcpListener, GatewayError> {
    TcpListener::bind(address).await.map_err(|error| GatewayError::Bind { address: address.to_owned(), option, error })
}

/// Loads everything that a configuration names, `each` what is particular to a
/// door, and says that it is good. Listens on nothing.
///
/// # Errors
/// What cannot be loaded.
pub fn check(
    config: &Config,
    build_gate: GateBuilder<'_>,
    each: impl Fn(&UpstreamConfig) -> Result<(), GatewayError>,
) -> Result<(), GatewayError> {
    if let Some(record) = &config.record {
        record_file::check(record)?;
    }
    if let Some(tls) = &config.tls {
        Material::read(tls, Protocol::Http1).map_err(AccessError::from)?;
    }
    if let Some(jwt) = &config.jwt {
        Tokens::open(jwt, &Metrics::default().access)?;
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
        each(upstream)?;
    }
    overrides::report(&config.upstreams, SystemTime::now());
    for upstream in &config.upstreams {
        log::say(&format!("solgate: {}", describe(upstream)));
    }
    log::say("solgate: the configuration is good");
    Ok(())
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
