//! Everything that a door counts, in the text formats of Prometheus. Each part defines its
//! own metrics; this module only collects them.

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use solgate_access::metrics::AccessMetrics;
use solgate_telemetry::collector::{self, ExportMetrics};
use solgate_telemetry::log::OutputMetrics;
use solgate_telemetry::outcome_counter::OutcomeCounter;
use solgate_telemetry::record_metrics::RecordMetrics;
use solgate_telemetry::{exposition, record_metrics};

use crate::build_metrics;
use crate::connection_metrics::ConnectionMetrics;
use crate::policy_metrics::{ModeMetrics, PolicyMetrics, ReloadOutcome, Role};
use crate::process_metrics::ProcessMetrics;
use crate::request_metrics::RequestMetrics;
use crate::rollout::SourceMetrics;
use crate::sampled::Sampled;
use crate::scrape::Format;
use crate::shadow::Compared;
use crate::share_metrics::ShareMetrics;
use crate::turns::TurnMetrics;

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
    /// Of decisions for the collector.
    pub decisions: ExportMetrics,
    pub spans: ExportMetrics,
    /// Of policies that are not files.
    pub sources: SourceMetrics,
    /// Of turns that several gates take.
    pub turns: TurnMetrics,
    /// What is measured whenever somebody looks.
    pub sampled: Sampled,
}

impl Metrics {
    /// Those of the door `name`.
    #[must_use]
    pub fn of_door(name: &'static str) -> Self {
        let mut all = Registry::default();
        all.register_collector(Box::new(ProcessMetrics::default()));
        let registry = all.sub_registry_with_prefix("solgate");
        build_metrics::register(registry);
        // In the order of the text.
        Self {
            requests: RequestMetrics::register(registry, name),
            connections: ConnectionMetrics::register(registry),
            shares: ShareMetrics::register(registry),
            live: PolicyMetrics::register(registry, Role::Live),
            shadow: PolicyMetrics::register(registry, Role::Shadow),
            compared: OutcomeCounter::register(registry, "shadow", "Requests by how a shadow judged them"),
            modes: ModeMetrics::register(registry),
            configurations: OutcomeCounter::register(
                registry,
                "config_reloads",
                "Changed configuration files by what became of them",
            ),
            records: record_metrics::register(registry),
            outputs: OutputMetrics::register(registry),
            access: AccessMetrics::register(registry),
            decisions: collector::register_decisions(registry),
            spans: collector::register_spans(registry),
            sources: SourceMetrics::register(registry),
            turns: TurnMetrics::register(registry),
            sampled: Sampled::register(registry),
            registry: all,
        }
    }

    /// What is counted of the policies of this role.
    #[must_use]
    pub fn policies(&self, role: Role) -> &PolicyMetrics {
        match role {
            Role::Live => &self.live,
            Role::Shadow => &self.shadow,
        }
    }

    /// All metrics as text.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        self.outputs.take();
        self.sampled.take();
        self.shares.take();
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        let text = exposition::ordered(&text);
        match format {
            Format::OpenMetrics => text,
            Format::Classic => exposition::classic(&text),
        }
    }
}
