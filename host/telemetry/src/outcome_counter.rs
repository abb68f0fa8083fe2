//! Counters of outcomes: all of them have only the label `outcome`.

use std::marker::PhantomData;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// What can become of something, and is counted.
pub trait Counted: Copy + 'static {
    /// All that can.
    const ALL: &'static [Self];

    /// Its name in metrics.
    fn name(self) -> &'static str;
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// How often each of the outcomes was.
#[derive(Debug, Clone)]
pub struct OutcomeCounter<O> {
    counters: Family<OutcomeLabel, Counter>,
    of: PhantomData<O>,
}

impl<O: Counted> OutcomeCounter<O> {
    /// Enters the counters into a registry, each with zero: an alert on an increase
    /// needs a value to begin with.
    pub fn register(registry: &mut Registry, name: &str, help: &str) -> Self {
        let counter = Self::register_without_values(registry, name, help);
        counter.begin();
        counter
    }

    /// The same without values, for what may not be configured.
    pub fn register_without_values(registry: &mut Registry, name: &str, help: &str) -> Self {
        let counters = Family::<OutcomeLabel, Counter>::default();
        registry.register(name, help, counters.clone());
        Self { counters, of: PhantomData }
    }

    /// Gives each of them zero, if it has no value.
    pub fn begin(&self) {
        for outcome in O::ALL {
            drop(self.counter(*outcome));
        }
    }

    /// Counts one.
    pub fn count(&self, outcome: O) {
        self.count_many(outcome, 1);
    }

    /// Adds this number, which may be zero.
    pub fn count_many(&self, outcome: O, count: u64) {
        if count > 0 {
            self.counters.get_or_create(&OutcomeLabel { outcome: outcome.name() }).inc_by(count);
        }
    }

    /// How often it was so far.
    #[must_use]
    pub fn value(&self, outcome: O) -> u64 {
        self.counter(outcome).get()
    }

    /// The counter of one outcome, for code that counts nothing else.
    #[must_use]
    fn counter(&self, outcome: O) -> Counter {
        self.counters.get_or_create_owned(&OutcomeLabel { outcome: outcome.name() })
    }
}
