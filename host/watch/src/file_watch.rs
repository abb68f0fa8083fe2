//! Files that are not policies, and are used again when they have changed.

use std::path::PathBuf;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::changes::Changes;
use super::files::{Look, look, settled};
use super::loader::LoaderThread;

/// Waits for some files to become others.
pub struct FileWatch {
    files: Vec<PathBuf>,
    seen: Option<Look>,
    changes: Changes,
    hangups: Signal,
    thread: LoaderThread,
}

impl FileWatch {
    /// # Errors
    /// SIGHUP cannot be taken.
    pub fn new(files: Vec<PathBuf>) -> std::io::Result<Self> {
        let hangups = signal(SignalKind::hangup())?;
        let changes = Changes::of(files.iter().map(PathBuf::as_path));
        Ok(Self { files, seen: None, changes, hangups, thread: LoaderThread::default() })
    }

    /// Ready when the files may be others than at the last time, or at SIGHUP; the
    /// first time in any case, since they may have changed before anybody watched.
    pub async fn changed(&mut self) {
        loop {
            let now = look(&self.files).await;
            if self.seen.as_ref() != Some(&now) {
                self.seen = Some(settled(&self.files, now).await);
                return;
            }
            tokio::select! {
                Some(()) = self.hangups.recv() => return,
                () = self.changes.next() => {}
            }
        }
    }

    /// Reads the files beside the requests. `None` if there is no thread to be had, or it
    /// panics.
    pub async fn read<T: Send + 'static>(&mut self, read: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        self.thread.run(read).await
    }
}
