//! Finds the engine that policies are baked from.
//!
//! It is a build product of this workspace for another target, so Cargo cannot
//! name it as a dependency; `make` builds it first.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=SOLGATE_ARTIFACTS");
    let folder = std::env::var_os("SOLGATE_ARTIFACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/solgate"), PathBuf::from);
    let engine = folder.join("engine.wasm");
    println!("cargo::rerun-if-changed={}", engine.display());
    if engine.is_file() {
        println!("cargo::rustc-env=SOLGATE_ENGINE_WASM={}", engine.display());
    } else {
        println!(
            "cargo::error=the policy engine has not been built for WebAssembly yet: run `make build` instead of `cargo build`"
        );
    }
}
