//! What is counted of the policies that a door has loaded.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use solgate::fault::Fault;
use solgate_config::GateMode;
use solgate_telemetry::outcome_counter::{Counted, OutcomeCounter};

/// What policies are there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Their verdicts hold.
    Live,
    /// Their verdicts are compared with those of the live ones, and have no effect.
    Shadow,
}

/// What became of policies whose files had changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReloadOutcome {
    /// They judge in the place of those before.
    Swapped,
    /// Those before go on.
    Refused,
}

impl Counted for ReloadOutcome {
    const ALL: &'static [Self] = &[Self::Swapped, Self::Refused];

    fn name(self) -> &'static str {
        match self {
            Self::Swapped => "swapped",
            Self::Refused => "refused",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PolicyLabels {
    upstream: String,
    policy: String,
    digest: String,
}

impl PolicyLabels {
    fn new(upstream: &str, policy: &str, digest: &str) -> Self {
        Self { upstream: upstream.to_owned(), policy: policy.to_owned(), digest: digest.to_owned() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabels {
    policy: String,
    rule: &'static str,
}

impl FaultLabels {
    fn new(policy: &str, rule: &'static str) -> Self {
        Self { policy: policy.to_owned(), rule }
    }
}

/// The policies of one role: which are in use, how often they were replaced, and how
/// often they failed.
pub struct PolicyMetrics {
    in_use: Family<PolicyLabels, Gauge>,
    /// What became of those whose files had changed.
    pub reloads: OutcomeCounter<ReloadOutcome>,
    /// Of those whose verdicts hold.
    faults: Option<Family<FaultLabels, Counter>>,
}

impl PolicyMetrics {
    /// Enters what is counted of this role into a registry.
    pub fn register(registry: &mut Registry, role: Role) -> Self {
        let in_use = Family::default();
        match role {
            Role::Live => {
                registry.register("policy_info", "Policies in use", in_use.clone());
                let help = "Changed policies by outcome";
                let reloads = OutcomeCounter::register(registry, "policy_reloads", help);
                let faults = Family::default();
                let help = "Policies that trapped, ran out of time or memory, or gave no valid verdict";
                registry.register("policy_faults", help, faults.clone());
                Self { in_use, reloads, faults: Some(faults) }
            }
            Role::Shadow => {
                registry.register("shadow_policy_info", "Candidate policies that judge in a shadow", in_use.clone());
                let help = "Changed shadows by outcome";
                Self { in_use, reloads: OutcomeCounter::register(registry, "shadow_reloads", help), faults: None }
            }
        }
    }

    /// Notes a policy that is in use.
    pub fn policy(&self, upstream: &str, policy: &str, digest: &str) {
        self.in_use.get_or_create(&PolicyLabels::new(upstream, policy, digest)).set(1);
        for rule in Fault::OF_POLICIES {
            // An alert on an increase needs a zero to begin with.
            drop(self.faults.as_ref().map(|faults| faults.get_or_create(&FaultLabels::new(policy, rule))));
        }
    }

    /// Counts a fault, if it is a policy's.
    pub fn fault(&self, fault: &Fault) {
        if let (Some(faults), Some(policy)) = (&self.faults, fault.policy()) {
            faults.get_or_create(&FaultLabels::new(policy, fault.id())).inc();
        }
    }

    /// Removes one that is no longer.
    pub fn forget_policy(&self, upstream: &str, policy: &str, digest: &str) {
        self.in_use.remove(&PolicyLabels::new(upstream, policy, digest));
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModeLabels {
    upstream: String,
    mode: &'static str,
}

/// The modes of gates.
pub struct ModeMetrics(Family<ModeLabels, Gauge>);

impl ModeMetrics {
    /// Enters what is counted into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let gates = Family::default();
        registry.register("gate_mode", "Gates in each mode: enforce, monitor or off", gates.clone());
        Self(gates)
    }

    /// Counts the gates of upstreams, in the place of those before.
    pub fn gates<'a>(&self, gates: impl Iterator<Item = (&'a str, GateMode)>) {
        self.0.clear();
        for (upstream, mode) in gates {
            self.0.get_or_create(&ModeLabels { upstream: upstream.to_owned(), mode: mode.as_str() }).inc();
        }
    }
}
