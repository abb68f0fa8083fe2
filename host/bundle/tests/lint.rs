//! No false alarms: what is written with care is not remarked upon. What is
//! remarked upon stands in `mistakes/warning-*`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs;
use std::path::PathBuf;

use solgate_bundle::{BuildOptions, compile_dir, render};
use support::folder;

#[test]
fn bundles_that_we_ship_and_careful_ones_have_no_warning() {
    let policies = fs::read_dir(folder("../../../policies")).unwrap().map(|entry| entry.unwrap().path());
    let bundles: Vec<PathBuf> =
        policies.chain(["minimal", "careful", "optional"].map(|name| folder(&format!("bundles/{name}")))).collect();
    assert!(bundles.len() > 2);
    for bundle in bundles {
        let compiled = compile_dir(&bundle, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
        let warnings = render(&compiled.warnings, &compiled.sources, false);
        assert!(warnings.is_empty(), "{}:\n{warnings}", bundle.display());
    }
}
