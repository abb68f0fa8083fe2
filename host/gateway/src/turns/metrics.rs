//! What is counted of turns that several gates take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use solgate_config::store_url::StoreUrl;
use solgate_telemetry::outcome_counter::{Counted, OutcomeCounter};

/// What became of a turn that was to be taken in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken in the store.
    Shared,
    /// The store could not be used: it was taken in this process.
    Local,
    /// The store could not be used: the request was refused.
    Refused,
    /// It ended, or was somebody else's, before the request went on.
    Lost,
}

impl Counted for Outcome {
    const ALL: &'static [Self] = &[Self::Shared, Self::Local, Self::Refused, Self::Lost];

    fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Local => "local",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }
}

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreLabel {
    store: String,
}

/// What is counted of them; without values where there is no store.
#[derive(Debug, Clone)]
pub struct TurnMetrics {
    pub(super) outcomes: OutcomeCounter<Outcome>,
    up: Family<StoreLabel, Gauge>,
    /// Number of the store that is in use: another may be about to take its place.
    current: Arc<AtomicUsize>,
}

impl TurnMetrics {
    /// Enters them into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let outcomes =
            OutcomeCounter::register_without_values(registry, "shared_turns", "Turns by where they were taken");
        let up = Family::default();
        registry.register("turn_store_up", "Whether the store of turns can be used", up.clone());
        Self { outcomes, up, current: Arc::default() }
    }

    /// Whether the store with this number can be used now.
    pub(super) fn connected(&self, number: usize, store: &StoreUrl, is: bool) {
        if self.current.load(Ordering::Relaxed) == number {
            self.up.get_or_create(&StoreLabel { store: store.to_string() }).set(is.into());
        }
    }

    /// From here on the store with this number is in use.
    pub(super) fn begin(&self, number: usize) {
        self.forget();
        self.outcomes.begin();
        self.current.store(number, Ordering::Relaxed);
    }

    /// There is no store any more.
    pub fn forget(&self) {
        self.current.store(0, Ordering::Relaxed);
        self.up.clear();
    }
}
