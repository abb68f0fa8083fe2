//! What is counted of the connections of clients.

use prometheus_client::metrics::gauge::Gauge;
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

/// A connection that is open.
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// The counters of connections.
#[derive(Clone)]
pub struct ConnectionMetrics {
    open: Gauge,
    /// Those for which there was no room.
    pub refused: OutcomeCounter<Farewells>,
}

impl ConnectionMetrics {
    /// Enters the counters into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let open = Gauge::default();
        registry.register("open_connections", "Client connections that are open", open.clone());
        let help = "Connections beyond the limit by how they ended";
        Self { open, refused: OutcomeCounter::register(registry, "connections_refused", help) }
    }

    /// Counts a connection as open for as long as what it returns exists.
    #[must_use]
    pub fn open(&self) -> OpenConnection {
        self.open.inc();
        OpenConnection(self.open.clone())
    }
}
