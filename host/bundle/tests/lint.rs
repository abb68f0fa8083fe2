//! No false alarms: what is written with care is not remarked upon. What is
//! remarked upon stands in `mistakes/warning-*`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use solgate_bundle::{BuildOptions, Failure, compile_dir, render};
use support::{copy, folder, minimal};

/// Many times what it takes.
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn bundles_that_we_ship_and_careful_ones_have_no_warning() {
    let policies = fs::read_dir(folder("../../../policies")).unwrap().map(|entry| entry.unwrap().path());
    let bundles: Vec<PathBuf> = policies
        .filter(|path| path.is_dir())
        .chain(["minimal", "careful", "optional"].map(|name| folder(&format!("bundles/{name}"))))
        .collect();
    assert!(bundles.len() > 2);
    for bundle in bundles {
        let compiled = compile_dir(&bundle, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
        let warnings = render(&compiled.warnings, &compiled.sources, false);
        assert!(warnings.is_empty(), "{}:\n{warnings}", bundle.display());
    }
}

/// What takes a time with the square of a bundle takes minutes here.
#[test]
fn a_long_expression_and_many_mistakes_are_looked_at_in_time() {
    let dir = tempfile::tempdir().unwrap();
    copy(&minimal(), dir.path());
    let terms: Vec<String> = (0..20_000).map(|n| format!("body.terminationType == 'x{n}'")).collect();
    let rule = |require: &str| {
        format!(
            "- id: long.rule\n  operations: [terminate]\n  when: has(body.terminationType)\n  require: \"{require}\"\n  \
             otherwise: {{ status: 409, title: A }}\n  doc: D\n"
        )
    };
    let file = dir.path().join("rules/long.yaml");
    fs::write(&file, rule(&terms.join(" || "))).unwrap();
    let begin = Instant::now();
    compile_dir(dir.path(), &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(begin.elapsed() < LIMIT, "20,000 terms: {:?}", begin.elapsed());

    let mistakes: Vec<String> = (0..20_000).map(|n| format!("boddy{n}")).collect();
    fs::write(&file, rule(&mistakes.join("\n    || "))).unwrap();
    let begin = Instant::now();
    let Err(Failure::Mistakes(found)) = compile_dir(dir.path(), &BuildOptions::default()) else { panic!("accepted") };
    assert!(found.len() >= 20_000 && found.render(false).contains("`boddy19999`"), "{}", found.len());
    assert!(begin.elapsed() < LIMIT, "20,000 mistakes: {:?}", begin.elapsed());
}
