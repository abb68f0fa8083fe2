//! The cases of a bundle (docs/policy-tests.md): requests, what the VNFM would
//! say, and the verdict that must come of it.
//!
//! [`compile_dir`](crate::compile_dir) reads those of a folder with the bundle;
//! [`read`] reads texts that came from elsewhere. [`run`] puts a case before a
//! [`Judge`] and tells in what the verdict differs; it needs no file, no network
//! and no runtime.

mod difference;
mod document;
mod embed;
mod expect;
mod given;
mod inherit;
mod judge;
mod model;
mod pointer;
mod request;
mod text;
mod vocabulary;

pub use difference::{Difference, Names, Places};
pub use embed::{EmbedError, embed, embedded};
pub use judge::{Judge, JudgeError, NoVerdict, Ran, judge, project, run};
pub use model::{Case, Expect, FactGiven, Verdict};
pub use vocabulary::{FactName, Vocabulary, with_engine_rules};

use crate::diagnostic::{Diagnostics, Report};
use crate::source::{FileId, Source};

/// Reads texts of cases, in the order given.
///
/// # Errors
/// With every mistake that was found.
pub fn read(files: &[Source], names: &Vocabulary) -> Result<Vec<Case>, Diagnostics> {
    let mut report = Report::default();
    let ids: Vec<FileId> = files.iter().map(|file| report.sources.add(&*file.name, &*file.text)).collect();
    let cases = read_files(&ids, names, &mut report);
    if report.has_mistakes() { Err(report.finish()) } else { Ok(cases) }
}

/// The same for sources that the report knows already.
pub(crate) fn read_files(files: &[FileId], names: &Vocabulary, report: &mut Report) -> Vec<Case> {
    let mut room = document::Room::default();
    files.iter().flat_map(|file| document::read(*file, names, &mut room, report)).collect()
}
