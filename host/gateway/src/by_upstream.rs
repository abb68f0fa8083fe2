//! Metrics of each VNFM by further labels. Those of a VNFM that leaves the configuration go
//! with it: how many there are follows from what is configured now.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::family::Family;

/// The VNFM as the configuration names it; `None` if a request was for none of them.
/// Shared, so that a request makes no text of its own for its labels.
pub type Upstream = Option<Arc<str>>;

/// One metric of each VNFM, by labels `L`.
pub struct ByUpstream<L, M> {
    /// All of them, for a registry.
    pub family: Family<Of<L>, M, fn() -> M>,
    /// The labels that there are: a family does not say them.
    known: Mutex<HashSet<Of<L>>>,
}

/// The label of a VNFM before others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Of<L> {
    upstream: Upstream,
    labels: L,
}

impl<L: EncodeLabelSet> EncodeLabelSet for Of<L> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        let upstream = self.upstream.as_deref().unwrap_or_default();
        ("upstream", upstream).encode(encoder.encode_label())?;
        self.labels.encode(encoder)
    }
}

impl<L: Clone + Eq + Hash, M> ByUpstream<L, M> {
    /// Without any; `make` makes one of them.
    pub fn new(make: fn() -> M) -> Self {
        Self { family: Family::new_with_constructor(make), known: Mutex::default() }
    }

    /// Takes the metric with these labels, which is made if there is none.
    pub fn with(&self, upstream: &Upstream, labels: L, take: impl FnOnce(&M)) {
        let of = Of { upstream: upstream.clone(), labels };
        if let Some(metric) = self.family.get(&of) {
            return take(&metric);
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(of.clone());
        take(&self.family.get_or_create(&of));
    }

    /// Removes those of VNFMs that are not configured any more. A request for one of them
    /// that ends later is counted until the next time.
    pub fn keep(&self, configured: &HashSet<Upstream>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|of| {
            let kept = of.upstream.is_none() || configured.contains(&of.upstream);
            if !kept {
                self.family.remove(of);
            }
            kept
        });
    }
}
