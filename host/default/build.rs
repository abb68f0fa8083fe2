//! Finds what `make` builds before it builds this crate: the built-in policies, and the
//! native code for the machines that the program is built for.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=SOLGATE_ARTIFACTS");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = std::env::var_os("SOLGATE_ARTIFACTS").map_or_else(|| here.join("../../target/solgate"), PathBuf::from);
    let architecture = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let native = folder.join(format!("engine-{architecture}.native"));
    if is_there(&native) {
        println!("cargo::rustc-env=SOLGATE_NATIVE_CODE={}", native.display());
    }
    if let Err(error) = built_in(&here.join("../../policies/built-in"), &folder) {
        println!("cargo::error=the list of the built-in policies, policies/built-in: {error}");
    }
}

/// Writes a table of the policies that the list names.
fn built_in(list: &Path, folder: &Path) -> std::io::Result<()> {
    println!("cargo::rerun-if-changed={}", list.display());
    let mut table = "&[\n".to_owned();
    for line in fs::read_to_string(list)?.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { continue };
        let roots: Vec<&str> = words.collect();
        let component = folder.join(format!("{name}.wasm.zst"));
        if is_there(&component) {
            let _ = writeln!(
                table,
                "BuiltIn::new({name:?}, &{roots:?}, include_bytes!({:?})),",
                component.display().to_string()
            );
        }
    }
    table.push_str("]\n");
    let output = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(output.join("built_in.rs"), table)
}

fn is_there(file: &Path) -> bool {
    println!("cargo::rerun-if-changed={}", file.display());
    let there = file.is_file();
    if !there {
        println!(
            "cargo::error={} is missing: run `make build` instead of `cargo build`, or depend on `solgate` without its feature `default-policy`",
            file.display()
        );
    }
    there
}
