//! The files of figures.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Figure;
use super::kept::Kept;

const EXTENSION: &str = "txt";

/// What there is of a figure.
pub(super) enum Found {
    Kept(Kept),
    Nothing,
    /// A file that is no figure, and why not.
    Unreadable(String),
}

pub(super) fn path(folder: &Path, figure: &Figure) -> PathBuf {
    folder.join(format!("{}.{EXTENSION}", figure.name))
}

pub(super) fn read(folder: &Path, figure: &Figure) -> Found {
    match std::fs::read_to_string(path(folder, figure)) {
        Ok(text) => Kept::parse(&text, figure.unit).map_or_else(Found::Unreadable, Found::Kept),
        Err(error) if error.kind() == ErrorKind::NotFound => Found::Nothing,
        Err(error) => Found::Unreadable(error.to_string()),
    }
}

pub(super) fn write(folder: &Path, figure: &Figure, kept: &Kept) -> anyhow::Result<()> {
    let path = path(folder, figure);
    let told = || format!("{} cannot be written", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(told)?;
    std::fs::write(&path, kept.text(figure.unit)).with_context(told)
}

/// What is in the folder and belongs to none of the figures, sorted.
pub(super) fn strange(folder: &Path, figures: &[Figure]) -> anyhow::Result<Vec<PathBuf>> {
    let known: Vec<PathBuf> = figures.iter().map(|figure| path(folder, figure)).collect();
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            entries => entries.with_context(|| format!("{} cannot be listed", folder.display()))?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if !known.contains(&entry.path()) {
                found.push(entry.path());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}
