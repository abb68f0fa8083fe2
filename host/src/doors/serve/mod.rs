//! `solgate serve`: a reverse proxy with the gate in it.
//!
//! A request passes these modules in order: the [`guard`] takes its bytes from
//! the socket and checks [`head`] and [`framing`]; hyper parses what is left to
//! parse; the [`proxy`] reads the body, finds the upstream in the [`router`],
//! asks the gate, and either refuses or lets [`forward`] pass the request on.
//! The [`answer`] writes the [`decision_log`] line when the last byte is gone.

mod admin;
#[cfg(test)]
mod agreement;
mod answer;
mod args;
mod build_gate;
pub mod config;
pub mod config_file;
mod connect;
mod connection;
mod decision_log;
mod error;
mod fields;
mod forward;
mod framing;
mod guard;
mod head;
mod line_writer;
mod metrics;
mod overrides;
mod proxy;
pub mod record_file;
mod router;
mod server;
mod shutdown;
mod yaml;

use std::io::Write;
use std::process::ExitCode;
use std::time::SystemTime;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use args::ServeArgs;
pub use build_gate::{PolicyLoader, build_gate};
pub use connect::connector;
pub use decision_log::TARGET as DECISION_TARGET;
pub use error::ServeError;
pub use server::{GateBuilder, LiveGate, MakeGate, Server};
pub use yaml::ConfigError;

use super::demo;
use config::{GateMode, UpstreamConfig};
use line_writer::LineWriter;

/// Runs `solgate serve` until it is told to stop.
///
/// # Errors
/// The server could not be started; exit with 2.
pub async fn run(args: ServeArgs, load: PolicyLoader<'_>) -> Result<ExitCode, ServeError> {
    let lines = LineWriter::start(std::io::stdout()).map_err(ServeError::Log)?;
    init_log(lines.clone());
    if args.check_config {
        return check(&args, load);
    }
    // Before the first connection, so that no signal is missed.
    let signals = shutdown::signals()?;
    let vnfm = if args.demo { Some(demo::Vnfm::start().await?) } else { None };
    let config = args.config(vnfm.as_ref().map(|vnfm| vnfm.url().clone()))?;
    let drain = config.limits.drain;
    let upstreams = config.upstreams.clone();
    let server = Server::bind(config, &|upstream| build_gate(upstream, load)).await?;
    overrides::report(&upstreams, SystemTime::now());

    let address = server.local_addr().map_err(|error| ServeError::Bind {
        address: args.listen.clone().unwrap_or_default(),
        option: "--listen",
        error,
    })?;
    for upstream in &upstreams {
        anstream::eprintln!("solgate: http://{address} -> {}", describe(upstream));
    }
    if let Some(admin) = server.admin_addr() {
        anstream::eprintln!("solgate: http://{admin} has /healthz, /readyz and /metrics");
    }
    if vnfm.is_some() {
        // Without a reader for the tour there is still the gate.
        let _ = anstream::stdout().write_all(demo::tour(address).as_bytes());
    }
    let cut = server
        .run(async {
            signals.await;
            anstream::eprintln!("solgate: stopping; requests in flight have {}", humantime::format_duration(drain));
        })
        .await;
    lines.finish();
    if cut > 0 {
        anstream::eprintln!("solgate: {cut} connections were cut");
    }
    Ok(ExitCode::SUCCESS)
}

/// Loads everything that the configuration names, and listens on nothing.
fn check(args: &ServeArgs, load: PolicyLoader<'_>) -> Result<ExitCode, ServeError> {
    let config = args.config(None)?;
    if let Some(record) = &config.record {
        record.check().map_err(|error| ServeError::DecisionLog { path: record.file.clone(), error })?;
    }
    for upstream in &config.upstreams {
        build_gate(upstream, load)?;
        forward::Upstream::new(&upstream.url, upstream.ca_file.as_deref(), config.limits.patience())?;
    }
    overrides::report(&config.upstreams, SystemTime::now());
    for upstream in &config.upstreams {
        anstream::eprintln!("solgate: {}", describe(upstream));
    }
    anstream::eprintln!("solgate: the configuration is good");
    Ok(ExitCode::SUCCESS)
}

fn describe(upstream: &UpstreamConfig) -> String {
    let policies = match upstream.policies.as_slice() {
        [] => "the built-in policy".to_owned(),
        files => files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
    };
    let mode = match upstream.mode {
        GateMode::Enforce => "enforced",
        GateMode::Monitor => "monitored only",
        GateMode::Off => "the gate is off",
    };
    let host = upstream.host.as_deref().map(|host| format!("Host {host} ")).unwrap_or_default();
    let prefix = upstream.path_prefix.as_deref().map(|prefix| format!("{prefix} ")).unwrap_or_default();
    let url = upstream.url.to_string();
    format!("{host}{prefix}{} ({policies}, {mode})", url.trim_end_matches('/'))
}

/// Decisions to standard output, the rest to standard error.
fn init_log(lines: LineWriter) {
    let level = EnvFilter::try_from_env("SOLGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let messages = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let decisions = filter_fn(|metadata| metadata.target() == DECISION_TARGET);
    // An embedding program may have a subscriber of its own.
    let _ = tracing_subscriber::registry()
        .with(messages.with_filter(level.and(decisions.clone().not())))
        .with(decision_log::layer(lines).with_filter(decisions))
        .try_init();
}
