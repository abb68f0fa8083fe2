//! Tells a service manager how far the gate is (sd_notify(3)).
//!
//! The crate sd-notify does this also, but not for a manager whose socket has an abstract
//! name; there is little else in it.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The gate has its addresses, and judges.
pub fn ready() {
    tell("READY=1");
}

/// The gate is about to end.
pub fn stopping() {
    tell("STOPPING=1");
}

fn tell(state: &str) {
    // Nobody has asked, then.
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    if let Err(error) = send(socket.as_bytes(), state) {
        tracing::warn!(%error, state, "the service manager could not be told");
    }
}

fn send(socket: &[u8], state: &str) -> io::Result<()> {
    let address = match socket {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
        path => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(path))?,
    };
    let teller = UnixDatagram::unbound()?;
    teller.set_nonblocking(true)?;
    teller.send_to_addr(state.as_bytes(), &address).map(drop)
}
