//! Bundles in folders of the system.

mod tree;
mod unsaved;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use solgate_document::diagnostic::Report;
use solgate_document::source::Source;

use self::tree::OnDisk;
pub use self::unsaved::Unsaved;
use crate::authoring::{self, Knowledge};
use crate::compile::{BuildOptions, Compiled, Failure, compile_home};
use crate::files::{Home, IoError};
use crate::layers;
use crate::tree::Texts;

impl Home {
    /// The folder of the bundle that is compiled.
    pub(crate) fn folder(dir: &Path, unsaved: Arc<Unsaved>) -> Result<Self, IoError> {
        let io = |source| IoError { path: dir.to_owned(), source };
        if !fs::metadata(dir).map_err(io)?.is_dir() {
            return Err(io(io::ErrorKind::NotADirectory.into()));
        }
        Ok(Self::within(Arc::new(OnDisk { unsaved }), dir.to_owned()))
    }
}

/// Compiles the bundle in a folder. The result depends only on the names and
/// contents of its files and on `options`.
///
/// # Errors
///
/// [`Failure::Io`] if the folder cannot be read, [`Failure::Mistakes`] with
/// every mistake that was found, [`Failure::Incomplete`] if the compiler is at fault.
pub fn compile_dir(dir: &Path, options: &BuildOptions) -> Result<Compiled, Failure> {
    compile_unsaved(dir, options, Arc::default())
}

/// Compiles the bundle in a folder as it will be when an editor has saved its texts.
///
/// # Errors
///
/// As [`compile_dir`].
pub fn compile_unsaved(dir: &Path, options: &BuildOptions, unsaved: Arc<Unsaved>) -> Result<Compiled, Failure> {
    compile_home(Home::folder(dir, unsaved)?, options)
}

impl Knowledge {
    /// Reads the bundle in a folder as it will be when an editor has saved its texts.
    /// `None` if nothing can be known before its files are mended.
    ///
    /// # Errors
    ///
    /// If a file or folder cannot be read.
    pub fn read(dir: &Path, unsaved: Arc<Unsaved>) -> Result<Option<Self>, IoError> {
        Self::of(Home::folder(dir, unsaved)?)
    }
}

/// The files of the bundle in a folder and of those that it extends and imports, as the
/// compiler reads them: by their names in messages, without those that the program carries.
///
/// # Errors
///
/// As [`compile_dir`].
pub fn texts(dir: &Path, options: &BuildOptions) -> Result<Texts, Failure> {
    let compiled = compile_dir(dir, options)?;
    // Cases of a base may be inherited later on.
    let mut report = Report::default();
    for layer in layers::read(Home::folder(dir, Arc::default())?, &mut Report::default())?.layers {
        layer.home.read_tests(&mut report)?;
    }
    let (_, of_bases) = report.finish().into_parts();
    let read = compiled.sources.iter().chain(of_bases.iter()).filter(|source| authoring::is_file(&source.name));
    Ok(read.map(|source| (source.name.clone(), source.text.clone())).collect())
}

/// The files of cases in a folder: those in the tests/ of a bundle, or all YAML files of a
/// folder without tests/.
///
/// # Errors
///
/// [`Failure::Io`] if the folder cannot be read, [`Failure::Mistakes`] if a file is not text.
pub fn case_files(dir: &Path) -> Result<Vec<Source>, Failure> {
    let mut report = Report::default();
    Home::folder(dir, Arc::default())?.read_cases(&mut report)?;
    if report.has_mistakes() {
        return Err(Failure::Mistakes(report.finish()));
    }
    let (_, sources) = report.finish().into_parts();
    Ok(sources.iter().cloned().collect())
}
