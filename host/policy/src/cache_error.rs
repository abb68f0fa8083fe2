//! Why the cache of compiled policies was not used.

use std::path::PathBuf;

/// Why the cache was not used. The policy is compiled instead.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{} does not belong to this user or is open to others (its mode is {mode:o}, 700 is needed)", path.display())]
    NotOurs { path: PathBuf, mode: u32 },
    #[error("{} is damaged", path.display())]
    Damaged { path: PathBuf },
    #[error("{} cannot be loaded: {reason}", path.display())]
    Refused { path: PathBuf, reason: String },
    #[error("the compiled policy cannot be written: {0}")]
    Serialise(String),
}
