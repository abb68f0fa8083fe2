//! Cases inside a component: a custom section with the texts of the files.
//!
//! So whoever has a policy file can run its author's cases. The section is not part of
//! what runs, and what is read from it is trusted only within bounds.

use serde::{Deserialize, Serialize};
use solgate_document::{Diagnostics, Source};

use crate::model::Case;
use crate::section::{self, SectionError, TESTS};
use crate::vocabulary::Vocabulary;

/// Largest section, in bytes.
const LARGEST: usize = 16 << 20;
/// Longest name of a file, in bytes.
const LONGEST_NAME: usize = 1024;

/// Why cases could not be put into a component, or taken out of it.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    #[error("the cases take {found} bytes, but a policy file holds {LARGEST} at most; move some of them out of tests/")]
    TooLarge { found: usize },
    #[error("the cases cannot be written: {0}")]
    Write(serde_json::Error),
    #[error(transparent)]
    Section(#[from] SectionError),
    #[error("the section {TESTS} does not hold cases: {0}")]
    Content(serde_json::Error),
    #[error("the section {TESTS} holds a file with the name {0:?}")]
    Name(String),
}

/// Why the cases of a policy's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// The file does not hold a list of cases.
    #[error(transparent)]
    Embedded(#[from] EmbedError),
    /// They do not fit the policy, or are not even cases.
    #[error("{}", .0.render(false))]
    Mistakes(Diagnostics),
}

/// The section holds an array of these, sorted by name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File<'a> {
    name: std::borrow::Cow<'a, str>,
    text: std::borrow::Cow<'a, str>,
}

/// Appends files of cases to a component. Without files it stays as it is.
///
/// # Errors
/// If they are larger than 16 MiB.
pub fn embed<'a>(component: &mut Vec<u8>, files: impl IntoIterator<Item = &'a Source>) -> Result<(), EmbedError> {
    let mut files: Vec<File<'_>> =
        files.into_iter().map(|file| File { name: (&file.name).into(), text: (&file.text).into() }).collect();
    if files.is_empty() {
        return Ok(());
    }
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    let data = serde_json::to_vec(&files).map_err(EmbedError::Write)?;
    if data.len() > LARGEST {
        return Err(EmbedError::TooLarge { found: data.len() });
    }
    section::append(component, TESTS, &data);
    Ok(())
}

/// The cases that `solgate build` has put into a component: none, if it has put none
/// there. `names` are those of the policy that the component is.
///
/// # Errors
/// If they cannot be read, with every mistake in them.
pub fn embedded(component: &[u8], names: &Vocabulary) -> Result<Vec<Case>, CasesError> {
    crate::read(&embedded_files(component)?, names).map_err(CasesError::Mistakes)
}

/// The files of cases in a component: none, if it has no such section.
///
/// # Errors
/// If the bytes are not a component, or the section is not what [`embed`] writes.
pub fn embedded_files(component: &[u8]) -> Result<Vec<Source>, EmbedError> {
    let Some(data) = section::find(component, TESTS)? else { return Ok(Vec::new()) };
    if data.len() > LARGEST {
        return Err(EmbedError::TooLarge { found: data.len() });
    }
    let files: Vec<File<'_>> = serde_json::from_slice(data).map_err(EmbedError::Content)?;
    let mut sources: Vec<Source> = Vec::with_capacity(files.len());
    for File { name, text } in files {
        let fits = name.starts_with("tests/") && name.len() <= LONGEST_NAME && !name.chars().any(char::is_control);
        // Sorted, so that no name comes twice.
        if !fits || sources.last().is_some_and(|last| *last.name >= *name) {
            return Err(EmbedError::Name(name.into_owned()));
        }
        sources.push(Source { name: name.into_owned(), text: text.into_owned() });
    }
    Ok(sources)
}
