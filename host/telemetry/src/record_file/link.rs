//! Makes the records of a file a [chain](solgate::record::chain).

use std::fs::File;
use std::path::Path;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use solgate::record::RecordedChain;
use solgate::record::chain::digest;

use super::place;

/// The chain of this process in one log.
#[derive(Debug)]
pub(super) struct Chain {
    id: String,
    /// Of the record that comes next.
    number: u64,
    /// Of the line before.
    previous: Option<String>,
}

impl Chain {
    /// A new one, after what is in the file.
    pub(super) fn begin(path: &Path, file: &File) -> Self {
        // A line that cannot be read is one that the chain does not vouch for.
        let before = place::tail(file).unwrap_or_default().line;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unique = format!("{} {} {}", path.display(), process::id(), since.as_nanos());
        let id = digest(unique.as_bytes()).get(..16).unwrap_or_default().to_owned();
        Self { id, number: 1, previous: before.as_deref().map(digest) }
    }

    /// The place of the next record, before which so many were lost.
    pub(super) fn next(&self, lost: u64) -> RecordedChain {
        RecordedChain { id: self.id.clone(), number: self.number, previous: self.previous.clone(), lost }
    }

    /// A line, without its end, is written.
    pub(super) fn written(&mut self, line: &[u8]) {
        self.previous = Some(digest(line));
        self.number = self.number.saturating_add(1);
    }
}
