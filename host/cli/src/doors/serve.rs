//! Runs `solgate serve`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use solgate_author::demo;
use solgate_gateway::build_gate::build_gate;
use solgate_gateway::check::check;
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::reload::{ConfigurationFile, Reload};
use solgate_gateway::shutdown::signals;
use solgate_serve::{Server, Upstream};
use solgate_telemetry::log;

use super::{REQUESTS, announce, at_the_end, loading, report_cut, stopping};
use crate::args::serve::ServeArgs;

/// Runs `solgate serve` until it is told to stop, at sockets that were `inherited` if there are
/// any.
///
/// # Errors
/// The server could not be started; exit with 2.
pub async fn run(args: ServeArgs, inherited: Inherited) -> Result<ExitCode, GatewayError> {
    let file = args.gateway.config.clone();
    run_with(args, file.clone(), inherited).await.map_err(|error| error.in_file(file.as_deref()))
}

async fn run_with(args: ServeArgs, file: Option<PathBuf>, inherited: Inherited) -> Result<ExitCode, GatewayError> {
    if args.gateway.check_config {
        let config = args.config(None)?;
        let (load, ..) = loading(&config)?;
        check::<Upstream>(&config, &|upstream, vnfm| build_gate(upstream, vnfm, &*load))?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let stop = signals()?;
    let vnfm = if args.demo { Some(demo::Vnfm::start().await.map_err(no_demo)?) } else { None };
    let config = args.config(vnfm.as_ref().map(|vnfm| vnfm.url().clone()))?;
    let (load, again, rollout) = loading(&config)?;
    let build = |upstream: &_, vnfm: &_| build_gate(upstream, vnfm, &*load);
    let file =
        file.map(|path| ConfigurationFile { path, read: Arc::new(move || args.config(None)), load: load.clone() });
    let reload = Reload::new(again, rollout, &config)?.with_file(file);
    let server = Server::bind(&config, inherited, &build).await?.with_reload(reload);
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let address = server.door().address().clone();
    announce(&config, server.door(), |upstream| format!("{} -> {upstream}", address.url(scheme)));
    if let (Some(_), Some(address)) = (&vnfm, address.tcp()) {
        log::print(demo::tour(address).trim_end());
    }
    report_cut(server.run(stopping(stop, at_the_end(&config.limits, REQUESTS))).await);
    Ok(ExitCode::SUCCESS)
}

fn no_demo(error: std::io::Error) -> GatewayError {
    GatewayError::Bind { address: "a loopback port for the demo VNFM".to_owned(), option: "--listen", error }
}
