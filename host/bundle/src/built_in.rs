//! The bundles that another can extend by name: their sources are part of the
//! program, so that an author needs nothing else.

use crate::tree::Texts;

/// One of them.
#[derive(Debug)]
pub(crate) struct BuiltIn {
    pub name: &'static str,
    /// Names relative to the bundle's folder, sorted, and texts.
    files: &'static [(&'static str, &'static str)],
}

/// Made by the build script.
static BUILT_IN: &[BuiltIn] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

impl BuiltIn {
    pub fn find(name: &str) -> Option<&'static Self> {
        BUILT_IN.iter().find(|bundle| bundle.name == name)
    }

    /// Its files, as an author would have them.
    pub fn texts(&self) -> Texts {
        self.files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|bundle| bundle.name)
    }

    pub fn text(&self, name: &str) -> Option<&'static str> {
        self.files.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// Names of the files below a folder, which ends with a slash.
    pub fn below(&self, folder: &'static str) -> impl Iterator<Item = &'static str> {
        self.files.iter().map(|(name, _)| *name).filter(move |name| name.starts_with(folder))
    }
}
