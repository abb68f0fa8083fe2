//! `include/solgate.h` is what the sources say. `BLESS=1` writes it again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::path::Path;

#[test]
fn the_header_is_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).expect("it is a configuration");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(folder.join("src/types.rs"))
        .with_src(folder.join("src/exports.rs"))
        .generate()
        .expect("the sources can be read");
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).expect("it is text");

    let header = folder.join("include/solgate.h");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&header, &made).expect("it is written");
    }
    let committed = std::fs::read_to_string(&header).unwrap_or_default();
    assert_eq!(committed, made, "include/solgate.h is out of date; BLESS=1 writes it again");
}
