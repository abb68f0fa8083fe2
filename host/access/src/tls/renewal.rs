//! Renews certificates while the door is open: new connections get the new certificate.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use solgate_config::Config;
use solgate_watch::FileWatch;
use tokio::task::JoinHandle;

use super::Protocol;
use crate::error::AccessError;
use crate::metrics::{AccessMetrics, Renewal};
use crate::tls::files::{FileFault, Material, TlsFault};
use crate::tls::listener::{TlsListener, ends};

/// What [`TlsListener::start`] gives.
type Started = (Option<Arc<TlsListener>>, Option<JoinHandle<()>>);

impl TlsListener {
    /// The TLS of a door, if it has any, and what renews the certificates from here on,
    /// unless they are to stay.
    ///
    /// # Errors
    /// A file cannot be used, or not be watched.
    pub fn start(config: &Config, protocol: Protocol, metrics: &AccessMetrics) -> Result<Started, AccessError> {
        let Some(tls) = &config.tls else { return Ok((None, None)) };
        let listener = Arc::new(Self::open(config, tls, protocol, metrics)?);
        let renewal =
            if config.reload { Some(FileWatch::new(tls.files()).map_err(AccessError::Signals)?) } else { None };
        let renewal = renewal.map(|watch| tokio::spawn(listener.clone().renew(watch)));
        Ok((Some(listener), renewal))
    }

    /// Reads the files again whenever they are others.
    async fn renew(self: Arc<Self>, watch: FileWatch) {
        let (listener, files, protocol) = (&*self, self.files.clone(), self.protocol);
        let read = move || Ok(Material::read_valid(&files, protocol, SystemTime::now())?);
        let replace = |material: Material| {
            let ends = ends(&material.validities);
            let news = listener.replace(material);
            if news {
                listener.metrics.ending(ends);
            }
            news
        };
        renew(watch, &self.files.certificate, &self.metrics, read, replace).await;
    }
}

/// Reads files of certificates again whenever they are others. What cannot be used is
/// logged, and what is in use goes on. `replace` says whether they hold something else than
/// before.
pub(super) async fn renew<M: Send + 'static>(
    mut watch: FileWatch,
    shown: &Path,
    metrics: &AccessMetrics,
    read: impl Fn() -> Result<M, AccessError> + Clone + Send + 'static,
    replace: impl Fn(M) -> bool,
) {
    let mut begins = None;
    loop {
        tokio::select! {
            () = watch.changed() => {}
            () = until(begins) => {}
        }
        let Some(read) = watch.read(read.clone()).await else { continue };
        begins = match &read {
            Err(AccessError::Tls(TlsFault { fault: FileFault::NotBegun { at }, .. })) => Some(*at),
            _ => None,
        };
        match read {
            Ok(material) => {
                if replace(material) {
                    metrics.tls_renewal(Renewal::Swapped);
                    tracing::info!(file = %shown.display(), "certificates replaced");
                }
            }
            Err(error) => {
                metrics.tls_renewal(Renewal::Refused);
                tracing::error!(%error, "certificates not replaced");
            }
        }
    }
}

/// Ready at a time by the clock of the machine, which may be set meanwhile.
async fn until(time: Option<SystemTime>) {
    const LONGEST: Duration = Duration::from_secs(60);
    let Some(time) = time else { return std::future::pending().await };
    while let Ok(left) = time.duration_since(SystemTime::now()) {
        tokio::time::sleep(left.saturating_add(Duration::from_millis(1)).min(LONGEST)).await;
    }
}
