//! Programs of others.

use std::path::{Path, PathBuf};

/// Where a program is installed: on the path, or in `also`.
#[must_use]
pub fn find(program: &str, also: &[&Path]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(also.iter().map(|folder| folder.to_path_buf()));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
