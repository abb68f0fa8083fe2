//! Where spans go, and of which requests.

use http::Uri;

use super::super::config::parse_url;
use super::super::yaml::{ConfigError, Node};

/// Where spans go, and of which requests.
#[derive(Debug, Clone, PartialEq)]
pub struct TracingConfig {
    /// A collector that takes OTLP over gRPC.
    pub otlp: Uri,
    /// Part of the requests that belong to no trace yet, from 0 to 1. Those that do are
    /// traced if their sender says so.
    pub sample: f64,
}

impl TracingConfig {
    /// Spans of all requests.
    #[must_use]
    pub fn new(otlp: Uri) -> Self {
        Self { otlp, sample: 1.0 }
    }
}

/// What [`parse_collector`] takes.
pub const COLLECTOR: &str =
    "http://HOST[:PORT] of a collector that takes OTLP over gRPC, without TLS and without a path";

/// The URL of a collector.
#[must_use]
pub fn parse_collector(text: &str) -> Option<Uri> {
    parse_url(text).filter(|url| url.scheme_str() == Some("http"))
}

/// What [`parse_ratio`] takes.
pub const RATIO: &str = "a number from 0 to 1, such as 0.1 for every tenth request";

/// A part of something.
#[must_use]
pub fn parse_ratio(text: &str) -> Option<f64> {
    text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
}

/// Reads the member `tracing` of a configuration file.
///
/// # Errors
/// What is wrong, and where.
pub fn read(node: Node<'_>) -> Result<TracingConfig, ConfigError> {
    let members = node.members(&["otlp", "sample"])?;
    let find = |wanted| members.iter().find(|(name, _)| *name == wanted).map(|(_, node)| node);
    let otlp = find("otlp").ok_or_else(|| node.error(format!("otlp is missing: {COLLECTOR}")))?;
    let mut config = TracingConfig::new(otlp.parse(COLLECTOR, parse_collector)?);
    if let Some(sample) = find("sample") {
        config.sample = sample.number(RATIO, parse_ratio)?;
    }
    Ok(config)
}
