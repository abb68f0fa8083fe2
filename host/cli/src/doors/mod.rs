//! The commands that open a door.

pub mod ext_authz;
pub mod forward_auth;
pub mod serve;

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use solgate::policy::{Policy, PolicyFile, PolicySources, read_file};
use solgate_config::{Config, Limits};
use solgate_gateway::ADMIN_PATHS;
use solgate_gateway::check::{describe, report_isolation, say_roots};
use solgate_gateway::door::Door;
use solgate_gateway::error::GatewayError;
use solgate_gateway::overrides;
use solgate_gateway::reload::{self, ComponentLoader, SourceLoader};
use solgate_gateway::rollout::Rollout;
use solgate_gateway::routes::Onward;
use solgate_gateway::service_manager;
use solgate_telemetry::log;

use crate::commands::policies::Loader;

/// How a door loads its policies, how it loads one again from what it has read, and what
/// fetches those that are not files.
///
/// # Errors
/// There is no engine for so many evaluations.
fn loading(config: &Config) -> Result<(SourceLoader, ComponentLoader, Arc<Rollout>), GatewayError> {
    let loader = Loader::for_gateway(&config.limits)?;
    let (again, rollout) = (loader.clone(), Arc::new(Rollout::new(config)));
    let fetched = Arc::clone(&rollout);
    let load = move |sources: &PolicySources, isolation| {
        let elsewhere: Vec<bool> = sources.files.iter().map(PolicyFile::is_elsewhere).collect();
        fetched.load(sources, |files| {
            let policies = loader.components(files, isolation).map_err(|error| error.to_string())?;
            for ((policy, file), _) in policies.iter().zip(&files.files).zip(&elsewhere).filter(|(_, new)| **new) {
                // What a tag names may be new: it shows what it can do before it judges.
                examined(policy, &file.path)?;
            }
            Ok::<_, String>(policies)
        })
    };
    Ok((Arc::new(load), Arc::new(move |path, bytes| again.bytes(Some(path), bytes)), rollout))
}

/// Runs the cases that a policy brings along.
fn examined(policy: &Policy, path: &Path) -> Result<(), String> {
    let refused = |error: String| format!("{}: {error}", path.display());
    let bytes = read_file(path).map_err(|error| error.to_string())?;
    reload::examine(policy, path, &bytes).map(drop).map_err(|error| refused(error.to_string()))
}

/// What most doors have under way.
const REQUESTS: &str = "requests in flight";

/// Says what happens when the door is told to stop: `what` is under way then.
fn at_the_end(limits: &Limits, what: &str) -> String {
    let drain = humantime::format_duration(limits.drain);
    if limits.lame_duck.is_zero() {
        return format!("{what} have {drain}");
    }
    let lame_duck = humantime::format_duration(limits.lame_duck);
    format!("connections are taken for {lame_duck} more; then {what} have {drain}")
}

/// Says what a door does that has its addresses: `line` of each upstream, and of what is
/// easily forgotten. The service manager learns that the door is open.
fn announce<F: Onward>(config: &Config, door: &Door<F>, line: impl Fn(&str) -> String) {
    overrides::report(&config.upstreams, SystemTime::now());
    report_isolation(door.memory_reset());
    for gate in config.upstreams.iter().filter_map(|upstream| door.gate(upstream)) {
        let (upstream, gate) = (&gate.upstream, gate.get());
        log::say(&format!("solgate: {}", line(&describe(upstream, &gate))));
        say_roots(&gate);
    }
    if let Some(admin) = door.admin_address() {
        log::say(&format!("solgate: {} has {ADMIN_PATHS}", admin.url("http")));
    }
    service_manager::ready();
}

/// Waits until the door is to stop, and says what happens then.
async fn stopping(stop: impl Future<Output = ()>, then: String) {
    stop.await;
    service_manager::stopping();
    log::say(&format!("solgate: stopping; {then}"));
}

/// Says that connections did not end by themselves.
fn report_cut(connections: usize) {
    if connections > 0 {
        log::say(&format!("solgate: {connections} connections were cut"));
    }
}
