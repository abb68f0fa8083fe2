//! Runs `solgate ext-authz`.

use std::process::ExitCode;
use std::sync::Arc;

use solgate_ext_authz::Server;
use solgate_gateway::build_gate::build_gate;
use solgate_gateway::check::check;
use solgate_gateway::error::GatewayError;
use solgate_gateway::reload::{ComponentLoader, ConfigurationFile, Reload, SourceLoader};
use solgate_gateway::routes::ForwardedElsewhere;
use solgate_gateway::shutdown::signals;
use solgate_telemetry::log;

use super::{announce, stopping};
use crate::args::ext_authz::ExtAuthzArgs;

/// Runs `solgate ext-authz` until it is told to stop.
///
/// # Errors
/// The service could not be started; exit with 2.
pub async fn run(args: ExtAuthzArgs, load: SourceLoader, again: ComponentLoader) -> Result<ExitCode, GatewayError> {
    let build = |upstream: &_| build_gate(upstream, &*load);
    let config = args.config()?;
    if args.judging.gateway.check_config {
        check::<ForwardedElsewhere>(&config, &build)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let stop = signals()?;
    let (jwt_payload, lame_duck) = (args.jwt_payload.clone(), args.lame_duck);
    let file = args.judging.gateway.config.clone();
    let file = file.map(|path| ConfigurationFile { path, read: Arc::new(move || args.config()), load: load.clone() });
    let reload = Reload::new(again, &config)?.with_file(file);
    let server = Server::bind(&config, &jwt_payload, &build).await?;
    let server = server.with_lame_duck(lame_duck).with_reload(reload);
    let tls = if config.tls.is_some() { ", with TLS," } else { "" };
    let address = server.door().address();
    announce(&config, server.door(), |upstream| format!("ext_authz at {address}{tls} for {upstream}"));
    let stops = lame_duck.saturating_add(config.limits.drain);
    let then = format!("checks have {}", humantime::format_duration(stops));
    if !server.run(stopping(stop, then)).await {
        log::say("solgate: some checks were cut");
    }
    Ok(ExitCode::SUCCESS)
}
