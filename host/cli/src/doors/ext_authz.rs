//! Runs `solgate ext-authz`.

use std::process::ExitCode;
use std::time::SystemTime;

use solgate_config::PolicyLoader;
use solgate_ext_authz::Server;
use solgate_gateway::build_gate::build_gate;
use solgate_gateway::error::GatewayError;
use solgate_gateway::overrides;
use solgate_gateway::reload::{ComponentLoader, Reload};
use solgate_gateway::routes::{check, describe, report_isolation};
use solgate_gateway::shutdown::signals;
use solgate_telemetry::log;

use crate::args::ext_authz::ExtAuthzArgs;

/// Runs `solgate ext-authz` until it is told to stop.
///
/// # Errors
/// The service could not be started; exit with 2.
pub async fn run(args: ExtAuthzArgs, load: PolicyLoader<'_>, again: ComponentLoader) -> Result<ExitCode, GatewayError> {
    let build = |upstream: &_| build_gate(upstream, load);
    let config = args.config()?;
    if args.judging.gateway.check_config {
        check(&config, &build, |_| Ok(()))?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let stop = signals()?;
    let reload = Reload::new(again, &config)?;
    let server = Server::bind(&config, &args.jwt_payload, &build).await?;
    let server = server.with_lame_duck(args.lame_duck).with_reload(reload);
    overrides::report(&config.upstreams, SystemTime::now());
    report_isolation(server.memory_reset());

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
            stop.await;
            let stops = args.lame_duck.saturating_add(config.limits.drain);
            log::say(&format!("solgate: stopping; checks have {}", humantime::format_duration(stops)));
        })
        .await;
    if !drained {
        log::say("solgate: some checks were cut");
    }
    Ok(ExitCode::SUCCESS)
}
