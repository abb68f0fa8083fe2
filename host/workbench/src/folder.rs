//! The files of a bundle's folder, and nothing outside of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use solgate_bundle::Unsaved;

use crate::fault::Fault;
use crate::program::Program;

/// Names that are shown: what a bundle is made of, and what people put beside it.
const EXTENSIONS: [&str; 6] = ["yaml", "yml", "json", "csv", "txt", "md"];
/// Most files that are listed.
const MOST_FILES: usize = 2000;
/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 8;
/// Largest file that is shown or written, in bytes.
const LARGEST: u64 = 4 << 20;

/// Why a folder or a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot read {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{path} has no policy.yaml; name the folder of a bundle, or begin one with `solgate new {path}`", path = .0.display())]
    NoBundle(PathBuf),
    #[error("{}: {why}", path.display())]
    Policy { path: PathBuf, why: String },
}

/// A bundle that is edited.
pub(crate) struct Folder {
    /// Without links and dots.
    root: PathBuf,
    /// As it was named.
    pub named: PathBuf,
    /// One file is written at a time, so that none is written over unseen.
    saving: Mutex<()>,
}

impl Folder {
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let root = path.canonicalize().map_err(|error| OpenError::Io { path: path.to_owned(), error })?;
        if !root.join("policy.yaml").is_file() {
            return Err(OpenError::NoBundle(path.to_owned()));
        }
        Ok(Self { root, named: path.to_owned(), saving: Mutex::new(()) })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The names of its files, sorted.
    pub fn files(&self) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        self.collect(&self.root, 0, &mut names)?;
        names.sort();
        Ok(names)
    }

    fn collect(&self, folder: &Path, depth: usize, names: &mut Vec<String>) -> Result<(), Fault> {
        let failed = |error: io::Error| Fault::Failed(format!("cannot read {}: {error}", folder.display()));
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(name) = path.strip_prefix(&self.root).ok().and_then(Path::to_str) else { continue };
            // A link may lead back up, or out of the folder.
            let is_link = path.is_symlink();
            if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            if path.is_dir() {
                if !is_link && depth < MAX_DEPTH {
                    self.collect(&path, depth.saturating_add(1), names)?;
                }
            } else if names.len() < MOST_FILES && has_extension(&path) && self.locate(name).is_ok() {
                names.push(name.to_owned());
            }
        }
        Ok(())
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> Result<String, Fault> {
        text(&self.locate(name)?, name)?.ok_or_else(|| Fault::NoSuchFile(name.to_owned()))
    }

    /// Writes a file if it still is what the page has read: `was`, or nothing.
    pub fn write(&self, name: &str, was: Option<&str>, new: &str, program: &dyn Program) -> Result<(), Fault> {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.locate(name)?;
        let now = text(&path, name)?;
        if now.as_deref() != was {
            return Err(Fault::Changed { path: name.to_owned(), text: now });
        }
        if let Some(folder) = path.parent().filter(|_| was.is_none()) {
            fs::create_dir_all(folder)
                .map_err(|error| Fault::Failed(format!("cannot make the folder of {name}: {error}")))?;
        }
        program.write(&path, new.as_bytes()).map_err(Fault::Failed)
    }

    /// The texts that the page holds, for the compiler.
    pub fn unsaved(&self, files: BTreeMap<String, String>) -> Result<Unsaved, Fault> {
        let mut unsaved = Unsaved::default();
        for (name, text) in files {
            unsaved.set(&self.locate(&name)?, text);
        }
        Ok(unsaved)
    }

    /// Where a file is, or would be. Links on the way may lead to other places in the folder,
    /// and to none outside.
    fn locate(&self, name: &str) -> Result<PathBuf, Fault> {
        let bad = |why| Fault::BadPath { path: name.to_owned(), why };
        let relative = Path::new(name);
        let mut path = self.root.clone();
        for part in relative.components() {
            match part {
                Component::Normal(part) if !part.as_encoded_bytes().starts_with(b".") => path.push(part),
                Component::Normal(_) => return Err(bad("hidden files are not shown")),
                _ => return Err(bad("expected a name below the bundle's folder, such as rules/heal.yaml")),
            }
            // What is not there yet is nowhere else.
            match path.canonicalize() {
                Ok(real) if real.starts_with(&self.root) => {}
                Ok(_) => return Err(bad("it leads out of the bundle's folder")),
                Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {}
                Err(_) => return Err(bad("what is on the way to it cannot be read")),
            }
        }
        // `a/./b` and `a//b` are `a/b`, which the page knows by that name only.
        if path == self.root || path.strip_prefix(&self.root).ok().and_then(Path::to_str) != Some(name) {
            return Err(bad("expected a name below the bundle's folder, such as rules/heal.yaml"));
        }
        if !has_extension(&path) {
            return Err(bad("expected a name that ends with .yaml, .yml, .json, .csv, .txt or .md"));
        }
        Ok(path)
    }
}

fn has_extension(path: &Path) -> bool {
    path.extension().and_then(|extension| extension.to_str()).is_some_and(|found| EXTENSIONS.contains(&found))
}

/// The text of a regular file; `None` if there is none.
fn text(path: &Path, name: &str) -> Result<Option<String>, Fault> {
    let failed = |error: io::Error| Fault::Failed(format!("cannot read {name}: {error}"));
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if !found.is_file() {
        return Err(Fault::BadPath { path: name.to_owned(), why: "it is not a regular file" });
    }
    if found.len() > LARGEST {
        return Err(Fault::BadPath { path: name.to_owned(), why: "it is larger than 4 MiB" });
    }
    let bytes = fs::read(path).map_err(failed)?;
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| Fault::BadPath { path: name.to_owned(), why: "it is not UTF-8" })
}

/// What a file is to a bundle.
pub(crate) fn section(name: &str) -> &'static str {
    match name.split_once('/') {
        None if name == "policy.yaml" => "policy",
        None if name == "openapi.yaml" => "api",
        Some(("dialects", _)) => "api",
        Some(("rules", _)) => "rules",
        Some(("tests", _)) => "cases",
        Some(("lists" | "data", _)) => "data",
        _ => "other",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    struct Writes;

    impl Program for Writes {
        fn sandboxed(
            &self,
            _: &Path,
            _: &solgate_engine::ir::Bundle,
        ) -> Result<std::sync::Arc<solgate::policy::Policy>, String> {
            Err("not here".to_owned())
        }

        fn bake(&self, _: &solgate_bundle::Compiled) -> Result<Vec<u8>, String> {
            Err("not here".to_owned())
        }

        fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), String> {
            fs::write(path, bytes).map_err(|error| error.to_string())
        }
    }

    fn bundle() -> (tempfile::TempDir, Folder) {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("bundle");
        fs::create_dir_all(root.join("rules")).unwrap();
        fs::write(root.join("policy.yaml"), "name: a").unwrap();
        fs::write(root.join("rules/a.yaml"), "- id: a").unwrap();
        fs::write(home.path().join("secret.yaml"), "outside").unwrap();
        let folder = Folder::open(&root).unwrap();
        (home, folder)
    }

    #[test]
    fn nothing_outside_of_the_folder_is_read_or_written() {
        let (home, folder) = bundle();
        symlink(home.path().join("secret.yaml"), folder.root().join("rules/out.yaml")).unwrap();
        symlink(home.path(), folder.root().join("up")).unwrap();
        symlink("rules/a.yaml", folder.root().join("within.yaml")).unwrap();
        symlink("nowhere.yaml", folder.root().join("dangling.yaml")).unwrap();
        fs::write(folder.root().join(".hidden.yaml"), "h").unwrap();
        fs::write(folder.root().join("run.sh"), "s").unwrap();
        for name in [
            "../secret.yaml",
            "rules/../../secret.yaml",
            "/etc/hosts.txt",
            "rules/out.yaml",
            "up/secret.yaml",
            "up/bundle/policy.yaml",
            "dangling.yaml",
            ".hidden.yaml",
            "run.sh",
            "rules",
            "rules/./a.yaml",
            "rules//a.yaml",
            "",
            ".",
        ] {
            let read = folder.read(name);
            assert!(matches!(read, Err(Fault::BadPath { .. })), "{name}: {read:?}");
            let written = folder.write(name, None, "x", &Writes);
            assert!(matches!(written, Err(Fault::BadPath { .. })), "{name}: {written:?}");
            let held = folder.unsaved([(name.to_owned(), String::new())].into());
            assert!(matches!(held, Err(Fault::BadPath { .. })), "{name}");
        }
        assert_eq!(fs::read_to_string(home.path().join("secret.yaml")).unwrap(), "outside");
        assert_eq!(folder.read("within.yaml").unwrap(), "- id: a");
        assert_eq!(folder.files().unwrap(), ["policy.yaml", "rules/a.yaml", "within.yaml"]);
    }

    #[test]
    fn a_file_is_written_only_over_what_was_read() {
        let (_home, folder) = bundle();
        let changed = |result: Result<(), Fault>| match result {
            Err(Fault::Changed { text, .. }) => text,
            other => unreachable!("{other:?}"),
        };
        assert_eq!(changed(folder.write("rules/a.yaml", Some("- id: b"), "x", &Writes)).as_deref(), Some("- id: a"));
        assert_eq!(changed(folder.write("rules/a.yaml", None, "x", &Writes)).as_deref(), Some("- id: a"));
        assert_eq!(changed(folder.write("rules/b.yaml", Some(""), "x", &Writes)), None);
        folder.write("rules/a.yaml", Some("- id: a"), "- id: c", &Writes).unwrap();
        folder.write("tests/new/a.yaml", None, "cases: []", &Writes).unwrap();
        assert_eq!(folder.read("rules/a.yaml").unwrap(), "- id: c");
        assert_eq!(folder.read("tests/new/a.yaml").unwrap(), "cases: []");
        assert!(matches!(folder.read("rules/b.yaml"), Err(Fault::NoSuchFile(_))));
    }
}
