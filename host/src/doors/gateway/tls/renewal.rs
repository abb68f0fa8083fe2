//! Certificates are renewed while the door is open: connections that come then get
//! the new one.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::{Material, Protocol, TlsListener};
use crate::doors::gateway::Metrics;
use crate::doors::gateway::access_metrics::Renewal;
use crate::doors::gateway::config::Config;
use crate::doors::gateway::error::GatewayError;
use crate::doors::gateway::reload::FileWatch;

/// What [`TlsListener::start`] gives.
type Started = (Option<Arc<TlsListener>>, Option<JoinHandle<()>>);

impl TlsListener {
    /// The TLS of a door, if it has any, and what renews the certificates from here on,
    /// unless they are to stay.
    ///
    /// # Errors
    /// A file cannot be used, or not be watched.
    pub fn start(config: &Config, protocol: Protocol, metrics: &Arc<Metrics>) -> Result<Started, GatewayError> {
        let Some(tls) = &config.tls else { return Ok((None, None)) };
        let listener = Arc::new(Self::open(config, tls, protocol, metrics)?);
        let renewal =
            if config.reload { Some(tokio::spawn(listener.clone().renew(FileWatch::new(tls.files())?))) } else { None };
        Ok((Some(listener), renewal))
    }

    /// Reads the files again whenever they are others. What cannot be used is logged,
    /// and what is in use goes on.
    async fn renew(self: Arc<Self>, mut watch: FileWatch) {
        loop {
            watch.changed().await;
            let (files, protocol) = (self.files.clone(), self.protocol);
            let Some(read) = watch.read(move || Material::read(&files, protocol)).await else { continue };
            match read {
                Ok(material) => {
                    let not_after = material.not_after;
                    if self.replace(material) {
                        self.metrics.access.tls_renewal(Renewal::Swapped { not_after });
                        tracing::info!(file = %self.files.certificate.display(), "certificates replaced");
                    }
                }
                Err(error) => {
                    self.metrics.access.tls_renewal(Renewal::Refused);
                    tracing::error!(%error, "certificates not replaced");
                }
            }
        }
    }
}
