//! Where spans go, and of which requests.

use std::path::PathBuf;

use http::Uri;
use serde::{Deserialize, Serialize};

use crate::collector::CollectorPlace;
use crate::values::{As, Collector, FilePath, Maybe, Ratio};

/// Where spans go, and of which requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TracingConfig {
    /// A collector that takes OTLP over gRPC.
    #[serde(with = "As::<Collector>")]
    pub otlp: Uri,
    /// PEM certificates to trust instead of the system's, for an https collector.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Part of the requests that belong to no trace yet, from 0 to 1. Those that do are
    /// traced if their sender says so.
    #[serde(default = "all", with = "Ratio")]
    pub sample: f64,
}

/// Every request.
fn all() -> f64 {
    1.0
}

impl TracingConfig {
    /// Spans of all requests.
    #[must_use]
    pub fn new(otlp: Uri) -> Self {
        Self { otlp, ca_file: None, sample: all() }
    }

    /// Where the collector is.
    #[must_use]
    pub fn collector(&self) -> CollectorPlace<'_> {
        CollectorPlace { url: &self.otlp, ca_file: self.ca_file.as_deref() }
    }
}
