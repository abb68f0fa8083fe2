//! TLS on the address that clients use, and who they are by their certificates.
//!
//! [`files`] reads certificates and keys and makes of them what rustls needs. The
//! [`listener`] does the handshakes with what was read last, and [`renewal`] reads
//! the files again when they are others. [`names`] are those of a client.

mod args;
mod config_file;
mod distinguished_name;
mod files;
mod listener;
pub mod names;
mod renewal;

use std::path::PathBuf;

pub use args::TlsArgs;
pub use files::TlsFault;

pub(in crate::doors) use config_file::tls;
pub(in crate::doors) use files::Material;
pub(in crate::doors) use listener::TlsListener;

use super::presence::Presence;

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

/// What a listener with TLS is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// PEM: the gate's own certificate, then those that lead to one that clients
    /// trust.
    pub certificate: PathBuf,
    /// PEM: the key of the first of them.
    pub key: PathBuf,
    /// Whose certificates clients may show; without it they are asked for none.
    pub clients: Option<ClientCertificates>,
}

impl TlsConfig {
    /// All files that it names.
    pub(in crate::doors) fn files(&self) -> Vec<PathBuf> {
        let ca = self.clients.iter().map(|clients| &clients.ca);
        [&self.certificate, &self.key].into_iter().chain(ca).cloned().collect()
    }
}

/// What clients are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// PEM: the authorities whose certificates are believed.
    pub ca: PathBuf,
    pub presence: Presence,
}
