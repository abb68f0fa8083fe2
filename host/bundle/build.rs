//! Finds what this crate carries along: the engine that policies are baked from,
//! and the sources of the bundles that others extend by name.
//!
//! The engine is a build product of this workspace for another target, so Cargo
//! cannot name it as a dependency; `make` builds it first.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() {
    // Without the system there is nothing to run it with.
    if std::env::var_os("CARGO_FEATURE_SYSTEM").is_some() {
        engine();
    }
    if let Err(error) = built_in() {
        println!("cargo::error=the built-in bundles cannot be read: {error}");
    }
}

fn engine() {
    println!("cargo::rerun-if-env-changed=SOLGATE_ARTIFACTS");
    let folder = std::env::var_os("SOLGATE_ARTIFACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/solgate"), PathBuf::from);
    let engine = folder.join("engine.wasm.zst");
    println!("cargo::rerun-if-changed={}", engine.display());
    if engine.is_file() {
        println!("cargo::rustc-env=SOLGATE_ENGINE={}", engine.display());
    } else {
        println!(
            "cargo::error=the policy engine has not been built for WebAssembly yet: run `make build` instead of `cargo build`"
        );
    }
}

/// Writes a table of the bundles' names, file names and texts: of those below `policies/`
/// that its list of the built-in ones names.
fn built_in() -> io::Result<()> {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").canonicalize()?;
    let built_in = policies.join("built-in");
    println!("cargo::rerun-if-changed={}", built_in.display());
    let listed = fs::read_to_string(built_in)?;
    let mut table = "&[\n".to_owned();
    for line in listed.lines().filter(|line| !line.starts_with('#')) {
        let Some(name) = line.split_whitespace().next() else { continue };
        let folder = policies.join(name);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        for part in ["policy.yaml", "openapi.yaml", "dialects", "rules", "lists", "tests"] {
            list(&folder, part, &mut files)?;
        }
        files.sort();
        let _ = writeln!(table, "BuiltIn {{ name: {name:?}, files: &[");
        for file in files {
            let _ = writeln!(table, "({file:?}, include_str!({:?})),", folder.join(&file));
        }
        table.push_str("] },\n");
    }
    table.push_str("]\n");
    let output = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(output.join("built_in.rs"), table)
}

fn list(folder: &Path, name: &str, files: &mut Vec<String>) -> io::Result<()> {
    let path = folder.join(name);
    if path.is_file() {
        files.push(name.to_owned());
    } else if path.is_dir() {
        for entry in fs::read_dir(path)? {
            let entry = entry?.file_name();
            let entry = entry.to_string_lossy();
            if !entry.starts_with('.') {
                list(folder, &format!("{name}/{entry}"), files)?;
            }
        }
    }
    Ok(())
}
