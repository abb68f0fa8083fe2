//! The cases of a policy (docs/policy-tests.md): requests, what the VNFM would say, and
//! the verdict that must result.
//!
//! [`embedded`] returns the cases in a policy's file. [`read`] reads texts from
//! elsewhere, [`read_files`] the texts that a compiler of bundles has found. [`run`]
//! puts a case before a [`Judge`] and says how the verdict differs from the expected
//! one. It needs no file, no network and no runtime.

#![forbid(unsafe_code)]

mod case;
mod difference;
mod document;
mod embed;
mod examine;
mod expect;
mod given;
mod inherit;
mod inherited;
mod judge;
mod model;
pub mod options;
mod pointer;
mod ran;
mod request;
mod room;
pub mod section;
mod text;
mod vocabulary;

pub use difference::{Difference, Names, Places};
pub use embed::{CasesError, EmbedError, embed, embedded, embedded_files};
pub use examine::{Failure, examine};
pub use inherited::BaseCases;
pub use judge::{NoVerdict, judge, project, run};
pub use model::{Case, Expect, FactGiven, Verdict};
pub use ran::Ran;
pub use solgate_contract::{Judge, JudgeError};
pub use solgate_document::{Diagnostics, Source};
pub use vocabulary::{FactName, OptionName, Vocabulary, with_engine_rules};

use solgate_document::{FileId, Report};

/// Reads texts of cases, in the order given.
///
/// # Errors
/// With every mistake that was found.
pub fn read(files: &[Source], names: &Vocabulary) -> Result<Vec<Case>, Diagnostics> {
    let mut report = Report::default();
    let ids: Vec<FileId> = files.iter().map(|file| report.sources.add(&*file.name, &*file.text)).collect();
    let cases = read_files(&ids, names, None, &mut report);
    if report.has_mistakes() { Err(report.finish()) } else { Ok(cases) }
}

/// The same for sources that the report knows already. What is wrong goes to the
/// report. Without `base`, the cases of the bundle that is extended are not to be had.
pub fn read_files(
    files: &[FileId],
    names: &Vocabulary,
    base: Option<&BaseCases<'_>>,
    report: &mut Report,
) -> Vec<Case> {
    let mut room = room::Room::default();
    files.iter().flat_map(|file| document::read(*file, names, base, &mut room, report)).collect()
}
