//! Where decisions go beside standard output and the decision log.

use std::path::PathBuf;

use http::Uri;
use serde::{Deserialize, Serialize};

use crate::collector::CollectorPlace;
use crate::values::{As, Collector, FilePath, Maybe};

/// Where decisions go beside standard output and the decision log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DecisionExportConfig {
    /// A collector that takes log records by OTLP over gRPC.
    #[serde(with = "As::<Collector>")]
    pub otlp: Uri,
    /// PEM certificates to trust instead of the system's, for an https collector.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Whether the line of each request is sent, as JSON, also with log: off.
    #[serde(default = "lines")]
    pub lines: bool,
    /// Whether each record of the decision log is sent as well; goes with decisionLog.
    #[serde(default)]
    pub records: bool,
}

fn lines() -> bool {
    true
}

impl DecisionExportConfig {
    /// The lines of all requests.
    #[must_use]
    pub fn new(otlp: Uri) -> Self {
        Self { otlp, ca_file: None, lines: lines(), records: false }
    }

    /// Where the collector is.
    #[must_use]
    pub fn collector(&self) -> CollectorPlace<'_> {
        CollectorPlace { url: &self.otlp, ca_file: self.ca_file.as_deref() }
    }
}
