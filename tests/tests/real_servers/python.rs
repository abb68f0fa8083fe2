//! Python with the package `solgate` and the library, in the environment that
//! Tacker is installed in.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use solgate_tests::servers::installed;
use solgate_tests::workspace;

/// Where guides have the library.
pub const LIBRARY_IN_GUIDES: &str = "/usr/lib/libsolgate.so";

/// The library of this build.
///
/// # Panics
/// If it is missing.
pub fn library() -> PathBuf {
    let path = solgate_embedding::path();
    path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}; run `make build`", path.display()))
}

/// The interpreter, with the package and the modules of a folder.
pub fn with_modules(folder: &OsStr) -> Command {
    let mut path = workspace().join("adapters/python/src").into_os_string();
    path.push(":");
    path.push(folder);
    let mut command = Command::new(installed("tacker/bin/python"));
    command
        .env("PYTHONPATH", path)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SOLGATE_CACHE_DIR", workspace().join("target/solgate/cache"));
    command
}
