//! What is counted of requests.

use std::borrow::Cow;
use std::collections::HashSet;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use solgate::gate::Decision;
use solgate::record::FindingLine;
use solgate_telemetry::line::{FactLine, RequestLine};

use crate::by_upstream::{ByUpstream, Upstream};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    /// Such as `vnflcm/v2`; empty if no policy judges it.
    api: String,
    operation: Cow<'static, str>,
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
struct DurationLabels {
    door: &'static str,
    verdict: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NoLabels {}

/// From half a millisecond, which is more than the gate takes, to a minute, which is how
/// long the gate waits for an answer by default.
const DURATIONS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

fn durations() -> Histogram {
    Histogram::new(DURATIONS)
}

/// The label of rules that no policy declares: labels must be few, whatever a policy
/// says.
const UNDECLARED: &str = "undeclared";

/// The counters of requests.
pub struct RequestMetrics {
    requests: ByUpstream<RequestLabels, Counter>,
    findings: ByUpstream<FindingLabels, Counter>,
    evaluation: Histogram,
    fact_wait: Histogram,
    facts: ByUpstream<FactLabels, Counter>,
    upstream_answers: ByUpstream<ClassLabels, Counter>,
    /// As labels name it.
    door: &'static str,
    duration: ByUpstream<DurationLabels, Histogram>,
    vnfm_duration: ByUpstream<NoLabels, Histogram>,
}

impl RequestMetrics {
    /// Enters the counters of a door into a registry.
    pub fn register(registry: &mut Registry, door: &'static str) -> Self {
        let metrics = Self {
            requests: ByUpstream::new(Counter::default),
            findings: ByUpstream::new(Counter::default),
            // 5 us to 80 ms, and 50 us to 1.6 s.
            evaluation: Histogram::new(exponential_buckets(5e-6, 2.0, 15)),
            fact_wait: Histogram::new(exponential_buckets(5e-5, 2.0, 16)),
            facts: ByUpstream::new(Counter::default),
            upstream_answers: ByUpstream::new(Counter::default),
            door,
            duration: ByUpstream::new(durations),
            vnfm_duration: ByUpstream::new(durations),
        };
        let help = "Requests by VNFM, API, operation, status, verdict and deciding rule";
        registry.register("requests", help, metrics.requests.family.clone());
        registry.register("findings", "Rule failures that did not deny", metrics.findings.family.clone());
        let help = "Time spent in policies per request, in seconds";
        registry.register_with_unit("evaluation", help, Unit::Seconds, metrics.evaluation.clone());
        let help = "Time spent waiting for facts per request that asked for any, in seconds";
        registry.register_with_unit("fact_wait", help, Unit::Seconds, metrics.fact_wait.clone());
        registry.register("facts", "Facts that were asked for, by name and outcome", metrics.facts.family.clone());
        let help = "From the head of a request to the last byte of its answer, in seconds";
        registry.register_with_unit("request_duration", help, Unit::Seconds, metrics.duration.family.clone());
        let help = "From the forwarding of a request to the head of the VNFM's answer, in seconds";
        registry.register_with_unit("vnfm_duration", help, Unit::Seconds, metrics.vnfm_duration.family.clone());
        let help = "Answers of the VNFMs by status class";
        registry.register("upstream_answers", help, metrics.upstream_answers.family.clone());
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
    pub fn ended(&self, line: RequestLine, upstream: &Upstream) {
        let RequestLine {
            api,
            operation,
            status,
            verdict,
            rule,
            undeclared,
            findings,
            facts,
            upstream_status,
            micros,
            ..
        } = line;
        let verdict = verdict.as_str();
        let labels = DurationLabels { door: self.door, verdict };
        self.duration.with(upstream, labels, |duration| duration.observe(seconds(micros.total)));
        if let Some(status) = upstream_status {
            let class = match status {
                100..=199 => "1xx",
                200..=299 => "2xx",
                300..=399 => "3xx",
                400..=499 => "4xx",
                _ => "5xx",
            };
            self.upstream_answers.with(upstream, ClassLabels { class }, count);
            self.vnfm_duration.with(upstream, NoLabels {}, |duration| duration.observe(seconds(micros.upstream)));
        }
        for FactLine { name: fact, outcome, .. } in facts {
            self.facts.with(upstream, FactLabels { fact, outcome }, count);
        }
        let known = |rule: String| if undeclared.contains(&rule) { UNDECLARED.to_owned() } else { rule };
        for FindingLine { rule, severity, .. } in findings {
            self.findings.with(upstream, FindingLabels { rule: known(rule), severity }, count);
        }
        let labels = RequestLabels {
            api: api.as_deref().unwrap_or_default().to_owned(),
            operation: operation.map_or(Cow::Borrowed("unknown"), Cow::Owned),
            status: status.unwrap_or_default(),
            verdict,
            rule: rule.map(known).unwrap_or_default(),
        };
        self.requests.with(upstream, labels, count);
    }

    /// Forgets what was counted of VNFMs that are not configured any more.
    pub fn keep(&self, configured: &HashSet<Upstream>) {
        self.requests.keep(configured);
        self.findings.keep(configured);
        self.facts.keep(configured);
        self.upstream_answers.keep(configured);
        self.duration.keep(configured);
        self.vnfm_duration.keep(configured);
    }
}

fn count(counter: &Counter) {
    counter.inc();
}

fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}
