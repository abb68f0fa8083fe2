//! Finds what `make` builds before it builds this crate: the default policy, and the
//! native code for the machines that the program is built for.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=SOLGATE_ARTIFACTS");
    let folder = std::env::var_os("SOLGATE_ARTIFACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/solgate"), PathBuf::from);
    let architecture = std::env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    find("SOLGATE_DEFAULT_POLICY", &folder.join("vnflcm-v2.wasm.zst"));
    find("SOLGATE_NATIVE_CODE", &folder.join(format!("engine-{architecture}.native")));
}

fn find(variable: &str, file: &Path) {
    println!("cargo::rerun-if-changed={}", file.display());
    if file.is_file() {
        println!("cargo::rustc-env={variable}={}", file.display());
    } else {
        println!(
            "cargo::error={} is missing: run `make build` instead of `cargo build`, or depend on `solgate` without its feature `default-policy`",
            file.display()
        );
    }
}
