//! The upstreams of a door: which gate judges the requests for each of them, what is
//! tried beside it, and where requests go from there.

use std::collections::HashMap;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use solgate_config::{Config, GateMode, Limits, UpstreamConfig};
use solgate_telemetry::outcome_counter::OutcomeCounter;
use solgate_upstream::pool::Pool;

use crate::build_gate::GateBuilder;
use crate::current_gate::CurrentGate;
use crate::error::GatewayError;
use crate::metrics::Metrics;
use crate::policy_metrics::Role;
use crate::router::Router;
use crate::shadow::{Compared, Shadow};
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
pub trait Onward: Sized + Send + Sync + 'static {
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

/// The upstreams of a door.
pub type Routes<F> = Router<Arc<Route<F>>>;

/// Builds the gates of all upstreams, and the ways to them.
///
/// Routes `before` that are configured as they were stay as they are, and requests for
/// one VNFM wait in the same queues.
///
/// # Errors
/// A gate cannot be built, or an upstream cannot be used.
pub fn open<F: Onward>(
    config: &Config,
    build_gate: GateBuilder<'_>,
    compared: &OutcomeCounter<Compared>,
    before: Option<(&Config, &Routes<F>)>,
) -> Result<Routes<F>, GatewayError> {
    // A turn may take as long as the answer to the request before.
    let (waiting, patience) = (config.limits.waiting, config.limits.answer);
    // Several entries may lead to one VNFM.
    let mut queues: HashMap<_, Turns> = HashMap::new();
    for route in before.iter().flat_map(|(_, routes)| routes.values()) {
        if let Some(turns) = &route.turns {
            queues.insert(vnfm(&route.gate.upstream.url), turns.with_limits(waiting, patience));
        }
    }
    // What else a route depends on.
    let unchanged = before.filter(|(before, _)| (&before.limits, before.log) == (&config.limits, config.log));
    let mut routes = Vec::new();
    for (index, entry) in config.upstreams.iter().enumerate() {
        let place = format!("/upstreams/{index}");
        let misplaced = |error: GatewayError| error.at(&place);
        let mut open = unchanged.iter().flat_map(|(_, routes)| routes.values());
        let route = match open.find(|route| route.gate.upstream == *entry) {
            Some(route) => Arc::clone(route),
            None => {
                let gate = Arc::new(CurrentGate::open(entry.clone(), Role::Live, build_gate).map_err(misplaced)?);
                let open_shadow = |shadow| Shadow::open(shadow, build_gate, compared, config.log);
                let shadow = entry.shadow().map(open_shadow).transpose().map_err(misplaced)?;
                let onward = F::open(entry, &config.limits).map_err(misplaced)?;
                let new_turns = || Turns::new(waiting, patience);
                let turns = F::TAKES_TURNS.then(|| queues.entry(vnfm(&entry.url)).or_insert_with(new_turns).clone());
                Arc::new(Route { gate, shadow, turns, onward })
            }
        };
        routes.push((entry.host.clone(), entry.path_prefix.clone(), route));
    }
    Ok(Router::new(routes))
}

/// Bytes of a body that must be read to judge any request: the largest limit of all
/// gates.
pub fn largest_body<F>(routes: &Routes<F>) -> usize {
    routes.values().map(|route| route.gate.get().body_limit()).max().unwrap_or_default()
}

/// All gates, live ones first, then shadows.
pub fn gates<F>(routes: &Routes<F>) -> Vec<Arc<CurrentGate>> {
    let shadows = routes.values().filter_map(|route| route.shadow.as_ref()).map(Shadow::gate);
    routes.values().map(|route| &route.gate).chain(shadows).cloned().collect()
}

/// Reports on these routes, in the place of those with the gates `before`.
pub fn report<F: Onward>(routes: &Routes<F>, before: &[Arc<CurrentGate>], metrics: &Metrics) {
    let gates = gates(routes);
    metrics.requests.keep(&routes.values().map(|route| Some(Arc::clone(&route.gate.name))).collect());
    metrics.modes.gates(routes.values().map(|route| (route.gate.upstream.authority(), route.mode())));
    let forwarding = routes.values().filter_map(|route| {
        let upstream = route.gate.upstream.authority().to_owned();
        route.onward.pool().map(|pool| (upstream, pool))
    });
    metrics.sampled.measure(routes.values().map(|route| Arc::clone(&route.gate)), forwarding.collect());
    for gate in before {
        for (policy, digest) in gate.policies() {
            metrics.policies(gate.role).forget_policy(gate.upstream.authority(), &policy, &digest);
        }
    }
    for gate in &gates {
        for (policy, digest) in gate.policies() {
            metrics.policies(gate.role).policy(gate.upstream.authority(), &policy, &digest);
        }
    }
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
