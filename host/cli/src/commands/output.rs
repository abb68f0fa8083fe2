//! Where commands write their output: every command that writes a file does it here.
//!
//! A file is replaced as a whole or not at all. If the name is a link, the file that it
//! leads to is replaced, and the link stays. Anything that is not a regular file, such
//! as a pipe or a device, is written into: someone who names /dev/null does not want
//! another file in its place.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use rustix::fs::{OFlags, PROC_SUPER_MAGIC};
use tempfile::NamedTempFile;

/// Most links that are followed from one to the next, as by Linux.
const MOST_LINKS: usize = 40;

/// Why something cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    #[error("{} exists", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}: it is a folder; name a file in it", .0.display())]
    Folder(PathBuf),
    #[error("cannot write {}: there is no folder {}; make it first", path.display(), folder.display())]
    NoFolder { path: PathBuf, folder: PathBuf },
    #[error("cannot write {} in the folder {}: {kind}", path.display(), folder.display())]
    NoEntry { path: PathBuf, folder: PathBuf, kind: ErrorKind },
    #[error("cannot write {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Prints text, which may be styled, on standard output. A reader that has gone
/// away wanted no more of it.
pub fn print(text: &str) -> anyhow::Result<()> {
    written(anstream::stdout().lock(), text.as_bytes())
        .map_err(|error| anyhow!("the result cannot be written to standard output: {error}"))
}

fn written(mut out: impl Write, bytes: &[u8]) -> io::Result<()> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Says something on standard error, which may be styled. That nobody can hear it is no
/// reason to fail.
pub fn note(text: &str) {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(anstream::stderr(), "{text}{end}");
}

/// What a command is about to write. Nobody sees anything of it before [`write`](Self::write).
pub struct Output {
    /// As it was named.
    path: PathBuf,
    place: Place,
}

enum Place {
    /// A new file, which becomes `target`.
    File {
        new: NamedTempFile,
        target: PathBuf,
        replaces: bool,
    },
    /// A pipe, a device, a terminal.
    Into(File),
    StandardOutput,
}

impl Output {
    /// To a file that is there, or not yet; the mode of one that is there is kept.
    pub fn create(path: &Path) -> Result<Self, OutputError> {
        Self::open(path, true)
    }

    /// To a file that is not there yet.
    pub fn create_new(path: &Path) -> Result<Self, OutputError> {
        Self::open(path, false)
    }

    /// To a file that is not there yet, with this mode, and to nothing else: no link,
    /// and nothing that others may read from.
    pub fn create_key(path: &Path, mode: u32) -> Result<Self, OutputError> {
        if fs::symlink_metadata(path).is_ok() {
            return Err(OutputError::Exists(path.to_owned()));
        }
        let new = beside(path, path, mode)?;
        Ok(Self { path: path.to_owned(), place: Place::File { new, target: path.to_owned(), replaces: false } })
    }

    fn open(path: &Path, replaces: bool) -> Result<Self, OutputError> {
        let io = |source| OutputError::Io { path: path.to_owned(), source };
        let place = |place| Ok(Self { path: path.to_owned(), place });
        let found = match fs::metadata(path) {
            Ok(found) => Some(found),
            // What is missing on the way there is told when the file is made.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => None,
            Err(error) => return Err(io(error)),
        };
        if let Some(found) = &found {
            if found.is_dir() {
                return Err(OutputError::Folder(path.to_owned()));
            }
            if is_standard_output(found) {
                return place(Place::StandardOutput);
            }
            if !found.is_file() {
                let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap_or_default();
                let file = OpenOptions::new().write(true).custom_flags(flags).open(path).map_err(io)?;
                return place(Place::Into(file));
            }
            if !replaces {
                return Err(OutputError::Exists(path.to_owned()));
            }
        }
        let target = match followed(path).map_err(io)? {
            Followed::To(target) => target,
            // An open file of this process, which may have no name any more.
            Followed::Open => {
                return place(Place::Into(OpenOptions::new().append(true).open(path).map_err(io)?));
            }
        };
        let new = beside(&target, path, 0o644)?;
        if let Some(found) = &found {
            keep_owner_and_mode(new.as_file(), found).map_err(io)?;
        }
        place(Place::File { new, target, replaces })
    }

    pub fn write(self, bytes: &[u8]) -> Result<(), OutputError> {
        let Self { path, place } = self;
        let done = match place {
            Place::StandardOutput => written(io::stdout().lock(), bytes),
            Place::Into(mut file) => file.write_all(bytes),
            Place::File { mut new, target, replaces } => new.write_all(bytes).and_then(|()| {
                let persisted = if replaces { new.persist(&target) } else { new.persist_noclobber(&target) };
                persisted.map(|_: File| ()).map_err(|error| error.error)
            }),
        };
        done.map_err(|source| match source.kind() {
            ErrorKind::AlreadyExists => OutputError::Exists(path),
            _ => OutputError::Io { path, source },
        })
    }
}

/// A file in the folder of `target` that has no name which anybody knows.
fn beside(target: &Path, named: &Path, mode: u32) -> Result<NamedTempFile, OutputError> {
    let folder = folder_of(target);
    // Its own message names the temporary file.
    tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder).map_err(|error| {
        let (path, folder) = (named.to_owned(), folder.to_owned());
        match error.kind() {
            ErrorKind::NotFound => OutputError::NoFolder { path, folder },
            kind => OutputError::NoEntry { path, folder, kind },
        }
    })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Standard output is written to as such: what else writes to it has its place there.
fn is_standard_output(found: &Metadata) -> bool {
    rustix::fs::fstat(io::stdout().as_fd())
        .is_ok_and(|output| (output.st_dev, output.st_ino) == (found.dev(), found.ino()))
}

enum Followed {
    /// Where the last link leads; nothing need be there.
    To(PathBuf),
    /// A link of /proc, which leads to an open file and not by a name.
    Open,
}

/// Follows links to the place where a file is, or would be.
fn followed(path: &Path) -> io::Result<Followed> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {}
            Ok(_) => return Ok(Followed::To(path)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Followed::To(path));
            }
            Err(error) => return Err(error),
        }
        if rustix::fs::statfs(folder_of(&path)).is_ok_and(|system| system.f_type == PROC_SUPER_MAGIC) {
            return Ok(Followed::Open);
        }
        let link = fs::read_link(&path)?;
        path = folder_of(&path).join(link);
    }
    Err(io::Error::from(rustix::io::Errno::LOOP))
}

/// Gives a new file the owner, as far as this user may, and the mode of the one
/// whose place it takes.
fn keep_owner_and_mode(new: &File, old: &Metadata) -> io::Result<()> {
    let made = new.metadata()?;
    if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
        // Only root may give files away.
        let _ = fchown(new, Some(old.uid()), Some(old.gid()));
    }
    new.set_permissions(Permissions::from_mode(old.mode() & 0o777))
}
