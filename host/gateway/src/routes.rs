//! The upstreams of a door: which gate judges the requests for each of them, what is
//! tried beside it, and where requests go from there.

use std::collections::HashMap;
use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use solgate_config::vnfm_url::base_path;
use solgate_config::{Config, GateMode, Limits, UpstreamConfig};
use solgate_upstream::pools::Pools;

use crate::build_gate::GateBuilder;
use crate::current_gate::CurrentGate;
use crate::error::GatewayError;
use crate::metrics::Metrics;
use crate::policy_metrics::Role;
use crate::prefixes::Prefixes;
use crate::router::Router;
use crate::shadow::Shadow;
use crate::turns::{Leases, Queues, Turns};
use crate::vnfm::Vnfm;

/// An upstream, as requests for it find it.
pub struct Route<F> {
    pub gate: Arc<CurrentGate>,
    /// What is tried beside the gate.
    pub shadow: Option<Shadow>,
    /// `None` where requests do not [take turns](crate::turns).
    pub turns: Option<Turns>,
    /// What of their paths is for clients only, and for the VNFM only.
    pub prefixes: Prefixes,
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
    /// Whether the door forwards them itself: then those that change one resource [take
    /// turns](crate::turns), also where no store is configured.
    const TAKES_TURNS: bool;

    /// Prepares the way to an upstream, without asking it anything.
    ///
    /// # Errors
    /// Its URL cannot be used.
    fn open(upstream: &UpstreamConfig, vnfm: &Vnfm, limits: &Limits) -> Result<Self, GatewayError>;

    /// The connections over which requests are forwarded, if the door does that.
    fn pools(&self) -> Option<Arc<Pools>>;
}

/// The server that asks forwards requests itself.
pub struct ForwardedElsewhere;

impl Onward for ForwardedElsewhere {
    const TAKES_TURNS: bool = false;

    fn open(_: &UpstreamConfig, _: &Vnfm, _: &Limits) -> Result<Self, GatewayError> {
        Ok(Self)
    }

    fn pools(&self) -> Option<Arc<Pools>> {
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
    metrics: &Metrics,
    before: Option<(&Config, &Routes<F>)>,
) -> Result<Routes<F>, GatewayError> {
    // A turn may take as long as the answer to the request before.
    let (waiting, patience) = (config.limits.waiting, config.limits.answer);
    // Several entries may lead to one VNFM.
    let mut queues: HashMap<_, Queues> = HashMap::new();
    let leases = leases(config, metrics, before.map(|(_, routes)| routes))?;
    for route in before.iter().flat_map(|(_, routes)| routes.values()) {
        if let Some(turns) = &route.turns {
            queues.insert(whereabouts(&route.gate.upstream.url), turns.queues().with_limits(waiting, patience));
        }
    }
    // What else a route depends on.
    let unchanged = before.filter(|(before, _)| {
        (&before.limits, before.log, &before.turns) == (&config.limits, config.log, &config.turns)
    });
    // What is known of addresses stays known.
    let mut known: Vec<Arc<Vnfm>> =
        before.iter().flat_map(|(_, routes)| routes.values()).map(|route| Arc::clone(&route.gate.vnfm)).collect();
    let mut routes = Vec::new();
    for (index, entry) in config.upstreams.iter().enumerate() {
        let place = format!("/upstreams/{index}");
        let misplaced = |error: GatewayError| error.at(&place);
        let mut open = unchanged.iter().flat_map(|(_, routes)| routes.values());
        let route = match open.find(|route| route.gate.upstream == *entry) {
            Some(route) => Arc::clone(route),
            None => {
                let vnfm = Vnfm::open(entry, &known).and_then(|vnfm| vnfm.kept(config.reload, &metrics.access));
                let vnfm = vnfm.map_err(misplaced)?;
                known.push(Arc::clone(&vnfm));
                let gate = CurrentGate::open(entry.clone(), Arc::clone(&vnfm), Role::Live, build_gate);
                let gate = Arc::new(gate.map_err(misplaced)?);
                let open_shadow =
                    |shadow| Shadow::open(shadow, Arc::clone(&vnfm), build_gate, &metrics.compared, config.log);
                let shadow = entry.shadow().map(open_shadow).transpose().map_err(misplaced)?;
                let onward = F::open(entry, &vnfm, &config.limits).map_err(misplaced)?;
                let new_queues = || Queues::new(waiting, patience);
                let mut queues = || queues.entry(whereabouts(&entry.url)).or_insert_with(new_queues).clone();
                let turns = match &leases {
                    Some(leases) => Some(Turns::within(queues()).shared(leases, &shared_name(entry), F::TAKES_TURNS)),
                    None => F::TAKES_TURNS.then(|| Turns::within(queues())),
                };
                let prefixes = Prefixes::of(entry);
                Arc::new(Route { gate, shadow, turns, prefixes, onward })
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
    metrics.modes.gates(routes.values().map(|route| (&*route.gate.name, route.mode())));
    match routes.values().find_map(|route| route.turns.as_ref()?.leases()) {
        Some(leases) => leases.report(),
        None => metrics.turns.forget(),
    }
    let forwarding = routes.values().filter_map(|route| {
        let upstream = route.gate.name.as_ref().to_owned();
        route.onward.pools().map(|pools| (upstream, pools))
    });
    metrics.sampled.measure(routes.values().map(|route| Arc::clone(&route.gate)), forwarding.collect());
    for gate in before {
        for (policy, digest) in gate.policies() {
            metrics.policies(gate.role).forget_policy(&gate.name, &policy, &digest);
        }
    }
    for gate in &gates {
        for (policy, digest) in gate.policies() {
            metrics.policies(gate.role).policy(&gate.name, &policy, &digest);
        }
    }
}

/// The store in which gates take turns, if there is one: the same as before, if it is
/// configured as it was.
fn leases<F>(
    config: &Config,
    metrics: &Metrics,
    before: Option<&Routes<F>>,
) -> Result<Option<Arc<Leases>>, GatewayError> {
    let Some(turns) = &config.turns else {
        return Ok(None);
    };
    let mut known = before.into_iter().flat_map(|routes| routes.values()).filter_map(|route| route.turns.as_ref());
    if let Some(leases) = known.find_map(|known| known.leases().filter(|leases| leases.config() == turns)) {
        return Ok(Some(Arc::clone(leases)));
    }
    let opened = Leases::open(turns, &metrics.turns);
    opened.map(Some).map_err(GatewayError::of_turns)
}

/// What gates call a VNFM where they take turns together.
fn shared_name(upstream: &UpstreamConfig) -> String {
    let (host, port, path) = whereabouts(&upstream.url);
    upstream.turns_name.clone().unwrap_or_else(|| format!("{host}:{port}{path}"))
}

/// What tells one VNFM from another: host, port and path, however its URL writes them.
fn whereabouts(url: &Uri) -> (String, u16, String) {
    let port = url.port_u16().unwrap_or(if url.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
    (url.host().unwrap_or_default().to_ascii_lowercase(), port, base_path(url).to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_vnfm_is_one_however_its_url_is_written() {
        let place = |url: &str| whereabouts(&url.parse().unwrap());
        assert_eq!(place("http://vnfm.example"), place("http://VNFM.example:80/"));
        assert_eq!(place("https://vnfm.example"), place("https://vnfm.example:443"));
        assert_ne!(place("http://vnfm.example"), place("http://vnfm.example:8080"));
        assert_ne!(place("http://vnfm.example"), place("http://other.example"));
    }
}
