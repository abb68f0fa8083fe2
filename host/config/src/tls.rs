//! TLS on the address that clients use.

use std::path::{Path, PathBuf};

use crate::presence::{PRESENCE, Presence, parse_presence};
use crate::yaml::{ConfigError, Node};

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
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
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

/// Reads the member `tls`. Paths are relative to `folder`.
///
/// # Errors
/// A member is unknown, missing, or without the one that it belongs to.
pub fn tls(node: Node<'_>, folder: &Path) -> Result<TlsConfig, ConfigError> {
    let (mut certificate, mut key, mut ca, mut presence) = (None, None, None, None);
    for (name, member) in node.members(&["certFile", "keyFile", "clientCaFile", "clientCert"])? {
        match name {
            "certFile" => certificate = Some(path(member, folder)?),
            "keyFile" => key = Some(path(member, folder)?),
            "clientCaFile" => ca = Some(path(member, folder)?),
            _ => presence = Some((member, member.parse(PRESENCE, parse_presence)?)),
        }
    }
    let certificate = certificate.ok_or_else(|| node.error("certFile is missing: the PEM certificate of the gate"))?;
    let key = key.ok_or_else(|| node.error("keyFile is missing: the PEM private key of the certificate"))?;
    let clients = match (ca, presence) {
        (Some(ca), presence) => {
            let presence = presence.map_or(Presence::default(), |(_, presence)| presence);
            Some(ClientCertificates { ca, presence })
        }
        (None, Some((member, _))) => {
            return Err(member.error("clientCert goes with clientCaFile: name the authorities of the certificates"));
        }
        (None, None) => None,
    };
    Ok(TlsConfig { certificate, key, clients })
}

fn path(node: Node<'_>, folder: &Path) -> Result<PathBuf, ConfigError> {
    Ok(folder.join(node.parse("a path", |text| (!text.is_empty()).then(|| text.to_owned()))?))
}
