//! Bundles to begin with, and policies in other languages.

use std::io;
use std::path::Path;
use std::{fs, path::PathBuf};

use solgate_document::yaml::scalar;

use crate::schemas::FileKind;

/// The name that the files of a template use; the new bundle's takes its place.
const NAME: &str = "my-policy";

/// A bundle that is complete and passes its own tests, or a policy in another language that
/// does so when it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// Rules of an operator on top of the default policy's.
    Operator,
    /// A bundle that stands by itself: one operation, its schema and its rules.
    Minimal,
    /// A policy in Rust, by the contract alone.
    Rust,
    /// The same in JavaScript.
    JavaScript,
    /// The same in Python.
    Python,
}

/// Why no bundle was made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    #[error(
        "`{0}` cannot be the name of a policy; use letters, digits, `.`, `-` and `_`, beginning with a letter or digit"
    )]
    Name(String),
    #[error("{} exists already; choose another name, or remove it first", .0.display())]
    Exists(PathBuf),
    #[error("cannot make {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

impl Template {
    /// Names below the bundle's folder, and contents.
    #[must_use]
    pub fn files(self) -> &'static [(&'static str, &'static str)] {
        macro_rules! files {
            ($template:literal: $($name:literal),*) => {
                &[$(($name, include_str!(concat!("../templates/", $template, "/", $name)))),*]
            };
        }
        /// What policies in other languages have in common, beside files of their own.
        macro_rules! language {
            ($template:literal: $($name:literal),*) => {
                &[
                    (".gitignore", include_str!(concat!("../templates/", $template, "/gitignore"))),
                    ("wit/policy.wit", include_str!("../../../wit/policy.wit")),
                    ("tests/terminate.yaml", include_str!("../templates/languages/terminate.yaml")),
                    $(($name, include_str!(concat!("../templates/", $template, "/", $name)))),*
                ]
            };
        }
        match self {
            Self::Operator => files!("operator": "policy.yaml", "rules/tickets.yaml", "tests/tickets.yaml"),
            Self::Minimal => {
                files!("minimal": "policy.yaml", "openapi.yaml", "rules/terminate.yaml", "tests/terminate.yaml")
            }
            Self::Rust => {
                language!("rust": "README.md", "Cargo.toml", "src/lib.rs", "src/rules.rs", "src/percent.rs")
            }
            Self::JavaScript => language!("javascript": "README.md", "package.json", "policy.js"),
            Self::Python => language!("python": "README.md", "requirements.txt", "app.py"),
        }
    }

    /// Makes the folder `dir`, whose last component is the name of the policy, and
    /// in it the bundle and the schemas for an editor. It is there whole or not at
    /// all.
    ///
    /// # Errors
    /// If the name is not fit for a policy, the folder exists, or cannot be made.
    pub fn make(self, dir: &Path) -> Result<(), NewError> {
        let name = policy_name(dir)?;
        // Where YAML would take the name for a number, say, it stands in quotes.
        let member = |name: &str| format!("\nname: {name}\n");
        let named = |text: &str| text.replace(&member(NAME), &member(&scalar(&name))).replace(NAME, &name);
        let schemas: &[FileKind] = match self {
            Self::Operator | Self::Minimal => &FileKind::ALL,
            Self::Rust | Self::JavaScript | Self::Python => &[FileKind::Tests],
        };
        make_with(dir, schemas, self.files().iter().map(|(file, text)| ((*file).to_owned(), named(text))))
    }
}

/// The name of the policy whose bundle is in that folder: the folder's own.
///
/// # Errors
/// If that cannot be the name of a policy.
pub fn policy_name(dir: &Path) -> Result<String, NewError> {
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if crate::policy::is_name(&name) {
        return Ok(name);
    }
    Err(NewError::Name(if name.is_empty() { dir.to_string_lossy().into_owned() } else { name }))
}

/// Makes the folder `dir` with these files, by their names below it, and with the schemas
/// for an editor. It is there whole or not at all.
///
/// # Errors
/// If the folder exists, or cannot be made.
pub fn make(dir: &Path, files: impl Iterator<Item = (String, String)>) -> Result<(), NewError> {
    make_with(dir, &FileKind::ALL, files)
}

fn make_with(dir: &Path, schemas: &[FileKind], files: impl Iterator<Item = (String, String)>) -> Result<(), NewError> {
    let io = |source| NewError::Io { path: dir.to_owned(), source };
    match fs::symlink_metadata(dir) {
        Ok(_) => return Err(NewError::Exists(dir.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io(error)),
    }
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(io)?;
    let made = tempfile::Builder::new().prefix(".solgate-new-").tempdir_in(parent).map_err(io)?;
    let bundle = made.path().join("bundle");
    let schemas = schemas.iter().map(|kind| (format!(".solgate/{}", kind.file_name()), kind.schema().to_owned()));
    for (file, text) in files.chain(schemas) {
        let path = bundle.join(file);
        fs::create_dir_all(path.parent().unwrap_or(&bundle)).map_err(io)?;
        fs::write(&path, text).map_err(io)?;
    }
    fs::rename(&bundle, dir).map_err(io)
}
