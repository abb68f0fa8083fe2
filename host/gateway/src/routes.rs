//! The upstreams of a door: which gate judges the requests for each of them, what is
//! tried beside it, and where requests go from there.

use std::collections::HashMap;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use solgate_config::{Config, GateMode, Limits, UpstreamConfig};
use solgate_upstream::pool::Pool;

use crate::build_gate::GateBuilder;
use crate::current_gate::CurrentGate;
use crate::error::GatewayError;
use crate::metrics::Metrics;
use crate::policy_metrics::Role;
use crate::router::Router;
use crate::shadow::Shadow;
use crate::turns::Turns;

/// An upstream, as requests for it find it.
pub struct Route<F> {
    pub gate: Arc<CurrentGate>,
    /// What is tried beside the gate.
    pub shadow: Option<Shadow>,
    /// `None` where requests do not [take turns](crate::turns).
    pub turns: Option<Turns>,
    /// Where requests go that pass.
    pub onward: F,
}

impl<F> Route<F> {
    /// How the operator wants requests for this upstream to be treated.
    #[must_use]
    pub fn mode(&self) -> GateMode {
        self.gate.upstream.gate.mode
    }
}

/// What becomes of requests that pass.
pub trait Onward: Sized {
    /// Whether requests that change one resource [take turns](crate::turns).
    const TAKES_TURNS: bool;

    /// Prepares the way to an upstream, without asking it anything.
    ///
    /// # Errors
    /// Its URL or the certificates for it cannot be used.
    fn open(upstream: &UpstreamConfig, limits: &Limits) -> Result<Self, GatewayError>;

    /// The connections over which requests are forwarded, if the door does that.
    fn pool(&self) -> Option<Arc<Pool>>;
}

/// The server that asks forwards requests itself.
pub struct ForwardedElsewhere;

impl Onward for ForwardedElsewhere {
    const TAKES_TURNS: bool = false;

    fn open(_: &UpstreamConfig, _: &Limits) -> Result<Self, GatewayError> {
        Ok(Self)
    }

    fn pool(&self) -> Option<Arc<Pool>> {
        None
    }
}

/// Builds the gates of all upstreams, and the ways to them.
///
/// # Errors
/// A gate cannot be built, or an upstream cannot be used.
pub fn open<F: Onward>(
    config: &Config,
    build_gate: GateBuilder<'_>,
    metrics: &Metrics,
) -> Result<Router<Route<F>>, GatewayError> {
    // Several entries may lead to one VNFM.
    let mut queues: HashMap<_, Turns> = HashMap::new();
    let mut routes = Vec::new();
    for entry in &config.upstreams {
        let gate = CurrentGate::open(entry.clone(), Role::Live, build_gate, metrics.policies(Role::Live))?;
        metrics.modes.gate(entry.authority(), entry.gate.mode);
        let (policies, compared) = (metrics.policies(Role::Shadow), &metrics.compared);
        let open_shadow = |shadow| Shadow::open(shadow, build_gate, policies, compared, config.log);
        let shadow = entry.shadow().map(open_shadow).transpose()?;
        let gate = Arc::new(gate);
        metrics.sampled.gate(Arc::clone(&gate));
        let onward = F::open(entry, &config.limits)?;
        if let Some(pool) = onward.pool() {
            metrics.sampled.forwarding(entry.authority(), pool);
        }
        // A turn may take as long as the answer to the request before.
        let new_turns = || Turns::new(config.limits.waiting, config.limits.answer);
        let turns = F::TAKES_TURNS.then(|| queues.entry(vnfm(&entry.url)).or_insert_with(new_turns).clone());
        routes.push((entry.host.clone(), entry.path_prefix.clone(), Route { gate, shadow, turns, onward }));
    }
    Ok(Router::new(routes))
}

/// What tells one VNFM from another: host and port, however its URL writes them.
fn vnfm(url: &Uri) -> (String, u16) {
    let port = url.port_u16().unwrap_or(if url.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
    (url.host().unwrap_or_default().to_ascii_lowercase(), port)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_vnfm_is_one_however_its_url_is_written() {
        let vnfm = |url: &str| vnfm(&url.parse().unwrap());
        assert_eq!(vnfm("http://vnfm.example"), vnfm("http://VNFM.example:80/"));
        assert_eq!(vnfm("https://vnfm.example"), vnfm("https://vnfm.example:443"));
        assert_ne!(vnfm("http://vnfm.example"), vnfm("http://vnfm.example:8080"));
        assert_ne!(vnfm("http://vnfm.example"), vnfm("http://other.example"));
    }
}
