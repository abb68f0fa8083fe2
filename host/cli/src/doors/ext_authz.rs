//! Runs `solgate ext-authz`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use solgate_ext_authz::Server;
use solgate_gateway::build_gate::build_gate;
use solgate_gateway::check::check;
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::reload::{ConfigurationFile, Reload};
use solgate_gateway::routes::ForwardedElsewhere;
use solgate_gateway::shutdown::signals;
use solgate_telemetry::log;

use super::{announce, at_the_end, loading, stopping};
use crate::args::ext_authz::ExtAuthzArgs;

/// Runs `solgate ext-authz` until it is told to stop, at sockets that were `inherited` if there are
/// any.
///
/// # Errors
/// The service could not be started; exit with 2.
pub async fn run(args: ExtAuthzArgs, inherited: Inherited) -> Result<ExitCode, GatewayError> {
    let file = args.judging.gateway.config.clone();
    run_with(args, file.clone(), inherited).await.map_err(|error| error.in_file(file.as_deref()))
}

async fn run_with(args: ExtAuthzArgs, file: Option<PathBuf>, inherited: Inherited) -> Result<ExitCode, GatewayError> {
    let config = args.config()?;
    let (load, again, rollout) = loading(&config)?;
    let build = |upstream: &_, vnfm: &_| build_gate(upstream, vnfm, &*load);
    if args.judging.gateway.check_config {
        check::<ForwardedElsewhere>(&config, &build)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let stop = signals()?;
    let jwt_payload = args.jwt_payload.clone();
    let file = file.map(|path| ConfigurationFile { path, read: Arc::new(move || args.config()), load: load.clone() });
    let reload = Reload::new(again, rollout, &config)?.with_file(file);
    let server = Server::bind(&config, &jwt_payload, inherited, &build).await?;
    let server = server.with_reload(reload);
    let tls = if config.tls.is_some() { ", with TLS," } else { "" };
    let address = server.door().address();
    announce(&config, server.door(), |upstream| format!("ext_authz at {address}{tls} for {upstream}"));
    if !server.run(stopping(stop, at_the_end(&config.limits, "checks"))).await {
        log::say("solgate: some checks were cut");
    }
    Ok(ExitCode::SUCCESS)
}
