//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Who is at the other end of a connection, as far as the connection shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    At(SocketAddr),
    /// Somebody on this machine, at a Unix socket.
    Unix,
    /// A client of which the server in front says no address.
    Unknown,
}

impl Peer {
    /// The address. An IPv4 client stays one on a socket for both.
    #[must_use]
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Self::At(address) => Some(address.ip().to_canonical()),
            Self::Unix | Self::Unknown => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(out),
            Self::Unix => out.write_str("a Unix socket"),
            Self::Unknown => out.write_str("an address that is not known"),
        }
    }
}
