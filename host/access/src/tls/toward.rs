//! TLS towards a VNFM: whom the gate believes there, and which certificate it shows.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::ClientConfig;
use solgate_config::tls::OwnCertificate;
use solgate_upstream::connect::{self, CertificatesError, Tls, Trusted};
use solgate_watch::FileWatch;

use super::files::{Reader, TlsFault, Validity, fault, unusable};
use super::renewal::renew;
use crate::error::AccessError;
use crate::metrics::AccessMetrics;

/// The authorities in a file, or those that the system trusts.
///
/// # Errors
/// The file cannot be used.
pub fn trusted(ca_file: Option<&Path>) -> Result<Trusted, TlsFault> {
    ca_file.map_or(Ok(Trusted::System), |path| Reader::default().authorities(path).map(Trusted::Roots))
}

/// The files that matter for TLS towards a VNFM.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Files {
    /// The system's authorities are believed if none is named.
    authorities: Option<PathBuf>,
    own: Option<OwnCertificate>,
}

/// What the gate shows and believes towards a VNFM, by the files that were read last.
#[derive(Debug)]
pub struct VnfmTls {
    files: Files,
    pub tls: Arc<Tls>,
    digest: Mutex<[u8; 32]>,
    /// When the gate's certificate ends, in seconds since 1970.
    not_after: AtomicI64,
}

/// What was read, ready to be used.
struct Material {
    config: ClientConfig,
    digest: [u8; 32],
    validity: Option<Validity>,
}

impl Files {
    fn read(&self) -> Result<Material, AccessError> {
        let mut reader = Reader::default();
        let trusted = match &self.authorities {
            Some(path) => Trusted::Roots(reader.authorities(path)?),
            None => Trusted::System,
        };
        let own = match &self.own {
            Some(files) => Some(reader.own(&files.certificate, &files.key)?),
            None => None,
        };
        let validity = own.as_ref().map(|own| own.validity);
        let config = connect::config(trusted, own.map(|own| (own.chain, own.key)));
        let config = config.map_err(|error| match (error, &self.own) {
            (CertificatesError::Shown(error), Some(files)) => unusable(&error, &files.certificate, &files.key).into(),
            (error, _) => AccessError::from(error),
        })?;
        Ok(Material { config, digest: reader.digest(), validity })
    }

    /// Whether the gate's certificate holds now.
    fn check(&self, material: &Material) -> Result<(), TlsFault> {
        match (&self.own, material.validity) {
            (Some(files), Some(validity)) => {
                validity.check(SystemTime::now()).map_err(|found| fault(&files.certificate, found))
            }
            _ => Ok(()),
        }
    }

    fn all(&self) -> Vec<PathBuf> {
        let own = self.own.iter().flat_map(|own| [&own.certificate, &own.key]);
        self.authorities.iter().chain(own).cloned().collect()
    }
}

impl VnfmTls {
    /// Reads the files. `https` says whether they are needed.
    ///
    /// # Errors
    /// One of them cannot be used.
    pub fn open(
        https: bool,
        authorities: Option<&Path>,
        own: Option<&OwnCertificate>,
    ) -> Result<Arc<Self>, AccessError> {
        let files = Files { authorities: authorities.map(Path::to_owned), own: own.cloned() };
        let Material { config, digest, validity } = if https {
            let material = files.read()?;
            // As on the listener: the clock of a machine that boots may be wrong.
            if let Err(TlsFault { path, fault }) = files.check(&material) {
                tracing::error!(file = %path.display(), reason = %fault, "the certificate does not hold now");
            }
            material
        } else {
            let config = connect::config(Trusted::Nobody, None)?;
            Material { config, digest: [0; 32], validity: None }
        };
        let not_after = validity.map_or(i64::MAX, |validity| validity.not_after);
        Ok(Arc::new(Self {
            files,
            tls: Tls::new(config),
            digest: Mutex::new(digest),
            not_after: AtomicI64::new(not_after),
        }))
    }

    /// As [`open`](Self::open), for whoever asks whether the configuration is good.
    ///
    /// # Errors
    /// The same; and the gate's certificate has ended, or not begun.
    pub fn check(&self) -> Result<(), AccessError> {
        Ok(self.files.check(&self.files.read()?)?)
    }

    /// When the gate's certificate ends, in seconds since 1970; `None` if it shows none.
    #[must_use]
    pub fn not_after(&self) -> Option<i64> {
        self.files.own.as_ref().map(|_| self.not_after.load(Ordering::Relaxed))
    }

    /// Reads the files again whenever they are others, for as long as this is polled: new
    /// connections get what they hold then. `None` if there are no files. To be called in a
    /// runtime.
    ///
    /// # Errors
    /// SIGHUP cannot be taken.
    pub fn renewal(
        self: &Arc<Self>,
        metrics: &AccessMetrics,
    ) -> Result<Option<impl Future<Output = ()> + Send + use<>>, AccessError> {
        let files = self.files.all();
        let Some(shown) = self.files.own.as_ref().map(|own| &own.certificate).or(files.first()).cloned() else {
            return Ok(None);
        };
        let watch = FileWatch::new(files).map_err(AccessError::Signals)?;
        let (this, metrics) = (Arc::clone(self), metrics.clone());
        metrics.with_renewal();
        Ok(Some(async move {
            let files = this.files.clone();
            let read = move || {
                let material = files.read()?;
                files.check(&material)?;
                Ok(material)
            };
            renew(watch, &shown, &metrics, read, |material| this.replace(material)).await;
        }))
    }

    /// False if that is what is in use.
    fn replace(&self, material: Material) -> bool {
        let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        if *digest == material.digest {
            return false;
        }
        *digest = material.digest;
        if let Some(validity) = material.validity {
            self.not_after.store(validity.not_after, Ordering::Relaxed);
        }
        self.tls.replace(material.config);
        true
    }
}
