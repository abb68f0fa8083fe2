//! The file in which records are written: which files may be one, and what stands last in
//! it.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::RecordFileError;

/// Most bytes of a line that are looked at to go on after it.
const LAST_LINE: u64 = 64 << 20;
/// Bytes that are read at once.
const BLOCK: u64 = 64 << 10;

/// Opens the file, or makes it, to append to it.
pub(super) fn open(path: &Path) -> Result<File, RecordFileError> {
    // A pipe without a reader would hold up whoever opens it.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    let opened = OpenOptions::new().read(true).append(true).create(true).mode(0o600).custom_flags(flags).open(path);
    let file = opened.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => RecordFileError::Link,
        Some(Errno::ISDIR | Errno::NXIO) => RecordFileError::NotRegular,
        _ => error.into(),
    })?;
    fits(&file.metadata()?)?;
    Ok(file)
}

/// Looks whether there could be such a file, without making it.
pub(super) fn check(path: &Path) -> Result<(), RecordFileError> {
    match std::fs::symlink_metadata(path) {
        Ok(data) if data.is_symlink() => Err(RecordFileError::Link),
        Ok(data) => fits(&data),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(std::fs::metadata(folder.unwrap_or(Path::new("."))).map(|_| ())?)
        }
        Err(error) => Err(error.into()),
    }
}

fn fits(data: &Metadata) -> Result<(), RecordFileError> {
    let mode = data.mode() & 0o777;
    match (data.is_file(), mode & 0o077) {
        (false, _) => Err(RecordFileError::NotRegular),
        (true, 0) => Ok(()),
        (true, _) => Err(RecordFileError::Readable { mode }),
    }
}

/// Device and inode, by which a file that was moved away is noticed.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(data: &Metadata) -> Identity {
    (data.dev(), data.ino())
}

/// What is at this path now; `None` if it is nothing, or a link.
pub(super) fn identity_at(path: &Path) -> Option<Identity> {
    let data = std::fs::symlink_metadata(path).ok()?;
    (!data.is_symlink()).then(|| identity(&data))
}

/// The end of a file of lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The last line without its end; `None` if there is none, or it is too long to be read.
    pub(super) line: Option<Vec<u8>>,
    /// The line has no end: it was cut when it was written.
    pub(super) torn: bool,
}

/// Reads the last line of a file.
pub(super) fn tail(file: &File) -> io::Result<Tail> {
    let length = file.metadata()?.len();
    let Some(last) = length.checked_sub(1) else { return Ok(Tail::default()) };
    let mut end = [0];
    file.read_exact_at(&mut end, last)?;
    let torn = end != *b"\n";
    let end = if torn { length } else { last };
    // Backwards, block by block, to the end of the line before.
    let mut start = end;
    while start > 0 && end.saturating_sub(start) <= LAST_LINE {
        let from = start.saturating_sub(BLOCK);
        let mut block = vec![0; usize::try_from(start.saturating_sub(from)).unwrap_or_default()];
        file.read_exact_at(&mut block, from)?;
        if let Some(at) = memchr::memrchr(b'\n', &block) {
            start = from.saturating_add(u64::try_from(at).unwrap_or_default()).saturating_add(1);
            break;
        }
        start = from;
    }
    let size = end.saturating_sub(start);
    if size > LAST_LINE {
        return Ok(Tail { line: None, torn });
    }
    let mut line = vec![0; usize::try_from(size).unwrap_or_default()];
    file.read_exact_at(&mut line, start)?;
    Ok(Tail { line: Some(line), torn })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_found_however_long_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let block = usize::try_from(BLOCK).unwrap();
        let long = "x".repeat(block + 1);
        let whole = "y".repeat(block);
        let table: [(String, Option<&str>, bool); 9] = [
            (String::new(), None, false),
            ("a\n".to_owned(), Some("a"), false),
            ("a\nb\n".to_owned(), Some("b"), false),
            ("a\nb".to_owned(), Some("b"), true),
            ("a".to_owned(), Some("a"), true),
            ("\n".to_owned(), Some(""), false),
            (format!("a\n{long}\n"), Some(&long), false),
            (format!("a\n{whole}\n"), Some(&whole), false),
            (long.clone(), Some(&long), true),
        ];
        for (text, line, torn) in table {
            std::fs::write(&path, &text).unwrap();
            let found = tail(&File::open(&path).unwrap()).unwrap();
            assert_eq!((found.line.as_deref(), found.torn), (line.map(str::as_bytes), torn), "{} bytes", text.len());
        }
    }
}
