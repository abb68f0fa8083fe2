//! The compiler of bundles.

use std::path::Path;

use solgate_bundle::templates::Template;
use solgate_bundle::{BuildOptions, Compiled, Diagnostic, Failure, compile_dir, render, rule_book};
use solgate_engine::ir::Bundle;

use crate::message::split_once;

/// The input is files of a bundle, each after a line `=== NAME`; those that are not in
/// it are the files of the template `minimal`. Without such a line it is a file of
/// rules. Whatever is in them:
///
/// - the bundle is compiled, or there is at least one mistake, with its file;
/// - what was found can be shown;
/// - the same files give the same bundle, which can be written and read again.
///
/// # Panics
/// If it is not so.
pub fn bundle(input: &[u8]) {
    let folder = tempfile::tempdir().expect("there is room");
    for (name, text) in Template::Minimal.files() {
        write(folder.path(), name, text.as_bytes());
    }
    for (name, text) in files(input) {
        write(folder.path(), name, text);
    }
    match compiled(folder.path()) {
        Ok(compiled) => check(&compiled, folder.path()),
        Err(Failure::Mistakes(mistakes)) => {
            assert!(!mistakes.is_empty(), "there is a mistake");
            mistakes.iter().for_each(check_diagnostic);
            assert!(!mistakes.render(true).is_empty());
        }
        Err(failure) => panic!("the folder is readable, and nothing is lost: {failure}"),
    }
}

fn compiled(folder: &Path) -> Result<Compiled, Failure> {
    compile_dir(folder, &BuildOptions::default())
}

fn check(compiled: &Compiled, folder: &Path) {
    compiled.warnings.iter().for_each(check_diagnostic);
    let shown = render(&compiled.warnings, &compiled.sources, false);
    assert_eq!(shown.is_empty(), compiled.warnings.is_empty());
    assert!(rule_book(&compiled.bundle).starts_with("# "));
    let written = serde_json::to_string(&compiled.bundle).expect("it can be written");
    let read: Bundle = serde_json::from_str(&written).expect("it can be read");
    assert_eq!(serde_json::to_string(&read).expect("it can be written"), written, "read again");
    let again = self::compiled(folder).expect("it is compiled once more");
    assert_eq!(serde_json::to_string(&again.bundle).expect("it can be written"), written, "compiled again");
}

fn check_diagnostic(diagnostic: &Diagnostic) {
    assert!(!diagnostic.message.is_empty() && !diagnostic.file.is_empty(), "{diagnostic:?}");
}

/// Names and contents.
fn files(input: &[u8]) -> Vec<(&str, &[u8])> {
    const MARK: &[u8] = b"=== ";
    if !input.starts_with(MARK) {
        return vec![("rules/terminate.yaml", input)];
    }
    let mut files = Vec::new();
    let mut rest = &input[MARK.len()..];
    loop {
        let (file, after) = match split_once(rest, b"\n=== ") {
            Some((file, after)) => (file, Some(after)),
            None => (rest, None),
        };
        let (name, text) = split_once(file, b"\n").unwrap_or((file, b""));
        files.extend(std::str::from_utf8(name).ok().filter(|name| is_name(name)).map(|name| (name, text)));
        match after {
            Some(after) => rest = after,
            None => return files,
        }
    }
}

/// A file that a bundle may have, and that stays in its folder.
fn is_name(name: &str) -> bool {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let (stem, extension) = file.rsplit_once('.').unwrap_or_default();
    ["", "rules", "tests", "lists", "base"].contains(&folder)
        && ["yaml", "txt"].contains(&extension)
        && (1..30).contains(&stem.len())
        && stem.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn write(folder: &Path, name: &str, text: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("it is made");
    std::fs::write(path, text).expect("it is written");
}
