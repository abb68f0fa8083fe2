//! `solgate serve`: a reverse proxy with the gate in it.
//!
//! A request passes these modules in order: the [`guard`] takes its bytes from
//! the socket, or out of TLS, and checks [`head`] and [`framing`]; hyper parses what is left to
//! parse; the [`proxy`] reads the body, finds the upstream, waits for the
//! request's [turn](turns), asks the gate, and either refuses or lets [`forward`]
//! pass the request on. The [`answer`] writes the line of the decision log when the
//! last byte is gone.

#[cfg(test)]
mod agreement;
mod answer;
mod args;
mod client;
mod connection;
mod forward;
mod framing;
mod guard;
mod head;
mod proxy;
mod server;
mod turns;

/// What stands between the socket and the HTTP implementation, for the tests that
/// compare how both read a connection (tests/properties). Not part of the interface.
#[doc(hidden)]
pub mod wire {
    pub use super::connection::{Connection, Passed};
    pub use super::guard::{Guard, GuardLimits};
}

use std::process::ExitCode;
use std::time::SystemTime;

pub use args::ServeArgs;
pub use server::Server;

use super::demo;
use super::gateway::{self, ComponentLoader, GatewayError, PolicyLoader, Reload, build_gate, describe, log, overrides};
use forward::{Patience, Upstream};

/// Runs `solgate serve` until it is told to stop.
///
/// # Errors
/// The server could not be started; exit with 2.
pub async fn run(args: ServeArgs, load: PolicyLoader<'_>, again: ComponentLoader) -> Result<ExitCode, GatewayError> {
    let build = |upstream: &_| build_gate(upstream, load);
    if args.gateway.check_config {
        let config = args.config(None)?;
        let patience = Patience::from(&config.limits);
        gateway::check(&config, &build, |upstream| {
            Upstream::new(&upstream.url, upstream.ca_file.as_deref(), patience).map(|_| ())
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let signals = gateway::signals()?;
    let vnfm = if args.demo { Some(demo::Vnfm::start().await?) } else { None };
    let config = args.config(vnfm.as_ref().map(|vnfm| vnfm.url().clone()))?;
    let drain = config.limits.drain;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let upstreams = config.upstreams.clone();
    let reload = Reload::new(again, &config)?;
    let server = Server::bind(config, &build).await?.with_reload(reload);
    overrides::report(&upstreams, SystemTime::now());
    gateway::report_isolation(server.memory_reset());

    let address = server.local_addr().map_err(|error| GatewayError::Bind {
        address: args.listen.clone().unwrap_or_default(),
        option: "--listen",
        error,
    })?;
    for upstream in &upstreams {
        log::say(&format!("solgate: {scheme}://{address} -> {}", describe(upstream)));
    }
    if let Some(admin) = server.admin_addr() {
        log::say(&format!("solgate: http://{admin} has /healthz, /readyz and /metrics"));
    }
    if vnfm.is_some() {
        log::print(demo::tour(address).trim_end());
    }
    let cut = server
        .run(async {
            signals.await;
            log::say(&format!("solgate: stopping; requests in flight have {}", humantime::format_duration(drain)));
        })
        .await;
    if cut > 0 {
        log::say(&format!("solgate: {cut} connections were cut"));
    }
    Ok(ExitCode::SUCCESS)
}
