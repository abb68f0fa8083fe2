//! How connections to a VNFM are opened: TCP or TLS.

use std::path::Path;
use std::time::Duration;

use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use solgate_files::CERTIFICATES;

use crate::tcp;

/// Certificates to trust cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("cannot use certificates: {reason}")]
pub struct CertificatesError {
    pub reason: String,
}

/// A connector for http, and for https if `https` says that it is needed.
/// `ca_file` holds PEM certificates to trust instead of the system's; `limit`
/// is for each attempt to open a TCP connection.
///
/// # Errors
/// The certificates cannot be loaded.
pub fn connector(
    https: bool,
    ca_file: Option<&Path>,
    limit: Duration,
) -> Result<HttpsConnector<HttpConnector>, CertificatesError> {
    let tls = trust(https, ca_file)?;
    let tcp = tcp::connector(limit);
    Ok(HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(tcp))
}

fn trust(https: bool, ca_file: Option<&Path>) -> Result<rustls::ClientConfig, CertificatesError> {
    let builder = rustls::ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| CertificatesError { reason: error.to_string() })?;
    if !https {
        // No certificate will be asked for, and none would be accepted.
        return Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    }
    let Some(path) = ca_file else {
        return Ok(builder
            .with_native_roots()
            .map_err(|error| CertificatesError { reason: format!("the system's certificates: {error}") })?
            .with_no_client_auth());
    };
    let bad = |reason: String| CertificatesError { reason: format!("{}: {reason}", path.display()) };
    let mut roots = rustls::RootCertStore::empty();
    let pem = solgate_files::read(path, CERTIFICATES).map_err(|error| bad(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        roots.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("it holds no PEM certificate".to_owned()));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
