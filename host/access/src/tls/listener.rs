//! The handshakes of a listener.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use solgate_config::Config;
use solgate_config::tls::TlsConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Protocol;
use super::names::names;
use crate::metrics::{AccessMetrics, HandshakeFailure};
use crate::tls::files::{Material, TlsFault};

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
        let Material { config: current, digest, validity } = Material::read(files, protocol)?;
        // The gate starts nevertheless: the clock of a machine that boots may be wrong, and
        // some clients do not mind.
        if let Err(fault) = validity.check(SystemTime::now()) {
            tracing::error!(file = %files.certificate.display(), reason = %fault, "the certificate does not hold now");
        }
        metrics.with_tls(validity.not_after);
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

    /// Shakes hands with one client. Returns the connection and the names in the
    /// client's certificate, none if it has shown none; `None` if there is nobody to
    /// talk with, which is counted.
    pub async fn accept(&self, stream: TcpStream, peer: SocketAddr) -> Option<(TlsStream<TcpStream>, Vec<String>)> {
        let config = self.current.read().unwrap_or_else(PoisonError::into_inner).config.clone();
        let shaken = tokio::time::timeout(self.limit, TlsAcceptor::from(config).accept(stream)).await;
        let (failure, reason) = match shaken {
            Ok(Ok(stream)) => match client(&stream) {
                Some(names) => return Some((stream, names)),
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

/// The names of the client; none without a certificate, `None` if there is one that
/// cannot be read.
fn client(stream: &TlsStream<TcpStream>) -> Option<Vec<String>> {
    match stream.get_ref().1.peer_certificates().and_then(<[_]>::first) {
        Some(certificate) => names(certificate),
        None => Some(Vec::new()),
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
