//! Source texts, and places in them.

use std::collections::BTreeSet;
use std::ops::Range;

/// Names one of the [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(usize);

/// A stretch of one source text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    pub file: FileId,
    pub start: usize,
    pub end: usize,
}

impl At {
    /// The start of a file.
    pub fn start_of(file: FileId) -> Self {
        Self { file, start: 0, end: 0 }
    }
}

/// A place in a source text as an author sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Span {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The same place in bytes.
    pub bytes: Range<usize>,
}

/// One source text.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name relative to the bundle's folder, with `/` on every system. What
    /// lies elsewhere has a name that says where: `../base/policy.yaml`, or
    /// `built-in:vnflcm-v2/policy.yaml`.
    pub name: String,
    pub text: String,
}

/// All source texts of one piece of work, kept so that excerpts can be shown.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<Source>,
    /// Of each file, where its lines begin.
    lines: Vec<Vec<usize>>,
    /// Those of bundles that the compiled one extends.
    inherited: BTreeSet<FileId>,
}

impl Sources {
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(self.files.len());
        let text = text.into();
        let breaks = text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, next)| next);
        self.lines.push(std::iter::once(0).chain(breaks).collect());
        self.files.push(Source { name: name.into(), text });
        id
    }

    /// The same for a file of a bundle that is extended.
    pub fn add_inherited(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = self.add(name, text);
        self.inherited.insert(id);
        id
    }

    pub fn is_inherited(&self, id: FileId) -> bool {
        self.inherited.contains(&id)
    }

    pub fn name(&self, id: FileId) -> &str {
        self.files.get(id.0).map_or("", |file| &file.name)
    }

    pub fn text(&self, id: FileId) -> &str {
        self.files.get(id.0).map_or("", |file| &file.text)
    }

    /// The source of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Source> {
        self.files.iter().find(|file| file.name == name)
    }

    /// All sources, in the order in which they were read.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// Line, column and a byte range that lies on character boundaries.
    pub fn span(&self, at: At) -> Span {
        let text = self.text(at.file);
        let start = floor_boundary(text, at.start);
        let end = floor_boundary(text, at.end.max(start));
        let lines = self.lines.get(at.file.0).map_or(&[][..], Vec::as_slice);
        // The line that begins here or before.
        let line = lines.partition_point(|begin| *begin <= start);
        let line_start = line.checked_sub(1).and_then(|index| lines.get(index)).copied().unwrap_or_default();
        Span {
            line: line.max(1),
            column: text.get(line_start..start).map_or(0, |line| line.chars().count()).saturating_add(1),
            bytes: start..end.max(start),
        }
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}
