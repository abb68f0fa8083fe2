//! Why a door cannot verify who is calling.

use std::path::PathBuf;

use solgate_upstream::connect::CertificatesError;

use crate::tls::TlsFault;

/// A reason not to open a door. The text is for the person who starts the gate.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error(transparent)]
    Tls(#[from] TlsFault),
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    #[error("{}: {reason}", path.display())]
    Keys { path: PathBuf, reason: String },
    #[error("no keys for access tokens could be had from {0}; standard error says why")]
    NoKeys(String),
    /// Files that are read again at SIGHUP cannot be.
    #[error("cannot install the signal handlers: {0}")]
    Signals(std::io::Error),
}
