//! Sockets that listen already when the process starts: a service manager has opened them,
//! and keeps them while one gate follows another (systemd's socket activation,
//! sd_listen_fds(3)). So no connection is lost between the two.

use std::env;
use std::io;
use std::net::TcpListener as StdTcp;
use std::os::unix::net::UnixListener as StdUnix;
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use socket2::SockRef;
use tokio::net::{TcpListener, UnixListener};

use super::faults::InheritedError;
use super::listener::{BoundAddress, Listener, Socket};

/// The name of the socket that clients use.
const LISTEN: &str = "listen";
/// The name of the admin address.
const ADMIN: &str = "admin";
/// There are no more names than these; the rest is a mistake.
const MOST: usize = 2;
/// The first descriptor that is handed over.
const FIRST: usize = 3;

/// What was handed over.
#[derive(Debug, Default)]
pub struct Inherited {
    sockets: Vec<(String, Result<Handed, String>)>,
    /// More than there can be.
    surplus: Option<usize>,
}

#[derive(Debug)]
enum Handed {
    Tcp(StdTcp),
    Unix(StdUnix),
}

/// The sockets of a door.
#[derive(Debug, Default)]
pub struct Handover {
    pub listen: Option<Listener>,
    pub admin: Option<Listener>,
}

impl Inherited {
    /// What is meant for this process. To be called once, before there are other threads:
    /// it takes what it has read out of the environment.
    #[must_use]
    pub fn take() -> Self {
        // Without it they may be meant for a process that has started this one.
        let ours = env::var("LISTEN_PID").is_ok_and(|pid| pid.parse() == Ok(std::process::id()));
        let count = env::var("LISTEN_FDS").ok().and_then(|count| count.parse().ok()).unwrap_or_default();
        if !ours || count == 0 {
            return Self::default();
        }
        if count > MOST {
            return Self { sockets: Vec::new(), surplus: Some(count) };
        }
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').filter(|name| !name.is_empty());
        let mut handed = ListenFd::from_env();
        let sockets = (0..count).map(|index| {
            let name = names.next().unwrap_or("unknown").to_owned();
            (name, socket(&mut handed, index).map_err(|error| error.to_string()))
        });
        Self { sockets: sockets.collect(), surplus: None }
    }

    /// Gives each socket its place, by its name; a single one is for clients, whatever its
    /// name, unless that is `admin`. To be called in a runtime.
    ///
    /// # Errors
    /// One of them is not a socket that listens, or nobody knows what it is for.
    pub fn assign(self) -> Result<Handover, InheritedError> {
        if let Some(count) = self.surplus {
            return Err(InheritedError::Surplus(count));
        }
        let alone = self.sockets.len() == 1;
        let mut handover = Handover::default();
        for (name, socket) in self.sockets {
            let (place, known) = match name.as_str() {
                ADMIN => (&mut handover.admin, ADMIN),
                LISTEN => (&mut handover.listen, LISTEN),
                _ if alone => (&mut handover.listen, LISTEN),
                _ => return Err(InheritedError::Name(name)),
            };
            let listener = socket.and_then(|socket| listener(socket).map_err(|error| error.to_string()));
            let listener = listener.map_err(|reason| InheritedError::Kind { name, reason })?;
            if place.replace(listener).is_some() {
                return Err(InheritedError::Twice(known));
            }
        }
        Ok(handover)
    }
}

/// A stream socket that listens, of either kind.
fn socket(handed: &mut ListenFd, index: usize) -> io::Result<Handed> {
    let no_socket = || {
        let descriptor = index.saturating_add(FIRST);
        io::Error::other(format!("descriptor {descriptor} is not a stream socket; expected TCP or Unix (ListenStream)"))
    };
    let socket = match handed.take_tcp_listener(index) {
        Ok(Some(listener)) => Handed::Tcp(listener),
        _ => handed.take_unix_listener(index).ok().flatten().map(Handed::Unix).ok_or_else(no_socket)?,
    };
    let listens = match &socket {
        Handed::Tcp(listener) => SockRef::from(listener).is_listener()?,
        Handed::Unix(listener) => SockRef::from(listener).is_listener()?,
    };
    if listens { Ok(socket) } else { Err(io::Error::other("it does not listen; expected Accept=no")) }
}

fn listener(socket: Handed) -> io::Result<Listener> {
    let (socket, address) = match socket {
        Handed::Tcp(listener) => {
            listener.set_nonblocking(true)?;
            let address = BoundAddress::Tcp(listener.local_addr()?);
            (Socket::Tcp(TcpListener::from_std(listener)?), address)
        }
        Handed::Unix(listener) => {
            listener.set_nonblocking(true)?;
            let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
            let address = BoundAddress::Unix(path.unwrap_or_else(|| PathBuf::from("@")));
            (Socket::Unix(UnixListener::from_std(listener)?), address)
        }
    };
    Ok(Listener { socket, address, file: None, inherited: true })
}
