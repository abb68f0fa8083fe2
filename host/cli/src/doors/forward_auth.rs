//! Runs `solgate forward-auth`.

use std::process::ExitCode;
use std::time::SystemTime;

use solgate_config::PolicyLoader;
use solgate_forward_auth::ForwardAuth;
use solgate_gateway::build_gate::build_gate;
use solgate_gateway::error::GatewayError;
use solgate_gateway::overrides;
use solgate_gateway::reload::{ComponentLoader, Reload};
use solgate_gateway::routes::{check, describe, report_isolation};
use solgate_gateway::shutdown::signals;
use solgate_telemetry::log;

use crate::args::forward_auth::ForwardAuthArgs;

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
        check(&config, &build, |_| Ok(()))?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let stop = signals()?;
    let reload = Reload::new(again, &config)?;
    let door = ForwardAuth::bind(&config, args.trusted(), &build).await?.with_reload(reload);
    overrides::report(&config.upstreams, SystemTime::now());
    report_isolation(door.memory_reset());
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
            stop.await;
            let drain = humantime::format_duration(config.limits.drain);
            log::say(&format!("solgate: stopping; requests in flight have {drain}"));
        })
        .await;
    if cut > 0 {
        log::say(&format!("solgate: {cut} connections were cut"));
    }
    Ok(ExitCode::SUCCESS)
}
