//! Reads the files of a bundle's folder, and trusts none of them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::diagnostic::Report;
use crate::source::{At, FileId};

/// Largest source file, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// Most files below `rules/`, and below `tests/`.
const MAX_FILES: usize = 1000;
/// Deepest folder below either.
const MAX_DEPTH: usize = 8;

/// The files that make up a bundle. What is absent has been reported.
pub(crate) struct Files {
    pub policy: Option<FileId>,
    pub openapi: Option<FileId>,
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

pub(crate) fn read(dir: &Path, report: &mut Report) -> Result<Files, IoError> {
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source| IoError { path, source }
    };
    if !fs::metadata(dir).map_err(fail(dir))?.is_dir() {
        return Err(IoError { path: dir.to_owned(), source: io::ErrorKind::NotADirectory.into() });
    }
    let policy = required(dir, "policy.yaml", report).map_err(fail(&dir.join("policy.yaml")))?;
    let openapi = required(dir, "openapi.yaml", report).map_err(fail(&dir.join("openapi.yaml")))?;
    let rules = read_folder(dir, "rules", report)?;
    Ok(Files { policy, openapi, rules })
}

/// The files of cases, sorted by name.
pub(crate) fn read_tests(dir: &Path, report: &mut Report) -> Result<Vec<FileId>, IoError> {
    read_folder(dir, "tests", report)
}

/// The YAML files below a folder of the bundle, sorted by name.
fn read_folder(dir: &Path, folder: &str, report: &mut Report) -> Result<Vec<FileId>, IoError> {
    let mut names = Vec::new();
    let path = dir.join(folder);
    list(&path, folder, 0, &mut names, report).map_err(|source| IoError { path, source })?;
    names.sort_unstable();
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let path = dir.join(&name);
        files.extend(load(&path, &name, report).map_err(|source| IoError { path, source })?);
    }
    Ok(files)
}

fn required(dir: &Path, name: &str, report: &mut Report) -> io::Result<Option<FileId>> {
    let path = dir.join(name);
    if exists(&path)? {
        return load(&path, name, report);
    }
    let other = format!("{}.yml", name.trim_end_matches(".yaml"));
    let hint = if exists(&dir.join(&other))? {
        format!("there is a `{other}`: rename it")
    } else {
        "a bundle consists of policy.yaml, openapi.yaml and rules/*.yaml".to_owned()
    };
    report.file_mistake(name, format!("the bundle has no {name}")).hint(hint);
    Ok(None)
}

fn exists(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Collects the names of the YAML files below a folder; hidden ones are those of
/// editors and tools.
fn list(dir: &Path, prefix: &str, depth: usize, names: &mut Vec<String>, report: &mut Report) -> io::Result<()> {
    if !exists(dir)? {
        return Ok(());
    }
    if !fs::symlink_metadata(dir)?.is_dir() {
        report
            .file_mistake(prefix, format!("`{prefix}` is not a folder"))
            .hint("a bundle holds its own files: symbolic links are not followed");
        return Ok(());
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let file_name = entry.file_name();
        let Some(file_name) = file_name.to_str() else {
            let shown = format!("{prefix}/{}", file_name.to_string_lossy());
            report.file_mistake(&shown, "the name of this file is not UTF-8");
            continue;
        };
        if file_name.starts_with('.') {
            continue;
        }
        let name = format!("{prefix}/{file_name}");
        let is_yaml =
            Path::new(file_name).extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if entry.file_type()?.is_dir() {
            if depth >= MAX_DEPTH {
                report.file_mistake(&name, format!("folders are nested deeper than {MAX_DEPTH}"));
                continue;
            }
            list(&entry.path(), &name, depth.saturating_add(1), names, report)?;
        } else if is_yaml {
            if names.len() >= MAX_FILES {
                report.file_mistake(prefix, format!("more than {MAX_FILES} files below `{prefix}`"));
                return Ok(());
            }
            names.push(name);
        }
    }
    Ok(())
}

fn load(path: &Path, name: &str, report: &mut Report) -> io::Result<Option<FileId>> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() {
        let what = if metadata.is_symlink() { "a symbolic link" } else { "not a regular file" };
        report
            .file_mistake(name, format!("`{name}` is {what}"))
            .hint("a bundle holds its own files, so that it is the same everywhere: copy the file");
        return Ok(None);
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE {
        report
            .file_mistake(name, format!("`{name}` is larger than {MAX_FILE} bytes"))
            .hint("split it into several files");
        return Ok(None);
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let has_mark = text.starts_with('\u{feff}');
            let file = report.sources.add(name, text);
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
            let file = report.sources.add(name, text);
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
