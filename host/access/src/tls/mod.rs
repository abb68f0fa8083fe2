//! TLS on the address that clients use, and client certificates.
//!
//! [`files`] reads certificates and keys and converts them for rustls. The [`listener`]
//! does the handshakes with the files that were read last, and [`renewal`] reads the
//! files again when they change. [`names`] reads the names in a client's certificate.

mod files;
mod listener;
mod renewal;

use sha2::{Digest, Sha256};

pub use files::TlsFault;

pub use files::Material;
pub use listener::{ClientCertificate, TlsListener};

/// SHA-256 over a certificate (DER), as `x5t#S256` has it.
pub type Thumbprint = [u8; 32];

/// The thumbprint of a certificate (DER).
#[must_use]
pub fn thumbprint(certificate: &[u8]) -> Thumbprint {
    Sha256::digest(certificate).into()
}

/// What is spoken in TLS; a client that speaks something else only is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    /// As gRPC needs it.
    Http2,
}

impl Protocol {
    /// As it is registered for TLS (RFC 7301).
    fn id(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}
