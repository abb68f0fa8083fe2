//! Why there is no connection.

use std::error::Error;
use std::io;

use rustls::CertificateError;

/// What kept a connection from being opened, as half a sentence about the server. It
/// names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    #[error("{0}")]
    Io(io::ErrorKind),
    #[error("its certificate is not from an issuer that the gate trusts")]
    Issuer,
    #[error("its certificate is for another name")]
    Name,
    #[error("its certificate has expired")]
    Expired,
    #[error("its certificate is not valid yet")]
    Early,
    #[error("its certificate is not accepted")]
    Certificate,
    #[error("it does not speak TLS")]
    NoTls,
    #[error("the TLS handshake failed")]
    Handshake,
    #[error("no connection")]
    Unknown,
}

impl Unreached {
    /// The cause that lies deepest and is known.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut found = Self::Unknown;
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                return tls.into();
            }
            next = match error.downcast_ref::<io::Error>() {
                Some(io) => {
                    if io.kind() != io::ErrorKind::Other {
                        found = Self::Io(io.kind());
                    }
                    // Its source is that of the error within, and not that error.
                    match io.get_ref() {
                        Some(within) => Some(within),
                        None => io.source(),
                    }
                }
                None => error.source(),
            };
        }
        found
    }
}

impl From<&rustls::Error> for Unreached {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(certificate) => match certificate {
                CertificateError::UnknownIssuer => Self::Issuer,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::Name,
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::Early,
                _ => Self::Certificate,
            },
            rustls::Error::InvalidMessage(_) => Self::NoTls,
            _ => Self::Handshake,
        }
    }
}
