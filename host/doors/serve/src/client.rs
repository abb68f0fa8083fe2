//! Who is at the other end of a connection.

use std::net::IpAddr;

use solgate::request::Caller;
use solgate_access::tls::ClientCertificate;
use solgate_access::tokens::Possession;
use solgate_gateway::peer::Peer;

/// The client of a connection, as far as the connection shows it.
#[derive(Debug)]
pub struct Client {
    /// From where requests come.
    pub peer: Peer,
    /// What it has shown in a TLS handshake.
    pub tls: Option<Handshake>,
}

/// What a client has shown in a handshake.
#[derive(Debug)]
pub struct Handshake {
    /// It was asked for its certificate.
    pub asked: bool,
    pub certificate: Option<ClientCertificate>,
}

impl Client {
    /// The caller of a request that comes on the connection from that `address`.
    #[must_use]
    pub fn caller(&self, address: Option<IpAddr>) -> Caller {
        let certificate = self.tls.as_ref().and_then(|tls| tls.certificate.as_ref());
        Caller {
            certificate_names: certificate.map(|certificate| certificate.names.clone()).unwrap_or_default(),
            source_address: address.map(|address| address.to_string()),
            ..Caller::default()
        }
    }

    /// What tokens may be bound to.
    #[must_use]
    pub fn possession(&self) -> Possession {
        match &self.tls {
            Some(Handshake { certificate: Some(shown), .. }) => Possession::Certificate(shown.thumbprint),
            Some(Handshake { asked: true, .. }) => Possession::Nothing,
            _ => Possession::Unseen,
        }
    }
}
