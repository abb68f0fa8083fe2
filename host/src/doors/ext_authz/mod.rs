//! `solgate ext-authz`: the gate as the external authorization service of Envoy,
//! and of the gateways and meshes that are built on it.
//!
//! Envoy sends a check with head and body of a request over one of the
//! [connections](incoming). What there is room for ([`admitted`]) gets to the
//! [`service`]; [`request`] reads it, the gate judges, and [`answer`] says what Envoy
//! is to do.

mod admitted;
mod answer;
mod args;
mod caller;
mod incoming;
mod request;
mod server;
mod service;

use std::process::ExitCode;
use std::time::SystemTime;

pub use args::ExtAuthzArgs;
pub use server::Server;

use super::gateway::{self, ComponentLoader, GatewayError, PolicyLoader, Reload, build_gate, describe, log, overrides};

/// Runs `solgate ext-authz` until it is told to stop.
///
/// # Errors
/// The service could not be started; exit with 2.
pub async fn run(args: ExtAuthzArgs, load: PolicyLoader<'_>, again: ComponentLoader) -> Result<ExitCode, GatewayError> {
    let build = |upstream: &_| build_gate(upstream, load);
    let config = args.config()?;
    if args.judging.gateway.check_config {
        gateway::check(&config, &build, |_| Ok(()))?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let signals = gateway::signals()?;
    let reload = Reload::new(again, &config)?;
    let server = Server::bind(&config, &args.jwt_payload, &build).await?;
    let server = server.with_lame_duck(args.lame_duck).with_reload(reload);
    overrides::report(&config.upstreams, SystemTime::now());
    gateway::report_isolation(server.memory_reset());

    let address = server.local_addr().map_err(|error| GatewayError::Bind {
        address: config.listen.clone(),
        option: "--listen",
        error,
    })?;
    let tls = if config.tls.is_some() { ", with TLS," } else { "" };
    for upstream in &config.upstreams {
        log::say(&format!("solgate: ext_authz at {address}{tls} for {}", describe(upstream)));
    }
    let drained = server
        .run(async {
            signals.await;
            let stops = args.lame_duck.saturating_add(config.limits.drain);
            log::say(&format!("solgate: stopping; checks have {}", humantime::format_duration(stops)));
        })
        .await;
    if !drained {
        log::say("solgate: some checks were cut");
    }
    Ok(ExitCode::SUCCESS)
}
