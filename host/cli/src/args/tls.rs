//! TLS on the command line.

use std::path::PathBuf;

use solgate_config::tls::{ClientCertificates, TlsConfig};

use super::presence::PresenceArg;

/// How the address that clients use is protected.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TlsArgs {
    /// Listen with TLS: PEM certificates, the gate's own first; read again when they change
    #[arg(long, value_name = "FILE", conflicts_with = "config", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// PEM private key of that certificate
    #[arg(long, value_name = "FILE", conflicts_with = "config", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// PEM certificates of the authorities that clients' certificates must come from
    #[arg(long, value_name = "FILE", conflicts_with = "config", requires = "tls_cert")]
    pub client_ca: Option<PathBuf>,

    /// Whether a client may come without a certificate
    #[arg(
        long,
        value_name = "required|optional",
        conflicts_with = "config",
        requires = "client_ca",
        hide_possible_values = true
    )]
    pub client_cert: Option<PresenceArg>,
}

impl TlsArgs {
    /// What they say together; `None` without a certificate.
    #[must_use]
    pub fn config(&self) -> Option<TlsConfig> {
        let (certificate, key) = self.tls_cert.clone().zip(self.tls_key.clone())?;
        let presence = self.client_cert.map(Into::into).unwrap_or_default();
        let clients = self.client_ca.clone().map(|ca| ClientCertificates { ca, presence });
        Some(TlsConfig { certificate, key, named: Vec::new(), clients })
    }
}
