//! A site on disk.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use flate2::read::GzDecoder;
use serde_json::Value;
use solgate_tests::process::solgate;

/// A site, made by the command.
pub struct Site {
    _home: tempfile::TempDir,
    pub folder: PathBuf,
}

/// What the command says of a policy for which it makes no site, or does.
pub fn run(policy: &Path, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = solgate();
    command.arg("playground").arg(policy).arg("--output").arg(folder).args(arguments).output().expect("it runs")
}

impl Site {
    /// Of a file, a bundle's folder, or a built-in policy's name.
    pub fn of(policy: &Path) -> Self {
        Self::with(policy, &[])
    }

    /// One on which the bundle can be edited.
    pub fn to_edit(policy: &Path) -> Self {
        Self::with(policy, &["--edit"])
    }

    fn with(policy: &Path, arguments: &[&str]) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        // Its parent is made, too.
        let folder = home.path().join("sites/of-a-policy");
        let made = run(policy, &folder, arguments);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { _home: home, folder }
    }

    /// All files, by their path below the folder.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("it is a folder") {
                let path = entry.expect("it is readable").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&self.folder).expect("below it").to_str().expect("text").to_owned();
                    files.insert(name, std::fs::read(path).expect("it is readable"));
                }
            }
        }
        files
    }

    pub fn about(&self) -> Value {
        let text = std::fs::read(self.folder.join("playground.json")).expect("it is there");
        serde_json::from_slice(&text).expect("it is JSON")
    }

    /// A file that is compressed.
    pub fn unpacked(&self, path: &str) -> Vec<u8> {
        let packed = std::fs::read(self.folder.join(path)).expect("it is there");
        let mut bytes = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut bytes).expect("it is gzip");
        bytes
    }

    /// The core modules, as the page unpacks them.
    pub fn modules(&self) -> Vec<Vec<u8>> {
        let about = self.about();
        let modules = about["modules"].as_array().expect("a list").iter();
        modules.map(|module| self.unpacked(module["path"].as_str().expect("a path"))).collect()
    }
}
