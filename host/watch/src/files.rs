//! Whether files have changed since they were read.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

/// A file is written in several steps: it is whole when nothing has changed for this
/// long.
const QUIET: Duration = Duration::from_millis(100);
/// Files that are not left alone are read nevertheless after so many times as long.
const ROUNDS: usize = 50;

/// What tells one state of some files from another without reading them; `None` for
/// a file that is not there.
pub type Look = Vec<Option<Stamp>>;

/// Links are followed, so that one that leads elsewhere is a change. The time is that
/// of the last change of the inode: unlike that of the contents, no tool sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// Looks at files.
pub async fn look(files: &[PathBuf]) -> Look {
    let mut stamps = Vec::with_capacity(files.len());
    for file in files {
        let found = tokio::fs::metadata(file).await;
        stamps.push(found.ok().map(|found| Stamp {
            device: found.dev(),
            inode: found.ino(),
            length: found.len(),
            changed: (found.ctime(), found.ctime_nsec()),
        }));
    }
    stamps
}

/// Waits until files that had changed when `last` looked at are left alone.
pub async fn settled(files: &[PathBuf], mut last: Look) -> Look {
    for _ in 0..ROUNDS {
        tokio::time::sleep(QUIET).await;
        let now = look(files).await;
        if now == last {
            break;
        }
        last = now;
    }
    last
}
