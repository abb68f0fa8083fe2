//! TLS on the address that clients use, and towards VNFMs.

use std::path::PathBuf;

use crate::presence::Presence;

/// What a listener with TLS is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// PEM: the gate's own certificate, then those that lead to one that clients
    /// trust.
    pub certificate: PathBuf,
    /// PEM: the key of the first of them.
    pub key: PathBuf,
    /// Other certificates, for clients that ask for one of their names.
    pub named: Vec<NamedCertificate>,
    /// Whose certificates clients may show; without it they are asked for none.
    pub clients: Option<ClientCertificates>,
}

impl TlsConfig {
    /// All files that it names.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let ca = self.clients.iter().map(|clients| &clients.ca);
        let named = self.named.iter().flat_map(|one| [&one.certificate, &one.key]);
        [&self.certificate, &self.key].into_iter().chain(named).chain(ca).cloned().collect()
    }
}

/// A certificate for clients that ask for one of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCertificate {
    /// In lower case; `*.` at the beginning stands for one label.
    pub names: Vec<String>,
    /// PEM, as that of all other clients.
    pub certificate: PathBuf,
    /// PEM: its key.
    pub key: PathBuf,
}

/// A certificate that the gate shows as the client of a VNFM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCertificate {
    /// PEM: the certificate, then those that lead to one that the VNFM trusts.
    pub certificate: PathBuf,
    /// PEM: the key of the first of them.
    pub key: PathBuf,
}

/// What clients are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// PEM: the authorities whose certificates are believed.
    pub ca: PathBuf,
    pub presence: Presence,
}
