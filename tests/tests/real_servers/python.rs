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

/// A command that runs a program of tests/doors; `modules` is a folder with more.
pub fn run(program: &str, modules: &OsStr) -> Command {
    let mut path = workspace().join("adapters/python/src").into_os_string();
    path.push(":");
    path.push(modules);
    let mut command = Command::new(installed("tacker/bin/python"));
    command
        .arg(workspace().join("tests/doors").join(program))
        .env("PYTHONPATH", path)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SOLGATE_CACHE_DIR", workspace().join("target/solgate/cache"));
    command
}
