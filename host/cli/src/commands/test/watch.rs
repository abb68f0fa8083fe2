//! `--watch`: runs the cases again whenever a file of the policy changes.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::commands::output::note;
use crate::commands::policies::Loader;
use crate::commands::test::args::TestArgs;

/// An editor writes a file in several steps: what follows within this time
/// belongs to the same change.
const QUIET: Duration = Duration::from_millis(100);
/// How often a folder that has gone is looked for.
const ABSENT: Duration = Duration::from_millis(500);

/// Runs until the process is ended, or nobody reads what it prints.
///
/// # Errors
/// If there is nothing to watch, it cannot be watched, or the result not be written.
pub fn run(loader: &Loader, arguments: &TestArgs) -> anyhow::Result<ExitCode> {
    // It may go and come back later, but a slip in the name is better told at once.
    std::fs::metadata(&arguments.policy)
        .map_err(|error| anyhow::anyhow!("cannot read {}: {error}", arguments.policy.display()))?;
    loop {
        // Before the files are read, so that no change is missed; anew each time,
        // because a folder that was replaced is another one.
        let watch = Watch::start(&arguments.policy)?;
        match crate::commands::test::test(loader, arguments) {
            Ok(report) => match crate::commands::test::print(&report, arguments.format) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
                written => written?,
            },
            // Usually a mistake that the author is about to mend.
            Err(error) => note(&format!("solgate: {error}")),
        }
        note(&format!("solgate: watching {}; Ctrl-C ends", arguments.policy.display()));
        watch.wait()?;
    }
}

/// Waits for a change of a bundle's folder or a policy file.
struct Watch<'a> {
    path: &'a Path,
    events: Receiver<notify::Result<Event>>,
    /// Absent while there is no folder to watch.
    watcher: Option<RecommendedWatcher>,
}

impl<'a> Watch<'a> {
    fn start(path: &'a Path) -> anyhow::Result<Self> {
        let (sender, events) = channel();
        // A file is often replaced by another one of its name: its folder tells.
        let (folder, mode) = if path.is_dir() {
            (path, RecursiveMode::Recursive)
        } else {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            (parent.unwrap_or(Path::new(".")), RecursiveMode::NonRecursive)
        };
        let mut watcher = None;
        if folder.is_dir() {
            let failed =
                |error: notify::Error| anyhow::anyhow!("{} cannot be watched for changes: {error}", folder.display());
            let mut started = notify::recommended_watcher(sender).map_err(failed)?;
            started.watch(folder, mode).map_err(failed)?;
            watcher = Some(started);
        }
        Ok(Self { path, events, watcher })
    }

    /// Returns a moment after the last change of a series.
    fn wait(self) -> io::Result<()> {
        if self.watcher.is_none() {
            std::thread::sleep(ABSENT);
            while !self.path.exists() {
                std::thread::sleep(ABSENT);
            }
            return Ok(());
        }
        let ended = || io::Error::other("the watch for changes has ended");
        while !self.matters(self.events.recv().map_err(|_| ended())?) {}
        loop {
            match self.events.recv_timeout(QUIET) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            }
        }
    }

    /// Whether an event can change the result.
    fn matters(&self, event: notify::Result<Event>) -> bool {
        match event {
            // Events may have been lost.
            Err(_) => true,
            Ok(event) if event.need_rescan() => true,
            // Reading the files ourselves is not a change.
            Ok(event) if event.kind.is_access() => false,
            Ok(event) => event.paths.iter().any(|path| self.is_source(path)),
        }
    }

    fn is_source(&self, changed: &Path) -> bool {
        if !self.path.is_dir() {
            return changed.file_name() == self.path.file_name();
        }
        let hidden = changed.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        // A name without extension may be a folder that was moved.
        let extension = changed.extension().map(|extension| extension.as_encoded_bytes());
        !hidden && matches!(extension, None | Some(b"yaml" | b"yml"))
    }
}
