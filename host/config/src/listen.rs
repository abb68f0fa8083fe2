//! Where a gate listens: an address with a port, or a Unix socket.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::host_name::is_host;

/// Where a gate listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListenAddress {
    /// An address or host name with a port.
    Tcp(String),
    Unix(UnixSocket),
}

/// A Unix socket, and who may connect to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixSocket {
    /// From the root of the file system.
    pub path: PathBuf,
    /// Permission bits of the file.
    pub mode: u32,
    /// The owner of the file, by name or number; the gate's own user without it.
    pub user: Option<String>,
    /// The group of the file, by name or number; the gate's own group without it.
    pub group: Option<String>,
}

/// The mode of a Unix socket if nothing else is said: nobody but the gate's own user may
/// connect.
pub const SOCKET_MODE: u32 = 0o600;

/// How the address of a Unix socket begins.
const UNIX: &str = "unix:";
/// Bytes of a path that the system takes for a socket.
const LONGEST_PATH: usize = 107;

/// What [`parse_address`] takes.
pub const ADDRESS: &str =
    "an address and port such as 0.0.0.0:8080, or a socket such as unix:/run/solgate.sock,mode=660,group=www-data";

/// An address or host name to listen on, with its port, or a Unix socket.
#[must_use]
pub fn parse_address(text: &str) -> Option<ListenAddress> {
    if let Some(socket) = text.strip_prefix(UNIX) {
        return unix_socket(socket).map(ListenAddress::Unix);
    }
    let (host, port) = text.rsplit_once(':')?;
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    // An IPv6 address may be without brackets here.
    let good = is_host(host) && digits && port.parse::<u16>().is_ok();
    good.then(|| ListenAddress::Tcp(text.to_owned()))
}

fn unix_socket(text: &str) -> Option<UnixSocket> {
    let mut parts = text.split(',');
    let path = parts.next()?;
    let good = path.starts_with('/') && !path.ends_with('/') && path.len() <= LONGEST_PATH && !path.contains('\0');
    let mut socket = good.then(|| UnixSocket::new(path))?;
    let mut mode = None;
    for part in parts {
        let (name, value) = part.split_once('=')?;
        let first = match name {
            "mode" => mode.replace(self::mode(value)?).is_none(),
            "user" => socket.user.replace(account(value)?).is_none(),
            "group" => socket.group.replace(account(value)?).is_none(),
            _ => false,
        };
        if !first {
            return None;
        }
    }
    socket.mode = mode.unwrap_or(SOCKET_MODE);
    Some(socket)
}

/// Octal digits, as chmod has them.
fn mode(text: &str) -> Option<u32> {
    let octal = matches!(text.len(), 3 | 4) && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    u32::from_str_radix(text, 8).ok().filter(|mode| octal && *mode <= 0o777)
}

fn account(text: &str) -> Option<String> {
    let good = |byte: u8| byte.is_ascii_graphic() && !b":,/=".contains(&byte);
    (!text.is_empty() && text.bytes().all(good)).then(|| text.to_owned())
}

impl ListenAddress {
    /// The address with a port, if it is one.
    #[must_use]
    pub fn tcp(&self) -> Option<&str> {
        match self {
            Self::Tcp(address) => Some(address),
            Self::Unix(_) => None,
        }
    }
}

impl UnixSocket {
    /// A socket at a path, to which only the gate's own user may connect.
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self { path: path.as_ref().to_owned(), mode: SOCKET_MODE, user: None, group: None }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => out.write_str(address),
            Self::Unix(socket) => socket.fmt(out),
        }
    }
}

impl fmt::Display for UnixSocket {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, mode, user, group } = self;
        write!(out, "{UNIX}{}", path.display())?;
        if *mode != SOCKET_MODE {
            write!(out, ",mode={mode:03o}")?;
        }
        for (name, value) in [("user", user), ("group", group)] {
            if let Some(value) = value {
                write!(out, ",{name}={value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written_alike() {
        for text in [
            "0.0.0.0:8080",
            "[::]:0",
            "gate.example:80",
            "unix:/run/solgate.sock",
            "unix:/run/solgate/a:b.sock,mode=660,user=33,group=www-data",
            "unix:/run/s,mode=000",
        ] {
            assert_eq!(parse_address(text).unwrap().to_string(), text);
        }
        let all = parse_address("unix:/s,group=g,mode=0666").unwrap();
        assert_eq!(all.to_string(), "unix:/s,mode=666,group=g");
        assert_eq!(parse_address("unix:/s,mode=600"), Some(ListenAddress::Unix(UnixSocket::new("/s"))));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("unix:/{}", "a".repeat(LONGEST_PATH));
        for text in [
            "",
            "8080",
            ":80",
            "a:",
            "a:+80",
            "a:65536",
            "unix:",
            "unix:relative",
            "unix:@abstract",
            "unix:/folder/",
            "unix:/s,mode=99",
            "unix:/s,mode=1777",
            "unix:/s,mode=66",
            "unix:/s,mode=rw",
            "unix:/s,mode=600,mode=660",
            "unix:/s,group=",
            "unix:/s,user=a:b",
            "unix:/s,owner=a",
            "unix:/s,",
            long.as_str(),
        ] {
            assert_eq!(parse_address(text), None, "{text}");
        }
    }
}
