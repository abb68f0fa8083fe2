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

/// How a connection of HTTP/2 was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http2Cut {
    /// The client sent more frames without content than any client needs.
    Flood,
    /// The client left a head unfinished.
    Head,
    /// The client did not take what was sent to it.
    Unread,
}

impl Http2Cut {
    /// In words.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Flood => "its client sends frames without content, or resets its requests, again and again",
            Self::Head => "the head of a request was not complete within headTimeout",
            Self::Unread => "its client took nothing of what was sent to it for as long as idle",
        }
    }
}

impl Counted for Http2Cut {
    const ALL: &'static [Self] = &[Self::Flood, Self::Head, Self::Unread];

    fn name(self) -> &'static str {
        match self {
            Self::Flood => "flood",
            Self::Head => "head",
            Self::Unread => "unread",
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
    /// Connections of HTTP/2 that the gate has cut.
    pub http2_cut: OutcomeCounter<Http2Cut>,
}

impl ConnectionMetrics {
    /// Enters the counters into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let help = "Connections beyond the limit by how they ended";
        let refused = OutcomeCounter::register(registry, "connections_refused", help);
        let of_clients = Counter::default();
        let help = "Connections refused because their client had its share";
        registry.register("client_connections_refused", help, of_clients.clone());
        let help = "Connections of HTTP/2 that were cut, by the reason";
        let http2_cut = OutcomeCounter::register(registry, "http2_connections_cut", help);
        Self { refused, of_clients, http2_cut }
    }
}
