//! Reads the files of a bundle, and trusts none of them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use solgate_document::diagnostic::Report;
use solgate_document::source::{At, FileId};

use crate::built_in::BuiltIn;
use crate::tree::{Kind, ReadError, Texts, Tree};

/// Largest source file, in bytes.
const MAX_FILE: usize = 4 * 1024 * 1024;
/// Largest file of a list or of data, in bytes: all of it becomes part of the policy.
const MAX_TABLE: usize = 1024 * 1024;
/// Most files below `rules/`, `dialects/` and `tests/`, each.
const MAX_FILES: usize = 1000;
/// Deepest folder below one of them.
const MAX_DEPTH: usize = 8;

/// The parts of a bundle: files, and folders of files.
pub const PARTS: [&str; 5] = ["policy.yaml", "openapi.yaml", "dialects", "rules", "tests"];

/// A file that a bundle has, or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Absent,
    /// It is there and cannot be read, which has been reported.
    Unreadable,
    Text(FileId),
}

impl Found {
    pub fn text(self) -> Option<FileId> {
        match self {
            Self::Text(file) => Some(file),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

/// The files that make up a bundle.
pub(crate) struct Files {
    /// That it is absent has been reported.
    pub policy: Found,
    /// A bundle that extends another need not have it.
    pub openapi: Found,
    /// Documents of dialects, sorted by name.
    pub dialects: Vec<FileId>,
    /// Sorted by name.
    pub rules: Vec<FileId>,
}

/// A folder that could not be read at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct IoError {
    pub path: PathBuf,
    pub source: io::Error,
}

/// Where the files of one bundle are.
#[derive(Debug)]
pub(crate) struct Home {
    place: Place,
    /// What precedes the names of its files in messages: nothing for the bundle
    /// itself, else `../base/` or `built-in:NAME/`.
    prefix: String,
    /// It is extended by the bundle that is compiled.
    is_base: bool,
}

#[derive(Debug)]
enum Place {
    Folder(Folder),
    BuiltIn(&'static BuiltIn),
}

/// A folder of a tree.
#[derive(Debug)]
struct Folder {
    tree: Arc<dyn Tree>,
    path: PathBuf,
}

impl Home {
    /// A bundle that is held in memory.
    pub fn texts(texts: &Arc<Texts>) -> Self {
        Self::within(texts.clone(), PathBuf::new())
    }

    /// The bundle that is compiled, in a folder of a tree.
    pub fn within(tree: Arc<dyn Tree>, path: PathBuf) -> Self {
        Self { place: Place::Folder(Folder { tree, path }), prefix: String::new(), is_base: false }
    }

    /// A bundle that comes with the program.
    pub fn built_in(bundle: &'static BuiltIn) -> Self {
        let prefix = format!("built-in:{}/", bundle.name);
        Self { place: Place::BuiltIn(bundle), prefix, is_base: true }
    }

    /// A folder relative to this one, if this is a folder and that is there.
    pub fn relative(&self, path: &str) -> Result<Option<Self>, IoError> {
        let Place::Folder(Folder { tree, path: dir }) = &self.place else {
            return Ok(None);
        };
        let dir = dir.join(path);
        let kind = tree.kind(&dir).map_err(fail(&dir))?;
        Ok((kind == Some(Kind::Folder)).then(|| Self {
            place: Place::Folder(Folder { tree: tree.clone(), path: dir }),
            prefix: tidy(&self.prefix, path),
            is_base: true,
        }))
    }

    /// Tells this place from others, however the way to it is written.
    pub fn identity(&self) -> Result<PathBuf, IoError> {
        match &self.place {
            Place::Folder(Folder { tree, path }) => tree.identity(path).map_err(fail(path)),
            Place::BuiltIn(bundle) => Ok(PathBuf::from(format!("built-in:{}", bundle.name))),
        }
    }

    /// The name of a file in messages.
    pub fn shown(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Reads policy.yaml, openapi.yaml, the dialects and the rules.
    pub fn read(&self, report: &mut Report) -> Result<Files, IoError> {
        let folder = match &self.place {
            Place::Folder(folder) => folder,
            Place::BuiltIn(bundle) => {
                let mut add = |name: &str| bundle.text(name).map(|text| self.add(name, text.to_owned(), report));
                let (policy, openapi) = (add("policy.yaml"), add("openapi.yaml"));
                let found = |file: Option<FileId>| file.map_or(Found::Absent, Found::Text);
                let dialects = bundle.below("dialects/").filter_map(&mut add).collect();
                let rules = bundle.below("rules/").filter_map(add).collect();
                return Ok(Files { policy: found(policy), openapi: found(openapi), dialects, rules });
            }
        };
        let policy = self.part(folder, "policy.yaml", report)?;
        if policy == Found::Absent {
            self.report_absent("policy.yaml", report)?;
        }
        let openapi = self.part(folder, "openapi.yaml", report)?;
        self.report_misnamed(folder, report)?;
        let dialects = self.read_folder(folder, "dialects", report)?;
        let rules = self.read_folder(folder, "rules", report)?;
        Ok(Files { policy, openapi, dialects, rules })
    }

    fn part(&self, folder: &Folder, name: &str, report: &mut Report) -> Result<Found, IoError> {
        let path = folder.path.join(name);
        if !folder.has(&path).map_err(fail(&path))? {
            return Ok(Found::Absent);
        }
        let file = self.load(folder, name, MAX_FILE, report).map_err(fail(&path))?;
        Ok(file.map_or(Found::Unreadable, Found::Text))
    }

    /// Reports what has nearly the name of a part that is absent: it would be left out.
    fn report_misnamed(&self, folder: &Folder, report: &mut Report) -> Result<(), IoError> {
        // A policy.yaml that is absent is a mistake in any case, and the cases of a base
        // are not read.
        let is_of_interest = |part: &&&str| **part != "policy.yaml" && !(self.is_base && **part == "tests");
        for part in PARTS.iter().filter(is_of_interest) {
            if let Some(other) = folder.misnamed(part).map_err(fail(&folder.path))? {
                report
                    .file_mistake(
                        &self.shown(&other),
                        format!("`{other}` is not read: that part of a bundle is called `{part}`"),
                    )
                    .hint("rename it");
            }
        }
        Ok(())
    }

    /// The files of cases, sorted by name. Those of a built-in bundle are not here.
    pub fn read_tests(&self, report: &mut Report) -> Result<Vec<FileId>, IoError> {
        match &self.place {
            Place::Folder(folder) => self.read_folder(folder, "tests", report),
            Place::BuiltIn(_) => Ok(Vec::new()),
        }
    }

    /// The same for a bundle that is extended, which may be built in.
    pub fn read_tests_of_base(&self, report: &mut Report) -> Result<Vec<FileId>, IoError> {
        match &self.place {
            Place::Folder(_) => self.read_tests(report),
            Place::BuiltIn(bundle) => {
                let names = bundle.below("tests/").filter_map(|name| Some((name, bundle.text(name)?)));
                Ok(names.map(|(name, text)| self.add(name, text.to_owned(), report)).collect())
            }
        }
    }

    /// Reads the files of cases of a folder that need not be a bundle's: those in its
    /// tests/, or without such a folder all of its YAML files.
    #[cfg(feature = "system")]
    pub fn read_cases(&self, report: &mut Report) -> Result<Vec<FileId>, IoError> {
        let Place::Folder(folder) = &self.place else { return Ok(Vec::new()) };
        let Folder { tree, path } = folder;
        if folder.has(&path.join("tests")).map_err(fail(path))? {
            return self.read_tests(report);
        }
        let path = tree.identity(path).map_err(fail(path))?;
        match (path.parent(), path.file_name().and_then(|name| name.to_str())) {
            (Some(parent), Some(name)) => {
                self.read_folder(&Folder { tree: tree.clone(), path: parent.to_owned() }, name, report)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The YAML files below a folder of the bundle, sorted by name.
    fn read_folder(&self, folder: &Folder, below: &str, report: &mut Report) -> Result<Vec<FileId>, IoError> {
        let mut names = Vec::new();
        let path = folder.path.join(below);
        self.list(&*folder.tree, &path, below, 0, &mut names, report).map_err(fail(&path))?;
        names.sort_unstable();
        let mut files = Vec::with_capacity(names.len());
        for name in names {
            let read = self.load(folder, &name, MAX_FILE, report);
            files.extend(read.map_err(fail(&folder.path.join(&name)))?);
        }
        Ok(files)
    }

    /// Reports a file that the bundle should have.
    pub fn report_absent(&self, name: &str, report: &mut Report) -> Result<(), IoError> {
        let mut hint = "a bundle consists of policy.yaml, openapi.yaml and rules/*.yaml".to_owned();
        if let Place::Folder(folder) = &self.place
            && let Some(other) = folder.misnamed(name).map_err(fail(&folder.path))?
        {
            hint = format!("there is a `{other}`: rename it");
        }
        report.file_mistake(&self.shown(name), format!("the bundle has no {name}")).hint(hint);
        Ok(())
    }

    /// Reads a file that policy.yaml names. The name has no dot segments. `None`: there is
    /// no such file, or it has been reported; the flag tells which.
    pub fn read_file(&self, name: &str, report: &mut Report) -> Result<(Option<FileId>, bool), IoError> {
        let folder = match &self.place {
            Place::Folder(folder) => folder,
            Place::BuiltIn(bundle) => {
                let found = bundle.text(name).map(|text| self.add(name, text.to_owned(), report));
                return Ok((found, found.is_some()));
            }
        };
        // A link on the way would also lead out of the bundle.
        let mut path = folder.path.clone();
        for segment in name.split('/') {
            path.push(segment);
            match folder.tree.kind(&path).map_err(fail(&path))? {
                Some(Kind::Folder) => {}
                Some(_) => break,
                None => return Ok((None, false)),
            }
        }
        let whole = folder.path.join(name);
        if path != whole {
            let shown = self.shown(name);
            report
                .file_mistake(&shown, format!("the path to `{shown}` leads through something that is not a folder"))
                .hint("a bundle holds its own files: symbolic links are not followed");
            return Ok((None, true));
        }
        Ok((self.load(folder, name, MAX_TABLE, report).map_err(fail(&whole))?, true))
    }

    fn add(&self, name: &str, text: String, report: &mut Report) -> FileId {
        let name = self.shown(name);
        if self.is_base { report.sources.add_inherited(name, text) } else { report.sources.add(name, text) }
    }

    /// Collects the names of the YAML files below a folder; hidden ones are those of
    /// editors and tools.
    fn list(
        &self,
        tree: &dyn Tree,
        folder: &Path,
        prefix: &str,
        depth: usize,
        names: &mut Vec<String>,
        report: &mut Report,
    ) -> io::Result<()> {
        match tree.kind(folder)? {
            Some(Kind::Folder) => {}
            None => return Ok(()),
            Some(_) => {
                report
                    .file_mistake(prefix, format!("`{prefix}` is not a folder"))
                    .hint("a bundle holds its own files: symbolic links are not followed");
                return Ok(());
            }
        }
        for entry in tree.entries(folder)? {
            let Some(file_name) = entry.name.to_str() else {
                let shown = self.shown(&format!("{prefix}/{}", entry.name.to_string_lossy()));
                report.file_mistake(&shown, "the name of this file is not UTF-8");
                continue;
            };
            if file_name.starts_with('.') {
                continue;
            }
            let name = format!("{prefix}/{file_name}");
            let is_yaml = is_yaml(file_name);
            if !is_yaml && is_yaml_of_another_case(file_name) {
                report
                    .file_mistake(
                        &self.shown(&name),
                        format!("`{}` is not read: its name ends in capitals", self.shown(&name)),
                    )
                    .hint("rename it, so that it ends in .yaml or .yml");
            } else if !is_yaml && matches!(entry.kind, Kind::Link { to_folder: true }) {
                report
                    .file_mistake(&self.shown(&name), format!("`{}` is a symbolic link", self.shown(&name)))
                    .hint("a bundle holds its own files, so that it is the same everywhere: copy the folder");
            } else if entry.kind == Kind::Folder {
                if depth >= MAX_DEPTH {
                    report.file_mistake(&self.shown(&name), format!("folders are nested deeper than {MAX_DEPTH}"));
                    continue;
                }
                self.list(tree, &folder.join(file_name), &name, depth.saturating_add(1), names, report)?;
            } else if is_yaml {
                if names.len() >= MAX_FILES {
                    report.file_mistake(
                        &self.shown(prefix),
                        format!("more than {MAX_FILES} files below `{}`", self.shown(prefix)),
                    );
                    return Ok(());
                }
                names.push(name);
            }
        }
        Ok(())
    }

    fn load(&self, folder: &Folder, name: &str, limit: usize, report: &mut Report) -> io::Result<Option<FileId>> {
        let path = folder.path.join(name);
        match folder.tree.kind(&path)? {
            Some(Kind::File) => {}
            None => return Err(io::ErrorKind::NotFound.into()),
            Some(other) => {
                let what = if matches!(other, Kind::Link { .. }) { "a symbolic link" } else { "not a regular file" };
                let shown = self.shown(name);
                report
                    .file_mistake(&shown, format!("`{shown}` is {what}"))
                    .hint("a bundle holds its own files, so that it is the same everywhere: copy the file");
                return Ok(None);
            }
        }
        let bytes = match folder.tree.read(&path, limit) {
            Ok(bytes) => bytes,
            Err(ReadError::TooLarge) => {
                let shown = self.shown(name);
                report
                    .file_mistake(&shown, format!("`{shown}` is larger than {limit} bytes"))
                    .hint("split it into several files");
                return Ok(None);
            }
            Err(ReadError::Io(error)) => return Err(error),
        };
        match String::from_utf8(bytes) {
            Ok(text) => {
                let has_mark = text.starts_with('\u{feff}');
                let file = self.add(name, text, report);
                if has_mark {
                    report
                        .mistake(At::start_of(file), "the file begins with a byte order mark (U+FEFF)")
                        .hint("save it as UTF-8 without BOM");
                    return Ok(None);
                }
                Ok(Some(file))
            }
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let file = self.add(name, text, report);
                report
                    .mistake(
                        At { file, start: valid, end: valid.saturating_add('\u{fffd}'.len_utf8()) },
                        "the file is not UTF-8 from here on",
                    )
                    .hint("save it as UTF-8");
                Ok(None)
            }
        }
    }
}

impl Folder {
    fn has(&self, path: &Path) -> io::Result<bool> {
        Ok(self.tree.kind(path)?.is_some())
    }

    /// What is there in place of a part of a bundle, under a name that is nearly right:
    /// in capitals, with the other extension, or, of a folder of YAML, in the singular.
    fn misnamed(&self, part: &str) -> io::Result<Option<String>> {
        if self.has(&self.path.join(part))? {
            return Ok(None);
        }
        let entries = self.tree.entries(&self.path)?;
        // Only to say what was meant: a name that is no text is not nearly right.
        let mut names: Vec<String> = entries.into_iter().filter_map(|entry| entry.name.into_string().ok()).collect();
        names.sort_unstable();
        for name in names {
            let folded = name.to_ascii_lowercase();
            let is_meant = folded == part
                || folded.strip_suffix(".yml").is_some_and(|stem| part.strip_suffix(".yaml") == Some(stem))
                || (part.strip_suffix('s') == Some(folded.as_str()) && self.holds_yaml(&self.path.join(&name))?);
            if is_meant {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    fn holds_yaml(&self, path: &Path) -> io::Result<bool> {
        if self.tree.kind(path)? != Some(Kind::Folder) {
            return Ok(false);
        }
        let is_meant = |name: &str| is_yaml(&name.to_ascii_lowercase());
        Ok(self.tree.entries(path)?.iter().any(|entry| entry.name.to_str().is_some_and(is_meant)))
    }
}

fn fail(path: &Path) -> impl FnOnce(io::Error) -> IoError {
    let path = path.to_owned();
    move |source| IoError { path, source }
}

fn is_yaml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn is_yaml_of_another_case(name: &str) -> bool {
    !is_yaml(name) && is_yaml(&name.to_ascii_lowercase())
}

/// The folder `path` as seen from the bundle that is compiled, where this one is
/// at `prefix`, without steps that take each other back.
fn tidy(prefix: &str, path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in prefix.split('/').chain(path.split('/')) {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.iter().fold(String::new(), |name, step| name + step + "/")
}
