//! The files to import, and those that they refer to.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use solgate_document::diagnostic::Report;
use solgate_document::pointer;
use solgate_document::source::FileId;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Node, Value, parse};

use crate::ImportError;

/// Largest file, in bytes.
const MAX_FILE: usize = 32 * 1024 * 1024;
/// Most files that are read.
const MAX_FILES: usize = 500;
/// Most references that lead from one to the next.
const MAX_STEPS: usize = 32;

/// Every file, read before anything is made of it.
pub(crate) struct Documents {
    roots: BTreeMap<FileId, Document>,
    by_path: BTreeMap<PathBuf, FileId>,
}

struct Document {
    /// Where the file is, without steps that take each other back.
    path: PathBuf,
    root: Node,
}

/// What a reference leads to.
#[derive(Debug, Clone)]
pub(crate) struct Target<'d> {
    pub file: FileId,
    /// Steps from the root of that file.
    pub steps: Vec<String>,
    pub node: &'d Node,
}

impl Documents {
    /// Reads files and all that they refer to. What cannot be read is reported where a
    /// reference leads to it. Returns the named ones, too.
    pub fn read(paths: &[PathBuf], report: &mut Report) -> Result<Option<(Self, Vec<FileId>)>, ImportError> {
        let mut documents = Self { roots: BTreeMap::new(), by_path: BTreeMap::new() };
        let mut named = Vec::new();
        let mut open = Vec::new();
        for path in paths {
            let place = tidy(path);
            if let Some(file) = documents.by_path.get(&place) {
                named.push(*file);
                continue;
            }
            let text = solgate_files::read(path, MAX_FILE)
                .map_err(|source| ImportError::Read { path: path.clone(), source })?;
            let Some(file) = documents.add(place, &path.to_string_lossy(), text, report) else { return Ok(None) };
            named.push(file);
            open.push(file);
        }
        while let Some(file) = open.pop() {
            let Some(document) = documents.roots.get(&file) else { continue };
            let mut wanted = Vec::new();
            references(&document.root, &mut wanted);
            let wanted: Vec<PathBuf> = wanted.iter().filter_map(|text| beside(&document.path, text)).collect();
            for path in wanted {
                if documents.by_path.contains_key(&path) || documents.by_path.len() >= MAX_FILES || !is_document(&path)
                {
                    continue;
                }
                // Unless it is reached, nobody misses it.
                let Ok(text) = solgate_files::read(&path, MAX_FILE) else { continue };
                let name = path.to_string_lossy().into_owned();
                open.extend(documents.add(path, &name, text, report));
            }
        }
        Ok(Some((documents, named)))
    }

    fn add(&mut self, path: PathBuf, name: &str, text: Vec<u8>, report: &mut Report) -> Option<FileId> {
        let text = match String::from_utf8(text) {
            Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Err(_) => {
                report.file_mistake(name, "the file is not UTF-8").hint("save it as UTF-8");
                return None;
            }
        };
        let file = report.sources.add(name, text);
        let root = parse(file, report)?;
        self.by_path.insert(path.clone(), file);
        self.roots.insert(file, Document { path, root });
        Some(file)
    }

    pub fn root(&self, file: FileId) -> Option<&Node> {
        self.roots.get(&file).map(|document| &document.root)
    }

    pub fn roots(&self) -> impl Iterator<Item = &Node> {
        self.roots.values().map(|document| &document.root)
    }

    /// The documents that one refers to.
    pub fn named_by(&self, root: &Node) -> Vec<&Node> {
        let Some(document) = self.roots.get(&root.at.file) else { return Vec::new() };
        let mut wanted = Vec::new();
        references(root, &mut wanted);
        let paths = wanted.into_iter().filter_map(|text| beside(&document.path, text));
        paths.filter_map(|path| self.by_path.get(&path)).filter_map(|file| self.root(*file)).collect()
    }

    /// The name of a file without its ending.
    pub fn stem(&self, file: FileId) -> String {
        let path = self.roots.get(&file).map(|document| document.path.as_path());
        path.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// What a `$ref`, of which this is the text, leads to in one step, silently.
    fn step(&self, reference: &Node) -> Result<Target<'_>, Lost> {
        let text = reference.as_str().ok_or(Lost::NotText)?;
        let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
        let file = if place.is_empty() {
            reference.at.file
        } else {
            let here = self.roots.get(&reference.at.file).ok_or(Lost::NoFile)?;
            let path = beside(&here.path, text).ok_or(Lost::Remote)?;
            *self.by_path.get(&path).ok_or(Lost::NoFile)?
        };
        let root = self.root(file).ok_or(Lost::NoFile)?;
        let fragment = decoded(fragment);
        let steps: Vec<String> = match fragment.strip_prefix('/') {
            Some(steps) => pointer::steps(steps).collect(),
            None if fragment.is_empty() => Vec::new(),
            None => return Err(Lost::NoPlace),
        };
        let node = root.follow(&steps).ok_or(Lost::NoPlace)?;
        Ok(Target { file, steps, node })
    }

    /// What a `$ref` leads to in the end, through others.
    pub fn follow(&self, reference: &Node) -> Option<Target<'_>> {
        let mut target = self.step(reference).ok()?;
        for _ in 0..MAX_STEPS {
            match alias(target.node) {
                Some(next) => target = self.step(next).ok()?,
                None => return Some(target),
            }
        }
        None
    }

    /// The same; where it leads nowhere, that is reported.
    pub fn target(&self, reference: &Node, report: &mut Report) -> Option<Target<'_>> {
        let found = self.follow(reference);
        if found.is_none() {
            self.report_lost(reference, report);
        }
        found
    }

    /// The node itself, or what its `$ref` leads to.
    pub fn resolve<'d>(&'d self, node: &'d Node, report: &mut Report) -> Option<&'d Node> {
        match node.get("$ref") {
            Some(reference) => self.target(reference, report).map(|target| target.node),
            None => Some(node),
        }
    }

    fn report_lost(&self, reference: &Node, report: &mut Report) {
        let mut current = reference;
        for _ in 0..MAX_STEPS {
            match self.step(current) {
                Ok(target) => match alias(target.node) {
                    Some(next) => current = next,
                    None => return,
                },
                Err(lost) => {
                    let text = &current.text;
                    let message = match lost {
                        Lost::NotText => format!("`$ref` is text, but here is {}", current.kind()),
                        Lost::Remote => format!("`{text}` is not a file on this machine"),
                        Lost::NoFile => format!("the file of `{text}` is not there, or cannot be read"),
                        Lost::NoPlace => format!("`{text}` leads nowhere"),
                    };
                    let hint = matches!(lost, Lost::NoPlace).then(|| self.meant(current)).flatten();
                    let draft = report.warning(current.at, message);
                    draft.maybe_hint(hint).hint_if_none("what refers to it is left open");
                    return;
                }
            }
        }
        report.warning(reference.at, "this `$ref` leads back to itself").hint("what refers to it is left open");
    }

    /// A definition beside the place that a reference does not find.
    fn meant(&self, reference: &Node) -> Option<String> {
        let (parent, last) = reference.text.rsplit_once('/')?;
        let parent = Node { text: parent.to_owned(), ..reference.clone() };
        let found = self.step(&parent).ok()?;
        did_you_mean(last, found.node.as_map()?.iter().map(|(key, _)| key.name.as_str()))
    }
}

/// Why a reference leads nowhere.
enum Lost {
    NotText,
    Remote,
    NoFile,
    NoPlace,
}

/// The reference that a node is and nothing else.
fn alias(node: &Node) -> Option<&Node> {
    node.get("$ref").filter(|_| node.as_map().is_some_and(|members| members.len() == 1))
}

/// The texts of all references to other files.
fn references<'n>(node: &'n Node, found: &mut Vec<&'n str>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| references(item, found)),
        Value::Map(members) => {
            for (key, node) in members {
                match node.as_str() {
                    Some(text) if key.name == "$ref" && !text.starts_with('#') => found.push(text),
                    _ => references(node, found),
                }
            }
        }
        _ => {}
    }
}

/// The file that a reference in `from` names; `None` if it is none on this machine.
fn beside(from: &Path, reference: &str) -> Option<PathBuf> {
    let place = reference.split('#').next().filter(|place| !place.is_empty())?;
    if place.contains("://") || place.starts_with("//") {
        return None;
    }
    Some(tidy(&from.parent().unwrap_or(Path::new("")).join(decoded(place))))
}

/// References read documents and nothing else.
fn is_document(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| matches!(ending.as_str(), "yaml" | "yml" | "json"))
}

/// A path without steps that take each other back, as URIs are resolved.
fn tidy(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for step in path.components() {
        match step {
            Component::CurDir => {}
            Component::ParentDir if matches!(found.components().next_back(), Some(Component::Normal(_))) => {
                found.pop();
            }
            step => found.push(step),
        }
    }
    found
}

/// Percent-decoded, where that is UTF-8.
fn decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match hex.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
