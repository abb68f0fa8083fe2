//! An OpenTelemetry collector, which takes [spans](crate::spans) and
//! [decisions](crate::decisions) by OTLP over gRPC.

pub(crate) mod attributes;
mod metrics;
pub(crate) mod sending;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use solgate_config::collector::CollectorPlace;
use solgate_files::CERTIFICATES;
use std::path::Path;
use tonic::transport::{Certificate, ClientTlsConfig};

pub use self::metrics::{ExportMetrics, ExportOutcome, register_decisions, register_spans};

/// The name of the service if `OTEL_SERVICE_NAME` gives none, and of the scope.
pub(crate) const SERVICE: &str = "solgate";

/// Why nothing can be sent to a collector.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    #[error("cannot send to the collector: {reason}")]
    Export { reason: String },
    #[error("cannot use certificates: {reason}")]
    Certificates { reason: String },
}

/// An exporter for the collector at this place.
///
/// # Errors
/// The certificates cannot be loaded.
pub(crate) fn at<B: WithExportConfig + WithTonicConfig>(
    builder: B,
    collector: CollectorPlace<'_>,
) -> Result<B, CollectorError> {
    let builder = builder.with_endpoint(collector.url.to_string());
    Ok(if collector.is_https() { builder.with_tls_config(tls(collector.ca_file)?) } else { builder })
}

fn tls(ca_file: Option<&Path>) -> Result<ClientTlsConfig, CollectorError> {
    let Some(path) = ca_file else { return Ok(ClientTlsConfig::new().with_native_roots()) };
    let bad = |reason: String| CollectorError::Certificates { reason: format!("{}: {reason}", path.display()) };
    let pem = solgate_files::read(path, CERTIFICATES).map_err(|error| bad(error.to_string()))?;
    let mut certificates = CertificateDer::pem_slice_iter(&pem).peekable();
    if certificates.peek().is_none() {
        return Err(bad("it holds no PEM certificate".to_owned()));
    }
    for certificate in certificates {
        certificate.map_err(|error| bad(error.to_string()))?;
    }
    Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
}

/// What `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say, and what they leave open.
pub(crate) fn resource() -> Resource {
    let builder = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let says = |variable: &str| std::env::var(variable).unwrap_or_default();
    let named = !says("OTEL_SERVICE_NAME").is_empty() || says("OTEL_RESOURCE_ATTRIBUTES").contains("service.name=");
    if named { builder.build() } else { builder.with_service_name(SERVICE).build() }
}
