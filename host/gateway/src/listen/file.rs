//! The file of a Unix socket: who may connect, what stands in its place already, and that it
//! is gone when nobody listens any more.

use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use socket2::{Domain, SockAddr, Socket, Type};
use solgate_config::UnixSocket;

use super::accounts;
use super::faults::SocketError;

/// Connections that wait until they are taken.
const BACKLOG: i32 = 1024;
/// Of a socket that is not yet anybody's: with more than the mode that is asked for, others
/// could connect before that holds.
const AT_FIRST: Mode = Mode::RUSR.union(Mode::WUSR);

/// The file of a socket that this process has made. It is removed when this is dropped,
/// unless another one stands in its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    /// Listens at a path. A socket that somebody has left there is replaced.
    ///
    /// # Errors
    /// Something else is there, or a process listens, or the file cannot be made.
    pub fn bind(socket: &UnixSocket) -> Result<(UnixListener, Self), SocketError> {
        let UnixSocket { path, mode, .. } = socket;
        let (user, group) = owner(socket)?;
        remove_stale(path)?;
        let bound = bind(path).map_err(SocketError::Bind)?;
        let found = path.symlink_metadata().map_err(SocketError::Bind)?;
        let file = Self { path: path.clone(), identity: (found.dev(), found.ino()) };
        bound.listen(BACKLOG).map_err(SocketError::Bind)?;
        if user.is_some() || group.is_some() {
            chown(path, user, group).map_err(SocketError::Owner)?;
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(*mode)).map_err(SocketError::Bind)?;
        Ok((bound.into(), file))
    }
}

fn bind(path: &Path) -> io::Result<Socket> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
    // The file gets at most the mode that the socket has.
    rustix::fs::fchmod(&socket, AT_FIRST)?;
    socket.bind(&SockAddr::unix(path)?)?;
    Ok(socket)
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let same = self.path.symlink_metadata().is_ok_and(|found| (found.dev(), found.ino()) == self.identity);
        if same && let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "the socket could not be removed");
        }
    }
}

/// The numbers of the user and the group to whom the socket is to belong.
///
/// # Errors
/// One of them is not known.
pub fn owner(socket: &UnixSocket) -> Result<(Option<u32>, Option<u32>), SocketError> {
    let of = |name: &Option<String>, file: &str, unknown: fn(String) -> SocketError| {
        let number = |name: &String| accounts::number(name, Path::new(file)).ok_or_else(|| unknown(name.clone()));
        name.as_ref().map(number).transpose()
    };
    let user = of(&socket.user, accounts::USERS, SocketError::NoUser)?;
    Ok((user, of(&socket.group, accounts::GROUPS, SocketError::NoGroup)?))
}

/// Removes a socket at which nobody listens any more: a process that was killed leaves one.
fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(SocketError::Bind(error)),
    };
    if !found.file_type().is_socket() {
        return Err(SocketError::NotASocket);
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(SocketError::InUse),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(SocketError::Bind)?;
            tracing::info!(path = %path.display(), "a socket at which nobody listened was replaced");
            Ok(())
        }
        // Gone meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(SocketError::Unknown(error)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_there_as_long_as_somebody_listens() {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixSocket { mode: 0o660, ..UnixSocket::new(folder.path().join("s")) };
        let (listener, file) = SocketFile::bind(&socket).unwrap();
        let found = socket.path.symlink_metadata().unwrap();
        assert!(found.file_type().is_socket());
        assert_eq!(found.mode() & 0o7777, 0o660);
        UnixStream::connect(&socket.path).unwrap();
        assert!(matches!(SocketFile::bind(&socket), Err(SocketError::InUse)));
        drop((listener, file));
        assert!(!socket.path.exists());
    }

    #[test]
    fn only_a_socket_of_nobody_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixSocket::new(folder.path().join("s"));
        drop(UnixListener::bind(&socket.path).unwrap());
        let (listener, file) = SocketFile::bind(&socket).unwrap();
        assert_eq!(socket.path.symlink_metadata().unwrap().mode() & 0o7777, 0o600);
        // Another process has taken the place.
        std::fs::remove_file(&socket.path).unwrap();
        let _other = UnixListener::bind(&socket.path).unwrap();
        drop((listener, file));
        assert!(socket.path.exists(), "it is not ours");

        let plain = UnixSocket::new(folder.path().join("plain"));
        std::fs::write(&plain.path, "kept").unwrap();
        let link = UnixSocket::new(folder.path().join("link"));
        std::os::unix::fs::symlink(&plain.path, &link.path).unwrap();
        for taken in [&plain, &link, &UnixSocket::new(folder.path())] {
            assert!(matches!(SocketFile::bind(taken), Err(SocketError::NotASocket)), "{taken}");
        }
        assert_eq!(std::fs::read_to_string(&plain.path).unwrap(), "kept");
        let nobody = UnixSocket { user: Some("nobody-of-this-name".to_owned()), ..UnixSocket::new("/s") };
        assert!(matches!(SocketFile::bind(&nobody), Err(SocketError::NoUser(_))));
    }
}
