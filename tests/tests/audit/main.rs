//! What an auditor needs of the decision log: every operation has its record, none of
//! them holds a secret, and nobody else decides where they are written.

mod chain;
mod complete;
mod report;
mod secrets;

use std::path::{Path, PathBuf};

use serde_json::Value;
use solgate_tests::process::lines;

/// A folder for a log, and the path of the log in it.
struct Log {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("decisions.jsonl");
        Self { _folder: folder, path }
    }

    fn text(&self) -> &str {
        text(&self.path)
    }

    /// The records, once there are so many.
    fn records(&self, count: usize) -> Vec<Value> {
        lines(&self.path, count).iter().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("it is UTF-8")
}
