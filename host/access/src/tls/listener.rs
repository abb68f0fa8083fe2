//! The handshakes of a listener.

use std::fmt::Display;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use solgate_config::Config;
use solgate_config::tls::TlsConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{Protocol, Thumbprint, thumbprint};
use crate::metrics::{AccessMetrics, HandshakeFailure};
use crate::tls::files::{Material, NamedValidity, TlsFault};
use solgate_certificates::names;

/// Bytes, encrypted, that wait for a client to take them: one record. Without it, what a
/// client does not take would be held again here, four times as much.
const UNSENT: usize = 16 << 10;

/// The certificate that a client has shown, whose key it has.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// In the order in which Envoy looks for the one that it reports.
    pub names: Vec<String>,
    pub thumbprint: Thumbprint,
}

/// Shakes hands with clients, by the certificates that hold now.
pub struct TlsListener {
    pub files: TlsConfig,
    pub protocol: Protocol,
    /// For a whole handshake.
    limit: Duration,
    current: RwLock<Current>,
    pub metrics: AccessMetrics,
}

struct Current {
    config: Arc<ServerConfig>,
    digest: [u8; 32],
}

impl TlsListener {
    /// Reads the files.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn open(
        config: &Config,
        files: &TlsConfig,
        protocol: Protocol,
        metrics: &AccessMetrics,
    ) -> Result<Self, TlsFault> {
        let Material { config: current, digest, validities } = Material::read(files, protocol)?;
        // The gate starts nevertheless: the clock of a machine that boots may be wrong, and
        // some clients do not mind.
        for NamedValidity { path, validity, .. } in &validities {
            if let Err(fault) = validity.check(SystemTime::now()) {
                tracing::error!(file = %path.display(), reason = %fault, "the certificate does not hold now");
            }
        }
        metrics.with_tls(ends(&validities));
        Ok(Self {
            files: files.clone(),
            protocol,
            limit: config.limits.head_timeout,
            current: RwLock::new(Current { config: current, digest }),
            metrics: metrics.clone(),
        })
    }

    /// Uses other certificates for the connections that come; false if they are
    /// those in use.
    pub fn replace(&self, material: Material) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.digest == material.digest {
            return false;
        }
        *current = Current { config: material.config, digest: material.digest };
        true
    }

    /// Whether clients are asked for certificates.
    #[must_use]
    pub fn asks_clients(&self) -> bool {
        self.files.clients.is_some()
    }

    /// Shakes hands with one client, which the log names as `peer`. Returns the connection and
    /// the client's certificate, if it has shown one; `None` if there is nobody to talk with,
    /// which is counted.
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        peer: impl Display,
    ) -> Option<(TlsStream<S>, Option<ClientCertificate>)> {
        let config = self.current.read().unwrap_or_else(PoisonError::into_inner).config.clone();
        let shaken = tokio::time::timeout(self.limit, TlsAcceptor::from(config).accept(stream)).await;
        let (failure, reason) = match shaken {
            Ok(Ok(mut stream)) => match client(&stream) {
                Some(certificate) => {
                    stream.get_mut().1.set_buffer_limit(Some(UNSENT));
                    return Some((stream, certificate));
                }
                None => {
                    (HandshakeFailure::Certificate, "the names in the client's certificate cannot be read".to_owned())
                }
            },
            Ok(Err(error)) => (kind(&error), error.to_string()),
            Err(_) => (HandshakeFailure::Timeout, format!("not done within {:?}", self.limit)),
        };
        self.metrics.handshake_failed(failure);
        tracing::debug!(%peer, reason, "TLS handshake failed");
        None
    }
}

/// When certificates end, in seconds since 1970, by their names.
pub fn ends(validities: &[NamedValidity]) -> Vec<(String, i64)> {
    validities.iter().map(|one| (one.name.clone(), one.validity.not_after)).collect()
}

/// The certificate of the client, if it has shown one; `None` if that cannot be read.
fn client<S>(stream: &TlsStream<S>) -> Option<Option<ClientCertificate>> {
    match stream.get_ref().1.peer_certificates().and_then(<[_]>::first) {
        Some(shown) => names(shown).map(|names| Some(ClientCertificate { names, thumbprint: thumbprint(shown) })),
        None => Some(None),
    }
}

fn kind(error: &io::Error) -> HandshakeFailure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => {
            HandshakeFailure::Certificate
        }
        Some(_) => HandshakeFailure::Protocol,
        None => HandshakeFailure::Closed,
    }
}
