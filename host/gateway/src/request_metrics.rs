//! What is counted of requests.

use std::borrow::Cow;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use solgate::gate::Decision;
use solgate::record::FindingLine;
use solgate_telemetry::line::{FactLine, RequestLine};

/// The VNFM as the configuration names it; `None` if the request was for none of them.
/// Shared, so that a request makes no text of its own for its labels.
pub type Upstream = Option<Arc<str>>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    upstream: Upstream,
    operation: Cow<'static, str>,
    /// 0 if the client left before it was answered.
    status: u16,
    verdict: &'static str,
    rule: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    upstream: Upstream,
    rule: String,
    severity: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FactLabels {
    upstream: Upstream,
    fact: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClassLabels {
    upstream: Upstream,
    class: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DurationLabels {
    door: &'static str,
    upstream: Upstream,
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    upstream: Upstream,
}

/// From half a millisecond, which is more than the gate takes, to a minute, which is how
/// long the gate waits for an answer by default.
const DURATIONS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Histograms of durations by labels.
type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

fn durations<L: Clone + Eq + Hash>() -> Durations<L> {
    Family::new_with_constructor(|| Histogram::new(DURATIONS))
}

/// The label of rules that no policy declares: labels must be few, whatever a policy
/// says.
const UNDECLARED: &str = "undeclared";

/// The counters of requests.
pub struct RequestMetrics {
    requests: Family<RequestLabels, Counter>,
    findings: Family<FindingLabels, Counter>,
    evaluation: Histogram,
    fact_wait: Histogram,
    facts: Family<FactLabels, Counter>,
    upstream_answers: Family<ClassLabels, Counter>,
    /// As labels name it.
    door: &'static str,
    duration: Durations<DurationLabels>,
    vnfm_duration: Durations<UpstreamLabels>,
}

impl RequestMetrics {
    /// Enters the counters of a door into a registry.
    pub fn register(registry: &mut Registry, door: &'static str) -> Self {
        let metrics = Self {
            requests: Family::default(),
            findings: Family::default(),
            // 5 us to 80 ms, and 50 us to 1.6 s.
            evaluation: Histogram::new(exponential_buckets(5e-6, 2.0, 15)),
            fact_wait: Histogram::new(exponential_buckets(5e-5, 2.0, 16)),
            facts: Family::default(),
            upstream_answers: Family::default(),
            door,
            duration: durations(),
            vnfm_duration: durations(),
        };
        let help = "Requests by VNFM, operation, status, verdict and deciding rule";
        registry.register("requests", help, metrics.requests.clone());
        registry.register("findings", "Rule failures that did not deny", metrics.findings.clone());
        let help = "Time spent in policies per request, in seconds";
        registry.register_with_unit("evaluation", help, Unit::Seconds, metrics.evaluation.clone());
        let help = "Time spent waiting for facts per request that asked for any, in seconds";
        registry.register_with_unit("fact_wait", help, Unit::Seconds, metrics.fact_wait.clone());
        registry.register("facts", "Facts that were asked for, by name and outcome", metrics.facts.clone());
        let help = "From the head of a request to the last byte of its answer, in seconds";
        registry.register_with_unit("request_duration", help, Unit::Seconds, metrics.duration.clone());
        let help = "From the forwarding of a request to the head of the VNFM's answer, in seconds";
        registry.register_with_unit("vnfm_duration", help, Unit::Seconds, metrics.vnfm_duration.clone());
        let help = "Answers of the VNFMs by status class";
        registry.register("upstream_answers", help, metrics.upstream_answers.clone());
        metrics
    }

    /// Notes how long a verdict took, and the facts if there were any.
    pub fn judged(&self, decision: &Decision) {
        self.evaluation.observe(decision.evaluation.as_secs_f64());
        if !decision.facts.is_empty() {
            self.fact_wait.observe(decision.waiting.as_secs_f64());
        }
    }

    /// Counts a request that has ended, by its line. It was for `upstream`.
    pub fn ended(&self, line: RequestLine, upstream: Upstream) {
        let RequestLine {
            operation, status, verdict, rule, undeclared, findings, facts, upstream_status, micros, ..
        } = line;
        let verdict = verdict.as_str();
        let labels = DurationLabels { door: self.door, upstream: upstream.clone(), verdict };
        self.duration.get_or_create(&labels).observe(seconds(micros.total));
        if let Some(status) = upstream_status {
            let class = match status {
                100..=199 => "1xx",
                200..=299 => "2xx",
                300..=399 => "3xx",
                400..=499 => "4xx",
                _ => "5xx",
            };
            self.upstream_answers.get_or_create(&ClassLabels { upstream: upstream.clone(), class }).inc();
            let labels = UpstreamLabels { upstream: upstream.clone() };
            self.vnfm_duration.get_or_create(&labels).observe(seconds(micros.upstream));
        }
        for FactLine { name, outcome, .. } in facts {
            let labels = FactLabels { upstream: upstream.clone(), fact: name, outcome };
            self.facts.get_or_create(&labels).inc();
        }
        let known = |rule: String| if undeclared.contains(&rule) { UNDECLARED.to_owned() } else { rule };
        for FindingLine { rule, severity, .. } in findings {
            let labels = FindingLabels { upstream: upstream.clone(), rule: known(rule), severity };
            self.findings.get_or_create(&labels).inc();
        }
        let labels = RequestLabels {
            upstream,
            operation: operation.map_or(Cow::Borrowed("unknown"), Cow::Owned),
            status: status.unwrap_or_default(),
            verdict,
            rule: rule.map(known).unwrap_or_default(),
        };
        self.requests.get_or_create(&labels).inc();
    }
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}
