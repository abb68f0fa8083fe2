//! Why a socket cannot be listened on.

use std::io;

use super::accounts;

/// Why a Unix socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    #[error("something else than a socket is there, which the gate does not remove")]
    NotASocket,
    #[error("another process listens there")]
    InUse,
    #[error("a socket is there, and nobody can say whether a process listens: {0}")]
    Unknown(io::Error),
    #[error("no user is named {0:?} in {file}", file = accounts::USERS)]
    NoUser(String),
    #[error("no group is named {0:?} in {file}", file = accounts::GROUPS)]
    NoGroup(String),
    #[error("the owner of the socket cannot be changed: {0}")]
    Owner(io::Error),
    #[error("{0}")]
    Bind(io::Error),
}

/// Why a socket that was handed over cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InheritedError {
    #[error(
        "the service manager hands over {0} sockets (LISTEN_FDS); expected one, or two with the names listen and admin"
    )]
    Surplus(usize),
    #[error(
        "the service manager hands over a socket with the name {0:?} (LISTEN_FDNAMES); expected listen or admin: set FileDescriptorName"
    )]
    Name(String),
    #[error("the service manager hands over two sockets with the name {0}; give each a name of its own")]
    Twice(&'static str),
    #[error("the socket {name:?} of the service manager cannot be used: {reason}")]
    Kind { name: String, reason: String },
}
