//! Finds the compiler of bundles for browsers, which is a build product of this workspace for
//! another target, so that Cargo cannot name it as a dependency; `make` builds it first.

use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-env-changed=SOLGATE_ARTIFACTS");
    let folder = std::env::var_os("SOLGATE_ARTIFACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/solgate"), PathBuf::from);
    let compiler = folder.join("page-compiler.wasm.zst");
    println!("cargo::rerun-if-changed={}", compiler.display());
    if compiler.is_file() {
        println!("cargo::rustc-env=SOLGATE_PAGE_COMPILER={}", compiler.display());
    } else {
        println!(
            "cargo::error=the compiler for browsers has not been built for WebAssembly yet: run `make build` instead of `cargo build`"
        );
    }
}
