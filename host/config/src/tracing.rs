//! Where spans go, and of which requests.

use std::path::{Path, PathBuf};

use http::Uri;
use http::uri::Scheme;

use super::gateway::parse_url;
use super::yaml::{ConfigError, Node};

/// Where spans go, and of which requests.
#[derive(Debug, Clone, PartialEq)]
pub struct TracingConfig {
    /// A collector that takes OTLP over gRPC.
    pub otlp: Uri,
    /// PEM certificates to trust instead of the system's, for an https collector.
    pub ca_file: Option<PathBuf>,
    /// Part of the requests that belong to no trace yet, from 0 to 1. Those that do are
    /// traced if their sender says so.
    pub sample: f64,
}

impl TracingConfig {
    /// Spans of all requests.
    #[must_use]
    pub fn new(otlp: Uri) -> Self {
        Self { otlp, ca_file: None, sample: 1.0 }
    }

    /// Whether the way to the collector is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.otlp.scheme() == Some(&Scheme::HTTPS)
    }
}

/// What [`parse_collector`] takes.
pub const COLLECTOR: &str =
    "http://HOST[:PORT] or https://HOST[:PORT] of a collector that takes OTLP over gRPC, without a path";

/// The URL of a collector.
#[must_use]
pub fn parse_collector(text: &str) -> Option<Uri> {
    parse_url(text)
}

/// What [`parse_ratio`] takes.
pub const RATIO: &str = "a number from 0 to 1, such as 0.1 for every tenth request";

/// A part of something.
#[must_use]
pub fn parse_ratio(text: &str) -> Option<f64> {
    text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
}

/// Reads the member `tracing` of a configuration file. Paths are relative to `folder`.
///
/// # Errors
/// What is wrong, and where.
pub fn read(node: Node<'_>, folder: &Path) -> Result<TracingConfig, ConfigError> {
    let members = node.members(&["otlp", "caFile", "sample"])?;
    let find = |wanted| members.iter().find(|(name, _)| *name == wanted).map(|(_, node)| node);
    let otlp = find("otlp").ok_or_else(|| node.error(format!("otlp is missing: {COLLECTOR}")))?;
    let mut config = TracingConfig::new(otlp.parse(COLLECTOR, parse_collector)?);
    if let Some(file) = find("caFile") {
        if !config.is_https() {
            return Err(file.error("caFile is for an https collector: leave it out, or write https:// in otlp"));
        }
        config.ca_file = Some(folder.join(file.text()?));
    }
    if let Some(sample) = find("sample") {
        config.sample = sample.number(RATIO, parse_ratio)?;
    }
    Ok(config)
}
