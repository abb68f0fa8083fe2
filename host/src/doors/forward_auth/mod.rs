//! `solgate forward-auth`: judges over HTTP what another server is about to
//! forward.
//!
//! The server sends a copy of the request and says in X-Forwarded-* which one it
//! is (Traefik calls this forwardAuth). [`original`] makes the judged request of
//! it. An answer of 200 lets it pass; any other is what the client is to get.

mod args;
mod original;
mod server;

use std::process::ExitCode;
use std::time::SystemTime;

pub use args::ForwardAuthArgs;
pub use server::ForwardAuth;

use super::gateway::{self, ComponentLoader, GatewayError, PolicyLoader, Reload, build_gate, describe, log, overrides};

/// Runs `solgate forward-auth` until it is told to stop.
///
/// # Errors
/// The door could not be opened; exit with 2.
pub async fn run(
    args: ForwardAuthArgs,
    load: PolicyLoader<'_>,
    again: ComponentLoader,
) -> Result<ExitCode, GatewayError> {
    let config = args.config()?;
    let build = |upstream: &_| build_gate(upstream, load);
    if args.judging.gateway.check_config {
        gateway::check(&config, &build, |_| Ok(()))?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let signals = gateway::signals()?;
    let reload = Reload::new(again, &config)?;
    let door = ForwardAuth::bind(&config, args.trusted(), &build).await?.with_reload(reload);
    overrides::report(&config.upstreams, SystemTime::now());
    gateway::report_isolation(door.memory_reset());
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    for upstream in &config.upstreams {
        log::say(&format!(
            "solgate: {scheme}://{} judges by forward-auth, facts from {}",
            door.local_addr(),
            describe(upstream)
        ));
    }
    let cut = door
        .run(async {
            signals.await;
            let drain = humantime::format_duration(config.limits.drain);
            log::say(&format!("solgate: stopping; requests in flight have {drain}"));
        })
        .await;
    if cut > 0 {
        log::say(&format!("solgate: {cut} connections were cut"));
    }
    Ok(ExitCode::SUCCESS)
}
