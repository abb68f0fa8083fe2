//! When to look at files again.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

/// What no event tells is seen this late: files of network file systems, those behind
/// a link into another folder, a folder that was itself replaced.
const POLL: Duration = Duration::from_secs(5);

/// A folder may also hold files that are written all the time, such as a decision log.
const PAUSE: Duration = Duration::from_millis(50);

/// Wakes whoever looks after files.
pub struct Changes {
    changed: Arc<Notify>,
    poll: Interval,
    /// Watches until it is dropped.
    _watcher: Option<RecommendedWatcher>,
}

impl Changes {
    /// Watches the folders of these files: a file is often replaced by another one of
    /// its name, or is a link to a folder beside it that becomes another (as in the
    /// ConfigMaps of Kubernetes).
    pub fn of<'a>(files: impl Iterator<Item = &'a Path>) -> Self {
        let changed = Arc::new(Notify::new());
        let folders: BTreeSet<&Path> = files.map(folder).collect();
        let watcher = watch(&folders, changed.clone())
            .inspect_err(|error| tracing::warn!(%error, every = ?POLL, "files are only polled for changes"))
            .ok();
        let mut poll = interval(POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { changed, poll, _watcher: watcher }
    }

    /// Ready when a file may have changed.
    pub async fn next(&mut self) {
        tokio::select! {
            () = self.changed.notified() => sleep(PAUSE).await,
            _ = self.poll.tick() => {}
        }
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn watch(folders: &BTreeSet<&Path>, changed: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading files, as the gate also does, is not a change. An error may
        // stand for events that were lost.
        if !event.is_ok_and(|event| event.kind.is_access() && !event.need_rescan()) {
            changed.notify_one();
        }
    })?;
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}
