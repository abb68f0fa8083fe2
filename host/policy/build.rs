//! Finds the default policy, which `make` bakes before it builds this crate.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=SOLGATE_ARTIFACTS");
    let folder = std::env::var_os("SOLGATE_ARTIFACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/solgate"), PathBuf::from);
    let policy = folder.join("vnflcm-v2.wasm");
    println!("cargo::rerun-if-changed={}", policy.display());
    if policy.is_file() {
        println!("cargo::rustc-env=SOLGATE_DEFAULT_POLICY={}", policy.display());
    } else {
        println!("cargo::error=the default policy has not been baked yet: run `make build` instead of `cargo build`");
    }
}
