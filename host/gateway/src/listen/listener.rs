//! A socket that listens, and how it ends.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use solgate_config::ListenAddress;
use solgate_upstream::tcp;
use tokio::net::{TcpListener, UnixListener};

use super::faults::SocketError;
use super::file::{self, SocketFile};
use super::stream::Stream;
use crate::error::GatewayError;
use crate::peer::Peer;

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: Socket,
    pub(super) address: BoundAddress,
    /// That the gate has made, and removes.
    pub(super) file: Option<SocketFile>,
    /// A service manager has opened it, and keeps it.
    pub(super) inherited: bool,
}

/// Of either kind.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Where a socket listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BoundAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl BoundAddress {
    /// The address with a port, if it is one.
    #[must_use]
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// How a URL of what listens there begins.
    #[must_use]
    pub fn url(&self, scheme: &str) -> String {
        match self {
            Self::Tcp(address) => format!("{scheme}://{address}"),
            Self::Unix(_) => format!("{scheme} at {self}"),
        }
    }
}

impl fmt::Display for BoundAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(out),
            Self::Unix(path) => write!(out, "unix:{}", path.display()),
        }
    }
}

impl Listener {
    /// Takes an address; `option` is the argument that names it.
    ///
    /// # Errors
    /// It cannot be bound.
    pub async fn bind(address: &ListenAddress, option: &'static str) -> Result<Self, GatewayError> {
        match address {
            ListenAddress::Tcp(address) => {
                let bound = async {
                    let listener = TcpListener::bind(address).await?;
                    let address = BoundAddress::Tcp(listener.local_addr()?);
                    Ok(Self { socket: Socket::Tcp(listener), address, file: None, inherited: false })
                };
                bound.await.map_err(|error| GatewayError::Bind { address: address.clone(), option, error })
            }
            ListenAddress::Unix(socket) => {
                let bound = SocketFile::bind(socket).and_then(|(listener, file)| {
                    let listener = UnixListener::from_std(listener).map_err(SocketError::Bind)?;
                    let address = BoundAddress::Unix(socket.path.clone());
                    Ok(Self { socket: Socket::Unix(listener), address, file: Some(file), inherited: false })
                });
                bound.map_err(|error| GatewayError::Socket { path: socket.path.clone(), option, error })
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> &BoundAddress {
        &self.address
    }

    /// The next connection.
    ///
    /// # Errors
    /// It cannot be taken, usually for want of file descriptors.
    pub async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                tcp::accepted(&stream);
                Ok((Stream::Tcp(stream), Peer::At(peer)))
            }
            Socket::Unix(listener) => listener.accept().await.map(|(stream, _)| (Stream::Unix(stream), Peer::Unix)),
        }
    }

    /// A service manager has opened it.
    #[must_use]
    pub fn is_inherited(&self) -> bool {
        self.inherited
    }

    /// No connection begins here any more, as far as that can be: clients try again a second
    /// later. At the socket of a service manager they go on to begin, for the next gate.
    pub fn take_no_more(&self) {
        if let (Socket::Tcp(listener), false) = (&self.socket, self.inherited) {
            tcp::take_no_more(listener);
        }
    }

    /// Ends it. Returns the connections that were opened and that nobody has taken yet: they
    /// would be reset. At a Unix socket that is gone from the file system there can be no
    /// others. What waits at a socket of a service manager is for the next gate.
    #[must_use]
    pub fn close(self) -> Vec<(Stream, Peer)> {
        let Self { socket, file, inherited, .. } = self;
        drop(file);
        let mut waiting = Vec::new();
        if inherited {
            return waiting;
        }
        // As what is opened meanwhile is taken also, this ends only when nobody is faster.
        let most = 4096;
        match socket {
            Socket::Tcp(listener) => {
                let Ok(listener) = listener.into_std() else { return waiting };
                while waiting.len() < most
                    && let Ok((stream, peer)) = listener.accept()
                {
                    waiting.extend(Stream::tcp(stream).map(|stream| (stream, Peer::At(peer))));
                }
            }
            Socket::Unix(listener) => {
                let Ok(listener) = listener.into_std() else { return waiting };
                while waiting.len() < most
                    && let Ok((stream, _)) = listener.accept()
                {
                    waiting.extend(Stream::unix(stream).map(|stream| (stream, Peer::Unix)));
                }
            }
        }
        waiting
    }
}

/// Whether an address could be listened on, without listening.
///
/// # Errors
/// A Unix socket would belong to somebody whom the system does not know.
pub fn check(address: Option<&ListenAddress>, option: &'static str) -> Result<(), GatewayError> {
    let Some(ListenAddress::Unix(socket)) = address else { return Ok(()) };
    let owner = file::owner(socket).map(drop);
    owner.map_err(|error| GatewayError::Socket { path: socket.path.clone(), option, error })
}
