//! Runs `solgate serve`.

use std::process::ExitCode;
use std::time::SystemTime;

use solgate_author::demo;
use solgate_config::PolicyLoader;
use solgate_gateway::build_gate::build_gate;
use solgate_gateway::error::GatewayError;
use solgate_gateway::overrides;
use solgate_gateway::reload::{ComponentLoader, Reload};
use solgate_gateway::routes::{check, describe, report_isolation};
use solgate_gateway::shutdown::signals;
use solgate_serve::{Server, check_upstream};
use solgate_telemetry::log;

use crate::args::serve::ServeArgs;

/// Runs `solgate serve` until it is told to stop.
///
/// # Errors
/// The server could not be started; exit with 2.
pub async fn run(args: ServeArgs, load: PolicyLoader<'_>, again: ComponentLoader) -> Result<ExitCode, GatewayError> {
    let build = |upstream: &_| build_gate(upstream, load);
    if args.gateway.check_config {
        let config = args.config(None)?;
        check(&config, &build, |upstream| check_upstream(upstream, &config.limits))?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before the first connection, so that no signal is missed.
    let stop = signals()?;
    let vnfm = if args.demo { Some(demo::Vnfm::start().await.map_err(no_demo)?) } else { None };
    let config = args.config(vnfm.as_ref().map(|vnfm| vnfm.url().clone()))?;
    let drain = config.limits.drain;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let upstreams = config.upstreams.clone();
    let reload = Reload::new(again, &config)?;
    let server = Server::bind(config, &build).await?.with_reload(reload);
    overrides::report(&upstreams, SystemTime::now());
    report_isolation(server.memory_reset());

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
            stop.await;
            log::say(&format!("solgate: stopping; requests in flight have {}", humantime::format_duration(drain)));
        })
        .await;
    if cut > 0 {
        log::say(&format!("solgate: {cut} connections were cut"));
    }
    Ok(ExitCode::SUCCESS)
}

fn no_demo(error: std::io::Error) -> GatewayError {
    GatewayError::Bind { address: "a loopback port for the demo VNFM".to_owned(), option: "--listen", error }
}
