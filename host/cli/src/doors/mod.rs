//! The commands that open a door.

pub mod ext_authz;
pub mod forward_auth;
pub mod serve;

use std::time::SystemTime;

use solgate_config::Config;
use solgate_gateway::ADMIN_PATHS;
use solgate_gateway::check::{describe, report_isolation};
use solgate_gateway::door::Door;
use solgate_gateway::overrides;
use solgate_gateway::routes::Onward;
use solgate_telemetry::log;

/// Says what a door does that has its addresses: `line` of each upstream, and of what is
/// easily forgotten.
fn announce<F: Onward>(config: &Config, door: &Door<F>, line: impl Fn(&str) -> String) {
    overrides::report(&config.upstreams, SystemTime::now());
    report_isolation(door.memory_reset());
    for upstream in &config.upstreams {
        log::say(&format!("solgate: {}", line(&describe(upstream))));
    }
    if let Some(admin) = door.admin_address() {
        log::say(&format!("solgate: http://{admin} has {ADMIN_PATHS}"));
    }
}

/// Waits until the door is to stop, and says what happens then.
async fn stopping(stop: impl Future<Output = ()>, then: String) {
    stop.await;
    log::say(&format!("solgate: stopping; {then}"));
}

/// Says that connections did not end by themselves.
fn report_cut(connections: usize) {
    if connections > 0 {
        log::say(&format!("solgate: {connections} connections were cut"));
    }
}
