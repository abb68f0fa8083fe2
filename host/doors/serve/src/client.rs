//! Who is at the other end of a connection.

use std::net::IpAddr;

use solgate::request::Caller;

/// The client of a connection, as far as the connection shows it.
#[derive(Debug)]
pub struct Client {
    pub address: IpAddr,
    /// Of the certificate that it has shown in a TLS handshake.
    pub certificate_names: Vec<String>,
}

impl Client {
    /// The caller of each request that comes on the connection.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller {
            certificate_names: self.certificate_names.clone(),
            source_address: Some(self.address.to_string()),
            ..Caller::default()
        }
    }
}
