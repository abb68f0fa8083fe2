//! The bundles that open files belong to: when they are checked, and what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gen_lsp_types::Diagnostic;
use solgate_bundle::authoring::Knowledge;

use crate::check::Checked;
use crate::documents::Documents;

/// A bundle is checked when nothing has changed for so long,
const QUIET: Duration = Duration::from_millis(150);
/// or when so much time has gone by since the first change.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bundle of which a file is open.
#[derive(Debug, Default)]
struct Bundle {
    /// When the first and the last change was made that is not checked yet.
    changed: Option<(Instant, Instant)>,
    found: BTreeMap<PathBuf, Vec<Diagnostic>>,
    /// What it is made of, with the files of bundles that it extends.
    files: BTreeSet<PathBuf>,
    /// As it could last be understood.
    knowledge: Option<Knowledge>,
}

/// The bundles, by their folders.
#[derive(Debug, Default)]
pub(crate) struct Bundles {
    known: BTreeMap<PathBuf, Bundle>,
}

/// The folder of the bundle that a file belongs to.
pub(crate) fn home(path: &Path, documents: &Documents) -> Option<PathBuf> {
    let is_home = |folder: &&Path| {
        let policy = folder.join("policy.yaml");
        documents.get(&policy).is_some() || policy.is_file()
    };
    path.ancestors().skip(1).find(is_home).map(Path::to_owned)
}

impl Bundles {
    /// A file has been opened: its bundle is checked at once.
    pub fn open(&mut self, folder: PathBuf) {
        let long_ago = Instant::now().checked_sub(PATIENCE).unwrap_or_else(Instant::now);
        self.known.entry(folder).or_default().changed = Some((long_ago, long_ago));
    }

    /// A file has changed. All bundles that it is part of are checked again.
    pub fn change(&mut self, path: &Path) {
        let now = Instant::now();
        for (folder, bundle) in &mut self.known {
            if path.starts_with(folder) || bundle.files.contains(path) {
                let first = bundle.changed.map_or(now, |(first, _)| first);
                bundle.changed = Some((first, now));
            }
        }
    }

    /// When the next check is due.
    pub fn due(&self) -> Option<Instant> {
        self.known.values().filter_map(Bundle::due).min()
    }

    /// A bundle whose check is due. It counts as checked from now on.
    pub fn take_due(&mut self) -> Option<PathBuf> {
        let now = Instant::now();
        let (folder, bundle) = self.known.iter_mut().find(|(_, bundle)| bundle.due().is_some_and(|due| due <= now))?;
        bundle.changed = None;
        Some(folder.clone())
    }

    /// Takes over what a check has found. The result are the files of which something else
    /// is to be said now.
    pub fn checked(&mut self, checked: Checked) -> BTreeSet<PathBuf> {
        // It may have been closed in the meantime.
        let Some(bundle) = self.known.get_mut(&checked.folder) else { return BTreeSet::new() };
        bundle.files = checked.files;
        bundle.knowledge = checked.knowledge.or(bundle.knowledge.take());
        let before = std::mem::replace(&mut bundle.found, checked.found);
        before.into_keys().chain(bundle.found.keys().cloned()).collect()
    }

    /// Forgets the bundles of which no file is open any more. The result is as of
    /// [`checked`](Self::checked).
    pub fn forget_closed(&mut self, documents: &Documents) -> BTreeSet<PathBuf> {
        let open: BTreeSet<PathBuf> = documents.paths().filter_map(|path| home(path, documents)).collect();
        let mut changed = BTreeSet::new();
        self.known.retain(|folder, bundle| {
            let stays = open.contains(folder);
            if !stays {
                changed.extend(std::mem::take(&mut bundle.found).into_keys());
            }
            stays
        });
        changed
    }

    /// What is known of a bundle. It is read now if no check has ended yet.
    pub fn knowledge(&mut self, folder: &Path, documents: &Documents) -> Option<&mut Knowledge> {
        let bundle = self.known.get_mut(folder)?;
        if bundle.knowledge.is_none() {
            bundle.knowledge = Knowledge::read(folder, documents.unsaved()).ok().flatten();
        }
        bundle.knowledge.as_mut()
    }

    /// What all bundles say of a file: one that is extended is part of several.
    pub fn found(&self, path: &Path) -> Vec<Diagnostic> {
        let mut all: Vec<Diagnostic> = Vec::new();
        for diagnostic in self.known.values().filter_map(|bundle| bundle.found.get(path)).flatten() {
            if !all.contains(diagnostic) {
                all.push(diagnostic.clone());
            }
        }
        all
    }
}

impl Bundle {
    fn due(&self) -> Option<Instant> {
        let (first, last) = self.changed?;
        let at = |from: Instant, wait| from.checked_add(wait);
        [at(first, PATIENCE), at(last, QUIET)].into_iter().flatten().min()
    }
}
