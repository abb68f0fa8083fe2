//! What is counted of the connections of clients that are refused.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use solgate_telemetry::outcome_counter::{Counted, OutcomeCounter};

/// How a connection beyond the limit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewells {
    /// The client was told to come back later.
    Answered,
    /// It was only closed.
    Closed,
}

impl Counted for Farewells {
    const ALL: &'static [Self] = &[Self::Answered, Self::Closed];

    fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }
}

/// The counters of connections.
#[derive(Clone)]
pub struct ConnectionMetrics {
    /// Those for which there was no room.
    pub refused: OutcomeCounter<Farewells>,
    /// Those among them whose client had its share.
    pub of_clients: Counter,
}

impl ConnectionMetrics {
    /// Enters the counters into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let help = "Connections beyond the limit by how they ended";
        let refused = OutcomeCounter::register(registry, "connections_refused", help);
        let of_clients = Counter::default();
        let help = "Connections refused because their client had its share";
        registry.register("client_connections_refused", help, of_clients.clone());
        Self { refused, of_clients }
    }
}
