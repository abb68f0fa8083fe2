//! What is counted of requests.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use solgate::gate::Decision;
use solgate_telemetry::line::RequestLine;

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
}

impl RequestMetrics {
    /// Enters the counters into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            findings: Family::default(),
            // 5 us to 80 ms, and 50 us to 1.6 s.
            evaluation: Histogram::new(exponential_buckets(5e-6, 2.0, 15)),
            fact_wait: Histogram::new(exponential_buckets(5e-5, 2.0, 16)),
            facts: Family::default(),
            upstream_answers: Family::default(),
        };
        let help = "Requests by operation, status, verdict and deciding rule";
        registry.register("requests", help, metrics.requests.clone());
        registry.register("findings", "Rule failures that did not deny", metrics.findings.clone());
        let help = "Time spent in policies per request, in seconds";
        registry.register_with_unit("evaluation", help, Unit::Seconds, metrics.evaluation.clone());
        let help = "Time spent waiting for facts per request that asked for any, in seconds";
        registry.register_with_unit("fact_wait", help, Unit::Seconds, metrics.fact_wait.clone());
        registry.register("facts", "Facts that were asked for, by name and outcome", metrics.facts.clone());
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
        for fact in &decision.facts {
            self.facts.get_or_create(&FactLabels { fact: fact.name.clone(), outcome: fact.outcome() }).inc();
        }
    }

    /// Counts a request that has ended, by its line.
    pub fn ended(&self, line: RequestLine) {
        let RequestLine { operation, status, verdict, rule, undeclared, findings, upstream_status, .. } = line;
        let known = |rule: String| if undeclared.contains(&rule) { UNDECLARED.to_owned() } else { rule };
        let labels = RequestLabels {
            operation: operation.unwrap_or_else(|| "unknown".to_owned()),
            status: status.unwrap_or_default(),
            verdict: verdict.as_str(),
            rule: rule.map(known).unwrap_or_default(),
        };
        self.requests.get_or_create(&labels).inc();
        for finding in findings {
            let labels = FindingLabels { rule: known(finding.rule), severity: finding.severity };
            self.findings.get_or_create(&labels).inc();
        }
        if let Some(status) = upstream_status {
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
}
