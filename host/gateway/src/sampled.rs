//! Metrics of things that exist anyway, measured when somebody asks for them:
//! connections to the VNFMs and instances of policies. They cost no request anything.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use solgate::facts::PoolUse;
use solgate_upstream::pool::Pool;

use crate::current_gate::CurrentGate;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    upstream: String,
    purpose: &'static str,
    state: &'static str,
}

/// Where numbers come from.
enum Source {
    /// The connections over which requests are forwarded to this upstream.
    Forwarding { upstream: String, pool: Arc<Pool> },
    /// A gate: its facts, and its policies.
    Gate(Arc<CurrentGate>),
}

/// The sources, and the metrics that they fill.
pub struct Sampled {
    sources: Mutex<Vec<Source>>,
    connections: Family<ConnectionLabels, Gauge>,
    instances: Gauge,
    instance_limit: Gauge,
}

impl Sampled {
    /// Enters the metrics into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let connections = Family::default();
        registry.register(
            "upstream_connections",
            "Connections to the VNFMs, by what they are for and whether a request uses them",
            connections.clone(),
        );
        let instances = Gauge::default();
        registry.register("policy_instances", "Instances of policies that exist", instances.clone());
        let instance_limit = Gauge::default();
        registry.register(
            "policy_instances_limit",
            "Most instances that there may be; an evaluation that finds none free is refused",
            instance_limit.clone(),
        );
        Self { sources: Mutex::default(), connections, instances, instance_limit }
    }

    /// Measures what these gates use, and the connections over which requests go to
    /// these upstreams, in the place of those before.
    pub fn measure(&self, gates: impl Iterator<Item = Arc<CurrentGate>>, forwarding: Vec<(String, Arc<Pool>)>) {
        let pools = forwarding.into_iter().map(|(upstream, pool)| Source::Forwarding { upstream, pool });
        let sources = gates.map(Source::Gate).chain(pools).collect();
        *self.sources.lock().unwrap_or_else(PoisonError::into_inner) = sources;
    }

    /// Measures everything now.
    pub fn take(&self) {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        // Several gates may have the same VNFM: their connections are added up.
        self.connections.clear();
        for source in sources.iter() {
            match source {
                Source::Forwarding { upstream, pool } => {
                    let found = pool.in_use();
                    self.connections(upstream, "forward", PoolUse { busy: found.busy, idle: found.idle });
                }
                Source::Gate(current) => {
                    let gate = current.get();
                    if let Some(found) = gate.facts().connections() {
                        self.connections(current.upstream.authority(), "facts", found);
                    }
                    // All policies of a process share one engine.
                    if let Some(found) = gate.policies().iter().find_map(|policy| policy.instances()) {
                        self.instances.set(number(found.existing));
                        self.instance_limit.set(number(found.limit));
                    }
                }
            }
        }
    }

    fn connections(&self, upstream: &str, purpose: &'static str, found: PoolUse) {
        for (state, count) in [("busy", found.busy), ("idle", found.idle)] {
            let labels = ConnectionLabels { upstream: upstream.to_owned(), purpose, state };
            self.connections.get_or_create(&labels).inc_by(number(count));
        }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
