//! What the gate counts, in the Prometheus text format.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use solgate::gate::Decision;
use solgate_access::metrics::AccessMetrics;
use solgate_config::GateMode;
use solgate_telemetry::decision_log::Record;
use solgate_telemetry::record_metrics::RecordMetrics;
use solgate_telemetry::spans::SpanCounts;
use solgate_telemetry::{exposition, log};

use super::policy_metrics::{PolicyMetrics, Role};
use super::sampled::Sampled;
use crate::shadow::Compared;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: String,
    /// 0 if the client left before it was answered.
    status: u16,
    verdict: &'static str,
    rule: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    rule: String,
    severity: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FactLabels {
    fact: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabels {
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SpanLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    outcome: &'static str,
}

/// How a connection beyond the limit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewells {
    /// The client was told to come back later.
    Answered,
    /// It was only closed.
    Closed,
}

impl Farewells {
    fn labels(self) -> RefusedLabels {
        let outcome = match self {
            Self::Answered => "answered",
            Self::Closed => "closed",
        };
        RefusedLabels { outcome }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ShadowLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GateLabels {
    upstream: String,
    mode: &'static str,
}

/// The label of rules that no policy declares: labels must be few, whatever a policy
/// says.
const UNDECLARED: &str = "undeclared";

/// A connection that is open.
pub struct OpenConnection(Arc<Metrics>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

/// The counters of one server.
pub struct Metrics {
    /// Of TLS and tokens.
    pub access: AccessMetrics,
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    findings: Family<FindingLabels, Counter>,
    evaluation: Histogram,
    fact_wait: Histogram,
    facts: Family<FactLabels, Counter>,
    upstream_answers: Family<ClassLabels, Counter>,
    connections: Gauge,
    connections_refused: Family<RefusedLabels, Counter>,
    live: PolicyMetrics,
    shadow: PolicyMetrics,
    comparisons: Family<ShadowLabels, Counter>,
    gates: Family<GateLabels, Gauge>,
    records: RecordMetrics,
    lines_dropped: Counter,
    messages_dropped: Counter,
    spans: SpanCounts,
    sampled: Sampled,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("solgate");
        let requests = Family::default();
        let findings = Family::default();
        // 5 us to 80 ms, and 50 us to 1.6 s.
        let evaluation = Histogram::new(exponential_buckets(5e-6, 2.0, 15));
        let fact_wait = Histogram::new(exponential_buckets(5e-5, 2.0, 16));
        let upstream_answers = Family::default();
        let connections = Gauge::default();
        registry.register("requests", "Requests by operation, status, verdict and deciding rule", requests.clone());
        registry.register("findings", "Rule failures that did not deny", findings.clone());
        registry.register_with_unit(
            "evaluation",
            "Time spent in policies per request, in seconds",
            Unit::Seconds,
            evaluation.clone(),
        );
        registry.register_with_unit(
            "fact_wait",
            "Time spent waiting for facts per request that asked for any, in seconds",
            Unit::Seconds,
            fact_wait.clone(),
        );
        let facts = Family::default();
        registry.register("facts", "Facts that were asked for, by name and outcome", facts.clone());
        registry.register("upstream_answers", "Answers of the VNFMs by status class", upstream_answers.clone());
        registry.register("open_connections", "Client connections that are open", connections.clone());
        let connections_refused = Family::<RefusedLabels, Counter>::default();
        registry.register(
            "connections_refused",
            "Connections beyond the limit by how they ended",
            connections_refused.clone(),
        );
        for outcome in [Farewells::Answered, Farewells::Closed] {
            drop(connections_refused.get_or_create(&outcome.labels()));
        }
        let live = PolicyMetrics::register(&mut registry, Role::Live);
        let shadow = PolicyMetrics::register(&mut registry, Role::Shadow);
        let comparisons = Family::<ShadowLabels, Counter>::default();
        registry.register("shadow", "Requests by how a shadow judged them", comparisons.clone());
        for outcome in Compared::ALL {
            drop(comparisons.get_or_create(&ShadowLabels { outcome: outcome.as_str() }));
        }
        let gates = Family::default();
        registry.register("gate_mode", "Gates in each mode: enforce, monitor or off", gates.clone());
        let records = RecordMetrics::register(&mut registry);
        let lines_dropped = Counter::default();
        registry.register(
            "decision_lines_dropped",
            "Decision lines that standard output did not take",
            lines_dropped.clone(),
        );
        let messages_dropped = Counter::default();
        registry.register("messages_dropped", "Messages that standard error did not take", messages_dropped.clone());
        let access = AccessMetrics::register(&mut registry);
        let spans = Family::<SpanLabels, Counter>::default();
        registry.register("spans", "Spans for the collector by what became of them", spans.clone());
        let count = |outcome| spans.get_or_create_owned(&SpanLabels { outcome });
        let spans = SpanCounts { exported: count("exported"), dropped: count("dropped"), failed: count("failed") };
        let sampled = Sampled::new(&mut registry);
        Self {
            access,
            registry,
            requests,
            findings,
            evaluation,
            fact_wait,
            facts,
            upstream_answers,
            connections,
            connections_refused,
            live,
            shadow,
            comparisons,
            gates,
            records,
            lines_dropped,
            messages_dropped,
            spans,
            sampled,
        }
    }
}

impl Metrics {
    /// Counts a request that has ended, and whose record is no longer needed.
    pub fn request(&self, record: &mut Record) {
        let known = |rule: String| if record.undeclared.contains(&rule) { UNDECLARED.to_owned() } else { rule };
        let labels = RequestLabels {
            operation: record.operation.take().unwrap_or_else(|| "unknown".to_owned()),
            status: record.status.unwrap_or_default(),
            verdict: record.verdict.as_str(),
            rule: record.rule.take().map(known).unwrap_or_default(),
        };
        self.requests.get_or_create(&labels).inc();
        for finding in &record.findings {
            self.findings
                .get_or_create(&FindingLabels { rule: known(finding.rule.clone()), severity: finding.severity })
                .inc();
        }
        if let Some(status) = record.upstream_status {
            let class = match status {
                100..=199 => "1xx",
                200..=299 => "2xx",
                300..=399 => "3xx",
                400..=499 => "4xx",
                _ => "5xx",
            };
            self.upstream_answers.get_or_create(&ClassLabels { class }).inc();
        }
    }

    /// Notes how long a verdict took, and the facts if there were any.
    pub fn judged(&self, decision: &Decision) {
        self.evaluation.observe(decision.evaluation.as_secs_f64());
        if !decision.facts.is_empty() {
            self.fact_wait.observe(decision.waiting.as_secs_f64());
        }
        for fact in &decision.facts {
            self.facts.get_or_create(&FactLabels { fact: fact.name.clone(), outcome: fact.outcome() }).inc();
        }
    }

    /// What becomes of spans.
    #[must_use]
    pub fn spans(&self) -> &SpanCounts {
        &self.spans
    }

    /// What is measured whenever somebody looks.
    #[must_use]
    pub fn sampled(&self) -> &Sampled {
        &self.sampled
    }

    /// What is counted of the policies of this role.
    #[must_use]
    pub fn policies(&self, role: Role) -> &PolicyMetrics {
        match role {
            Role::Live => &self.live,
            Role::Shadow => &self.shadow,
        }
    }

    /// Counts a request by how a shadow judged it.
    pub fn compared(&self, outcome: Compared) {
        self.comparisons.get_or_create(&ShadowLabels { outcome: outcome.as_str() }).inc();
    }

    /// Counts the gate of an upstream.
    pub fn gate(&self, upstream: &str, mode: GateMode) {
        self.gates.get_or_create(&GateLabels { upstream: upstream.to_owned(), mode: mode.as_str() }).inc();
    }

    /// What becomes of records.
    #[must_use]
    pub fn records(&self) -> &RecordMetrics {
        &self.records
    }

    /// Counts a connection as open for as long as what it returns exists.
    #[must_use]
    pub fn open_connection(self: &Arc<Self>) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.clone())
    }

    /// Counts a connection for which there was no room.
    pub fn connection_refused(&self, outcome: Farewells) {
        self.connections_refused.get_or_create(&outcome.labels()).inc();
    }

    /// All metrics as text (OpenMetrics, which Prometheus reads).
    #[must_use]
    pub fn text(&self) -> String {
        self.lines_dropped.inner().store(log::lines_lost(), Ordering::Relaxed);
        self.messages_dropped.inner().store(log::messages_lost(), Ordering::Relaxed);
        self.sampled.take();
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        exposition::ordered(&text)
    }
}
