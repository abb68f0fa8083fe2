//! TLS on the address that clients use, and client certificates.
//!
//! [`files`] reads certificates and keys and converts them for rustls. The [`listener`]
//! does the handshakes with the files that were read last, and [`renewal`] reads the
//! files again when they change. [`names`] reads the names in a client's certificate.
//! [`toward`] is about the other side: what the gate shows and believes as the client of a
//! VNFM.

mod files;
mod listener;
mod renewal;
mod resolver;
mod toward;

use sha2::{Digest, Sha256};

pub use files::{FileFault, TlsFault};

pub use files::Material;
pub use listener::{ClientCertificate, TlsListener};
pub use toward::{VnfmTls, trusted};

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
    /// As the client chooses.
    Either,
}

/// HTTP/2, as it is registered for TLS (RFC 7301).
pub const HTTP2: &[u8] = b"h2";

impl Protocol {
    /// As they are registered for TLS, the one first that is preferred.
    fn ids(self) -> Vec<Vec<u8>> {
        const HTTP1: &[u8] = b"http/1.1";
        let ids = match self {
            Self::Http1 => &[HTTP1][..],
            Self::Http2 => &[HTTP2],
            Self::Either => &[HTTP2, HTTP1],
        };
        ids.iter().map(|id| id.to_vec()).collect()
    }
}
