//! How much is taken of what has a limit, measured when somebody asks for it.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use solgate_config::Limits;

use crate::admission::Admission;
use crate::shares::Resource;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabel {
    /// As the configuration names it.
    limit: &'static str,
}

/// The gauges, and where their numbers come from.
pub struct ShareMetrics {
    source: Mutex<Option<Source>>,
    connections: Gauge,
    requests: Gauge,
    waiting: Gauge,
    body_memory: Gauge,
    answers: Gauge,
    rated: Gauge,
    /// Connections to the admin address.
    pub admin_connections: Gauge,
    limits: Family<LimitLabel, Gauge>,
}

/// What a door has now.
struct Source {
    admission: Arc<Admission>,
    /// Connections that there may be.
    connections: usize,
}

impl ShareMetrics {
    /// Enters the gauges into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let metrics = Self {
            source: Mutex::default(),
            connections: gauge("open_connections", "Client connections that are open"),
            requests: gauge("requests_in_progress", "Requests that are judged or wait for the head of an answer"),
            waiting: gauge("requests_waiting", "Requests that wait for their turn"),
            body_memory: gauge("body_memory_bytes", "Bytes of request bodies that are held"),
            answers: gauge("answers_in_flight", "Answers of VNFMs on their way to clients"),
            rated: gauge("rated_senders", "Clients, callers and tenants whose requests in a second are counted"),
            admin_connections: gauge("admin_connections", "Connections to the admin address"),
            limits: Family::default(),
        };
        registry.register("limit", "The most that there may be, by the limit's name", metrics.limits.clone());
        metrics
    }

    /// Measures what is taken of this from here on; `connections` is how many there may
    /// be, if that is not known yet.
    pub fn measure(&self, admission: Arc<Admission>, connections: Option<usize>) {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = connections.or_else(|| source.as_ref().map(|before| before.connections)).unwrap_or_default();
        *source = Some(Source { admission, connections });
    }

    /// Measures everything now.
    pub fn take(&self) {
        let source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Source { admission, connections }) = &*source else { return };
        let taken = |resource| number(admission.shares.taken(resource));
        self.connections.set(taken(Resource::Connections));
        self.requests.set(taken(Resource::Requests));
        self.waiting.set(taken(Resource::Waiting));
        self.body_memory.set(taken(Resource::BodyMemory));
        self.answers.set(number(admission.shares.answers()));
        self.rated.set(number(admission.shares.rated()));
        let Limits { requests, waiting_total, body_memory, admin_connections, .. } = admission.limits;
        for (limit, value) in [
            ("connections", *connections),
            ("requests", requests),
            ("waitingTotal", waiting_total),
            ("bodyMemoryBytes", body_memory),
            ("adminConnections", admin_connections),
        ] {
            self.limits.get_or_create(&LimitLabel { limit }).set(number(value));
        }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
