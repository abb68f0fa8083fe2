//! Metrics of things that exist anyway, measured when somebody asks for them:
//! connections to the VNFMs and instances of policies. They cost no request anything.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use solgate::facts::PoolUse;
use solgate_upstream::address::{Address, LeftOut};
use solgate_upstream::pools::Pools;

use crate::current_gate::CurrentGate;
use crate::signatures;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectionLabels {
    upstream: String,
    purpose: &'static str,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabel {
    upstream: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AddressLabels {
    upstream: String,
    address: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LeftOutLabels {
    upstream: String,
    address: String,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignatureLabels {
    upstream: String,
    policy: String,
    digest: String,
}

/// Where numbers come from.
enum Source {
    /// The connections over which requests are forwarded to this upstream.
    Forwarding { upstream: String, pools: Arc<Pools> },
    /// A gate: its facts, and its policies.
    Gate(Arc<CurrentGate>),
}

/// The sources, and the metrics that they fill.
pub struct Sampled {
    sources: Mutex<Vec<Source>>,
    connections: Family<ConnectionLabels, Gauge>,
    not_after: Family<UpstreamLabel, Gauge>,
    healthy: Family<AddressLabels, Gauge>,
    left_out: Family<LeftOutLabels, Counter>,
    signatures: Family<SignatureLabels, Gauge>,
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
        let not_after = Family::default();
        registry.register(
            "upstream_certificate_not_after_seconds",
            "When the certificate that the gate shows to a VNFM ends, in seconds since 1970",
            not_after.clone(),
        );
        let healthy = Family::default();
        registry.register(
            "upstream_address_healthy",
            "Whether the VNFM is reached at an address, and passes its health check there: 1 or 0",
            healthy.clone(),
        );
        let left_out = Family::default();
        registry.register(
            "upstream_address_left_out",
            "How often an address began to be left out, because it took no connection or failed its health check",
            left_out.clone(),
        );
        let signatures = Family::default();
        registry.register(
            "policy_signature_not_after_seconds",
            "When the signature of a policy in use ends, in seconds since 1970",
            signatures.clone(),
        );
        let instances = Gauge::default();
        registry.register("policy_instances", "Instances of policies that exist", instances.clone());
        let instance_limit = Gauge::default();
        registry.register(
            "policy_instances_limit",
            "Most instances that there may be; an evaluation that finds none free is refused",
            instance_limit.clone(),
        );
        Self {
            sources: Mutex::default(),
            connections,
            not_after,
            healthy,
            left_out,
            signatures,
            instances,
            instance_limit,
        }
    }

    /// Measures what these gates use, and the connections over which requests go to
    /// these upstreams, in the place of those before.
    pub fn measure(&self, gates: impl Iterator<Item = Arc<CurrentGate>>, forwarding: Vec<(String, Arc<Pools>)>) {
        let pools = forwarding.into_iter().map(|(upstream, pools)| Source::Forwarding { upstream, pools });
        let sources = gates.map(Source::Gate).chain(pools).collect();
        *self.sources.lock().unwrap_or_else(PoisonError::into_inner) = sources;
    }

    /// Measures everything now.
    pub fn take(&self) {
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        // Several gates may have the same VNFM: their connections are added up.
        self.connections.clear();
        self.not_after.clear();
        self.healthy.clear();
        self.left_out.clear();
        self.signatures.clear();
        for source in sources.iter() {
            match source {
                Source::Forwarding { upstream, pools } => {
                    let found = pools.in_use();
                    self.connections(upstream, "forward", PoolUse { busy: found.busy, idle: found.idle });
                }
                Source::Gate(current) => {
                    let gate = current.get();
                    current.vnfm.addresses().iter().for_each(|address| self.address(&current.name, address));
                    if let Some(not_after) = current.vnfm.not_after() {
                        let label = UpstreamLabel { upstream: current.name.as_ref().to_owned() };
                        self.not_after.get_or_create(&label).set(not_after);
                    }
                    if let Some(found) = gate.facts().connections() {
                        self.connections(&current.name, "facts", found);
                    }
                    for policy in gate.policies() {
                        if let Some(not_after) = signatures::not_after(policy) {
                            let (policy, digest) = (policy.id().name.clone(), policy.id().digest.clone());
                            let labels = SignatureLabels { upstream: current.name.as_ref().to_owned(), policy, digest };
                            self.signatures.get_or_create(&labels).set(not_after);
                        }
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

    /// Several gates may have the same address.
    fn address(&self, upstream: &str, address: &Address) {
        let (upstream, name) = (upstream.to_owned(), address.authority().to_owned());
        for (reason, label) in [(LeftOut::Connect, "connect"), (LeftOut::Check, "check")] {
            let labels = LeftOutLabels { upstream: upstream.clone(), address: name.clone(), reason: label };
            let counter = self.left_out.get_or_create(&labels);
            counter.inc_by(address.times_left_out(reason).saturating_sub(counter.get()));
        }
        let labels = AddressLabels { upstream, address: name };
        self.healthy.get_or_create(&labels).set(address.is_healthy().into());
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
