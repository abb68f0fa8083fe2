//! Runs `solgate forward-auth`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use solgate_forward_auth::ForwardAuth;
use solgate_gateway::build_gate::build_gate;
use solgate_gateway::check::check;
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::reload::{ConfigurationFile, Reload};
use solgate_gateway::routes::ForwardedElsewhere;
use solgate_gateway::shutdown::signals;

use super::{REQUESTS, announce, at_the_end, loading, report_cut, stopping};
use crate::args::forward_auth::ForwardAuthArgs;

/// Runs `solgate forward-auth` until it is told to stop, at sockets that were `inherited` if there are
/// any.
///
/// # Errors
/// The door could not be opened; exit with 2.
pub async fn run(args: ForwardAuthArgs, inherited: Inherited) -> Result<ExitCode, GatewayError> {
    let file = args.judging.gateway.config.clone();
    run_with(args, file.clone(), inherited).await.map_err(|error| error.in_file(file.as_deref()))
}

async fn run_with(
    args: ForwardAuthArgs,
    file: Option<PathBuf>,
    inherited: Inherited,
) -> Result<ExitCode, GatewayError> {
    let config = args.config()?;
    let (load, again, rollout) = loading(&config)?;
    let build = |upstream: &_, vnfm: &_| build_gate(upstream, vnfm, &*load);
    if args.judging.gateway.check_config {
        check::<ForwardedElsewhere>(&config, &build)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let stop = signals()?;
    let file = file.map(|path| ConfigurationFile { path, read: Arc::new(move || args.config()), load: load.clone() });
    let reload = Reload::new(again, rollout, &config)?.with_file(file);
    let server = ForwardAuth::bind(&config, inherited, &build).await?.with_reload(reload);
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let url = server.door().address().url(scheme);
    announce(&config, server.door(), |upstream| format!("{url} judges by forward-auth, facts from {upstream}"));
    report_cut(server.run(stopping(stop, at_the_end(&config.limits, REQUESTS))).await);
    Ok(ExitCode::SUCCESS)
}
