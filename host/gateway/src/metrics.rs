//! Everything that a door counts, in the Prometheus text format. Each part defines its
//! own metrics; this module only collects them.

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use solgate_access::metrics::AccessMetrics;
use solgate_telemetry::log::OutputMetrics;
use solgate_telemetry::outcome_counter::OutcomeCounter;
use solgate_telemetry::record_metrics::RecordMetrics;
use solgate_telemetry::spans::SpanMetrics;
use solgate_telemetry::{exposition, record_metrics, spans};

use crate::connection_metrics::ConnectionMetrics;
use crate::policy_metrics::{ModeMetrics, PolicyMetrics, ReloadOutcome, Role};
use crate::request_metrics::RequestMetrics;
use crate::sampled::Sampled;
use crate::shadow::Compared;
use crate::share_metrics::ShareMetrics;

/// The counters of one door.
pub struct Metrics {
    registry: Registry,
    pub requests: RequestMetrics,
    pub connections: ConnectionMetrics,
    /// What is taken of what has a limit.
    pub shares: ShareMetrics,
    live: PolicyMetrics,
    shadow: PolicyMetrics,
    /// Requests by how a shadow judged them.
    pub compared: OutcomeCounter<Compared>,
    pub modes: ModeMetrics,
    /// Configurations by what became of them.
    pub configurations: OutcomeCounter<ReloadOutcome>,
    /// Of the decision log.
    pub records: RecordMetrics,
    outputs: OutputMetrics,
    /// Of TLS and tokens.
    pub access: AccessMetrics,
    pub spans: SpanMetrics,
    /// What is measured whenever somebody looks.
    pub sampled: Sampled,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("solgate");
        // In the order of the text.
        Self {
            requests: RequestMetrics::register(&mut registry),
            connections: ConnectionMetrics::register(&mut registry),
            shares: ShareMetrics::register(&mut registry),
            live: PolicyMetrics::register(&mut registry, Role::Live),
            shadow: PolicyMetrics::register(&mut registry, Role::Shadow),
            compared: OutcomeCounter::register(&mut registry, "shadow", "Requests by how a shadow judged them"),
            modes: ModeMetrics::register(&mut registry),
            configurations: OutcomeCounter::register(
                &mut registry,
                "config_reloads",
                "Changed configuration files by what became of them",
            ),
            records: record_metrics::register(&mut registry),
            outputs: OutputMetrics::register(&mut registry),
            access: AccessMetrics::register(&mut registry),
            spans: spans::register(&mut registry),
            sampled: Sampled::register(&mut registry),
            registry,
        }
    }
}

impl Metrics {
    /// What is counted of the policies of this role.
    #[must_use]
    pub fn policies(&self, role: Role) -> &PolicyMetrics {
        match role {
            Role::Live => &self.live,
            Role::Shadow => &self.shadow,
        }
    }

    /// All metrics as text (OpenMetrics, which Prometheus reads).
    #[must_use]
    pub fn text(&self) -> String {
        self.outputs.take();
        self.sampled.take();
        self.shares.take();
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        exposition::ordered(&text)
    }
}
