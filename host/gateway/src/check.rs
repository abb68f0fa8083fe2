//! `--check-config`: loads everything that a configuration names, and listens on nothing.

use std::time::SystemTime;

use prometheus_client::registry::Registry;
use solgate::gate::Gate;
use solgate::policy::{MemoryReset, PolicyFile};
use solgate_access::metrics::AccessMetrics;
use solgate_access::tls::{Material, Protocol};
use solgate_access::tokens::Tokens;
use solgate_config::{Config, GateMode, UpstreamConfig};
use solgate_telemetry::{decisions, log, record_file, spans};
use solgate_turn_store::RedisStore;

use crate::build_gate::GateBuilder;
use crate::error::GatewayError;
use crate::listen::listener;
use crate::routes::Onward;
use crate::vnfm::Vnfm;
use crate::{admission, overrides, shadow};

/// Loads everything that a configuration names, and says that it is good.
///
/// # Errors
/// What cannot be loaded.
pub fn check<F: Onward>(config: &Config, build_gate: GateBuilder<'_>) -> Result<(), GatewayError> {
    listener::check(Some(&config.listen), "--listen").map_err(|error| error.at("/listen"))?;
    listener::check(config.admin.as_ref(), "--admin").map_err(|error| error.at("/admin"))?;
    if let Some(record) = &config.record {
        record_file::check(record).map_err(|error| GatewayError::from(error).at("/decisionLog/file"))?;
    }
    if let Some(tls) = &config.tls {
        Material::read_valid(tls, Protocol::Http1, SystemTime::now())
            .map_err(|fault| GatewayError::of_tls(fault, tls))?;
    }
    if let Some(jwt) = &config.jwt {
        Tokens::open(jwt, &AccessMetrics::register(&mut Registry::default()))
            .map_err(|error| GatewayError::from(error).at("/jwt/jwks"))?;
    }
    let export = config.decision_export.as_ref();
    decisions::check(export).map_err(|error| GatewayError::from(error).at("/decisionExport"))?;
    spans::check(config.tracing.as_ref()).map_err(|error| GatewayError::from(error).at("/tracing"))?;
    if let Some(turns) = &config.turns {
        RedisStore::check(turns).map_err(GatewayError::of_turns)?;
    }
    let mut gates = Vec::new();
    for (index, upstream) in config.upstreams.iter().enumerate() {
        let gate = check_upstream::<F>(upstream, config, build_gate)
            .map_err(|error| error.at(&format!("/upstreams/{index}")))?;
        admission::check(&config.limits, gate.body_limit())?;
        gates.push(gate);
    }
    overrides::report(&config.upstreams, SystemTime::now());
    for (upstream, gate) in config.upstreams.iter().zip(&gates) {
        log::say(&format!("solgate: {}", describe(upstream, gate)));
        say_roots(gate);
    }
    log::say("solgate: the configuration is good");
    Ok(())
}

/// Returns the gate, without the settings, which have been tried.
fn check_upstream<F: Onward>(
    upstream: &UpstreamConfig,
    config: &Config,
    build_gate: GateBuilder<'_>,
) -> Result<Gate, GatewayError> {
    let vnfm = Vnfm::open(upstream, &[])?;
    vnfm.check(upstream)?;
    let live = build_gate(upstream, &vnfm)?;
    if let Some(shadow) = upstream.shadow() {
        shadow::check(&shadow, &vnfm, build_gate)?;
    }
    F::open(upstream, &vnfm, &config.limits)?;
    (live.make)(Vec::new())
        .map_err(|error| GatewayError::Gate { upstream: upstream.url.to_string(), reason: error.to_string() })
}

/// Says how far requests are kept apart on this machine.
pub fn report_isolation(reset: Option<MemoryReset>) {
    if let Some(reset) = reset {
        log::say(&format!("solgate: isolation: {reset}"));
    }
}

/// An upstream in one line: for whom, where, judged by what.
#[must_use]
pub fn describe(upstream: &UpstreamConfig, gate: &Gate) -> String {
    let policies = match upstream.gate.policies.files.as_slice() {
        [] if gate.policies().len() > 1 => "the built-in policies".to_owned(),
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

/// Says which policy judges what, where there are several.
pub fn say_roots(gate: &Gate) {
    if gate.policies().len() < 2 {
        return;
    }
    for policy in gate.policies() {
        let manifest = policy.manifest();
        let roots = manifest.api_roots.join(", ");
        log::say(&format!("solgate: {} {} judges {roots}", manifest.name, manifest.version));
    }
}

fn paths(files: &[PolicyFile]) -> String {
    files.iter().map(|file| file.path.display().to_string()).collect::<Vec<_>>().join(", ")
}
