//! One check of a bundle: what `solgate lint` says of it, from the texts of the client.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types::{Diagnostic, DiagnosticSeverity};
use solgate_bundle::authoring::{Knowledge, place};
use solgate_bundle::{BuildOptions, Failure, Sources, Unsaved, compile_unsaved};

use crate::convert;

/// What was found in a bundle.
#[derive(Debug)]
pub(crate) struct Checked {
    pub folder: PathBuf,
    /// By file; of a file that is built into the program nothing is said.
    pub found: BTreeMap<PathBuf, Vec<Diagnostic>>,
    /// What the bundle is made of.
    pub files: BTreeSet<PathBuf>,
    /// `None` if nothing can be known of it as it is.
    pub knowledge: Option<Knowledge>,
}

pub(crate) fn check(folder: &Path, unsaved: Arc<Unsaved>) -> Checked {
    let policy = folder.join("policy.yaml");
    let whole = |message: String| {
        let none = Sources::default();
        (vec![(policy.clone(), convert::whole_file(DiagnosticSeverity::Error, message))], none)
    };
    let (found, sources) = match compile_unsaved(folder, &BuildOptions::default(), unsaved.clone()) {
        Ok(compiled) => (placed(folder, &compiled.warnings, &compiled.sources), compiled.sources),
        Err(Failure::Mistakes(mistakes)) => {
            let (found, sources) = mistakes.into_parts();
            (placed(folder, &found, &sources), sources)
        }
        Err(failure) => whole(failure.to_string()),
    };
    let mut by_file: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    for (path, diagnostic) in found {
        by_file.entry(path).or_default().push(diagnostic);
    }
    let files = sources.iter().filter_map(|source| place(folder, &source.name)).collect();
    // That it cannot be read has been said.
    let knowledge = Knowledge::read(folder, unsaved).ok().flatten();
    Checked { folder: folder.to_owned(), found: by_file, files, knowledge }
}

fn placed(folder: &Path, found: &[solgate_bundle::Diagnostic], sources: &Sources) -> Vec<(PathBuf, Diagnostic)> {
    let one = |diagnostic: &solgate_bundle::Diagnostic| {
        match place(folder, &diagnostic.file).filter(|_| sources.find(&diagnostic.file).is_some()) {
            Some(path) => {
                let related = |file: &str| place(folder, file);
                (path, convert::diagnostic(diagnostic, sources, related))
            }
            // Of a file that is not there, or that nobody can change.
            None => {
                let severity = convert::severity(diagnostic.severity);
                let message = format!("{}: {}", diagnostic.file, convert::message(diagnostic));
                (folder.join("policy.yaml"), convert::whole_file(severity, message))
            }
        }
    };
    found.iter().map(one).collect()
}
