//! `solgate lsp`, as an editor talks to it.

mod client;
mod conversation;
mod diagnostics;
mod neovim;
mod places;

use std::fs;
use std::path::{Path, PathBuf};

/// A bundle of its own on top of the default policy.
pub struct Bundle(tempfile::TempDir);

impl Bundle {
    /// With files by name. The folder's name holds what a URI has to escape.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let bundle = Self(tempfile::Builder::new().prefix("a-bundle").tempdir().expect("a folder"));
        for (name, text) in files {
            let path = bundle.at(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
            fs::write(path, text).expect("it is written");
        }
        bundle
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().expect("it is there").join(name)
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }
}

pub const POLICY: &str = "name: mine\nversion: 0.1.0\nextends: vnflcm-v2\nlanguage: 2\noptions:\n  picky:\n    type: boolean\n    default: true\n    doc: Whether it is picky.\nlists:\n  hosts: hosts.txt\n";
