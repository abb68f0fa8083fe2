//! Which versions of signed policies have judged while a door was open.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use solgate::policy::CheckedFile;

/// The highest version of each file of a policy that has judged. An older one has a good
/// signature as well, and is not to come back.
#[derive(Debug, Default)]
pub struct Versions(Mutex<HashMap<PathBuf, u64>>);

/// A policy is older than one that has judged in its place.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}, and version {before} has judged: an older policy does not take over while the gate runs; to go back, have the older policy signed again with a higher version",
    found.map_or_else(|| "its signature gives it no version".to_owned(), |found| format!("its signature is for version {found}"))
)]
pub struct Older {
    /// `None` if it says none.
    pub found: Option<u64>,
    pub before: u64,
}

impl Versions {
    /// # Errors
    /// The file is older than what has judged.
    pub fn check(&self, file: &CheckedFile<'_>) -> Result<(), Older> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(file.path).copied();
        let found = file.terms.version;
        match known {
            // None is less than any.
            Some(before) if found < Some(before) => Err(Older { found, before }),
            _ => Ok(()),
        }
    }

    /// The file judges.
    pub fn judges(&self, path: &Path, version: Option<u64>) {
        let Some(version) = version else { return };
        let mut versions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = versions.entry(path.to_owned()).or_default();
        *highest = version.max(*highest);
    }
}
