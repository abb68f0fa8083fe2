//! What is counted of policies that are not files.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What a look at a policy came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// It is the one of before.
    Same,
    /// It was fetched.
    Fetched,
    /// There was no answer, or a bad one.
    Failed,
}

impl Look {
    const ALL: [Self; 3] = [Self::Same, Self::Fetched, Self::Failed];

    fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Fetched => "fetched",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookLabels {
    source: String,
    outcome: &'static str,
}

/// The metrics of policies that are not files.
#[derive(Clone)]
pub struct SourceMetrics {
    looks: Family<LookLabels, Counter>,
    reached: Family<SourceLabel, Gauge>,
    refused: Family<SourceLabel, Gauge>,
}

impl SourceMetrics {
    /// Enters the metrics into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let looks = Family::default();
        registry.register(
            "policy_source_looks",
            "Looks at registries and URLs of policies, by what came of them",
            looks.clone(),
        );
        let reached = Family::default();
        let help = "Whether the policy could be looked at the last time: 1, or 0 while the last good one is used";
        registry.register("policy_source_reached", help, reached.clone());
        let refused = Family::default();
        let help = "Whether the registry or URL offers a policy that must not judge: 1 or 0";
        registry.register("policy_source_refused", help, refused.clone());
        Self { looks, reached, refused }
    }

    pub(super) fn set(&self, source: &str, reached: bool, refused: bool) {
        let label = SourceLabel { source: source.to_owned() };
        self.reached.get_or_create(&label).set(i64::from(reached));
        self.refused.get_or_create(&label).set(i64::from(refused));
        for look in Look::ALL {
            drop(self.looks.get_or_create(&Self::labels(source, look)));
        }
    }

    pub(super) fn count(&self, source: &str, look: Look) {
        self.looks.get_or_create(&Self::labels(source, look)).inc();
    }

    pub(super) fn forget(&self, source: &str) {
        let label = SourceLabel { source: source.to_owned() };
        self.reached.remove(&label);
        self.refused.remove(&label);
        for look in Look::ALL {
            self.looks.remove(&Self::labels(source, look));
        }
    }

    fn labels(source: &str, look: Look) -> LookLabels {
        LookLabels { source: source.to_owned(), outcome: look.name() }
    }
}
