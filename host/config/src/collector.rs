//! Where an OpenTelemetry collector is.

use std::path::Path;

use http::Uri;
use http::uri::Scheme;

/// A collector that takes OTLP over gRPC.
#[derive(Debug, Clone, Copy)]
pub struct CollectorPlace<'c> {
    pub url: &'c Uri,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<&'c Path>,
}

impl CollectorPlace<'_> {
    /// Whether the way to it is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == Some(&Scheme::HTTPS)
    }
}
