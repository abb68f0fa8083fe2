//! What the commands print and how they exit, as transcripts in `commands/*.txt`.
//!
//! A case starts with its command line, `$ solgate ARGUMENT...`; single quotes
//! hold an argument together, and `< FILE` at the end gives standard input.
//! `> ` is a line of standard output, `! ` one of standard error, `= ` the exit
//! status. `[..]` stands for any part of a line, and a line with only `...` for
//! any number of lines. `{port}` is a port that is taken. `+ FILE` and the `| `
//! lines after it make a file for this case and those that follow; other files
//! are those of `commands/files`; `bundle`, `broken` and `measured` are the
//! smallest bundle.
//! `BLESS=1` writes down what is printed now where it is
//! not what is expected.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use solgate_tests::process::solgate;
use solgate_tests::{copy_folder, workspace};

const PART: &str = "[..]";
const LINES: &str = "...";
/// Transcripts that make files which later ones use.
const ORDER: &[&str] = &["build.txt", "coverage.txt", "lint.txt", "new.txt"];

#[test]
fn the_commands_print_what_the_transcripts_say() {
    let folder = workspace().join("tests/commands");
    let home = tempfile::tempdir().expect("a folder");
    copy_folder(&folder.join("files"), home.path());
    for bundle in ["bundle", "broken", "measured"] {
        copy_folder(&workspace().join("host/bundle/tests/bundles/minimal"), &home.path().join(bundle));
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it has an address").port().to_string();

    let bless = std::env::var_os("BLESS").is_some_and(|value| value == "1");
    let mut different = String::new();
    for path in transcripts(&folder) {
        let transcript = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("it is readable");
        let mut now = String::new();
        for (line, case) in cases(&text) {
            now.push_str(&case.before);
            let expected: Vec<&str> = case.expected.lines().collect();
            write_files(&case.before, home.path());
            let found = run(case.command, home.path(), &port);
            if matches(&expected, &found.lines().collect::<Vec<_>>()) {
                let _ = write!(now, "$ {}\n{}", case.command, case.expected);
                continue;
            }
            let _ = write!(now, "$ {}\n{found}", case.command);
            let _ = writeln!(different, "{transcript}:{line}: $ {}\n{found}", case.command);
        }
        if bless {
            fs::write(&path, now).expect("it is written");
        }
    }
    assert!(bless || different.is_empty(), "printed now (BLESS=1 accepts it):\n{different}");
}

/// All transcripts, those in [`ORDER`] first.
fn transcripts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is readable");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it is readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    let place = |path: &PathBuf| ORDER.iter().position(|name| path.ends_with(name)).unwrap_or(ORDER.len());
    paths.sort_by_cached_key(|path| (place(path), path.clone()));
    assert!(!paths.is_empty(), "there are transcripts");
    paths
}

#[derive(Default)]
struct Case<'t> {
    /// Comments, empty lines and files.
    before: String,
    command: &'t str,
    expected: String,
}

/// The cases of a transcript, with their line numbers.
fn cases(text: &str) -> Vec<(usize, Case<'_>)> {
    let mut cases: Vec<(usize, Case<'_>)> = Vec::new();
    let mut before = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(command) = line.strip_prefix("$ ") {
            cases.push((number, Case { before: std::mem::take(&mut before), command, expected: String::new() }));
        } else if line.is_empty() || line.starts_with(['#', '+', '|']) {
            let _ = writeln!(before, "{line}");
        } else {
            let _ = writeln!(cases.last_mut().expect("a command comes first").1.expected, "{line}");
        }
    }
    assert!(before.is_empty() && !cases.is_empty(), "a transcript ends with a case");
    cases
}

fn write_files(before: &str, home: &Path) {
    let mut file = None;
    for line in before.lines() {
        if let Some(name) = line.strip_prefix("+ ") {
            let path = home.join(name);
            fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it is created");
            file = Some(File::create(path).expect("it is created"));
        } else if let Some(content) = line.strip_prefix('|') {
            let content = content.strip_prefix(' ').unwrap_or_default();
            writeln!(file.as_mut().expect("a name comes first"), "{content}").expect("it is written");
        }
    }
}

fn run(line: &str, home: &Path, port: &str) -> String {
    let line = line.replace("{port}", port);
    let (line, input) = match line.split_once(" < ") {
        Some((line, file)) => (line, File::open(home.join(file)).expect("it is readable").into()),
        None => (line.as_str(), Stdio::null()),
    };
    let arguments = arguments(line.strip_prefix("solgate").expect("it runs solgate"));
    let done =
        solgate().args(&arguments).current_dir(home).env("RUST_BACKTRACE", "1").stdin(input).output().expect("it runs");
    let mut found = String::new();
    for (mark, bytes) in [('>', done.stdout), ('!', done.stderr)] {
        for line in String::from_utf8(bytes).expect("it is UTF-8").lines() {
            let line = format!("{mark} {}", line.replace(port, "{port}"));
            let _ = writeln!(found, "{}", line.trim_end());
        }
    }
    found + &format!("= {}\n", done.status.code().map_or("a signal".to_owned(), |code| code.to_string()))
}

fn arguments(line: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    for (at, piece) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            arguments.push(piece.to_owned());
        } else {
            arguments.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    arguments
}

fn matches(expected: &[&str], found: &[&str]) -> bool {
    match (expected, found) {
        ([], []) => true,
        ([LINES, rest @ ..], _) => (0..=found.len()).any(|skipped| matches(rest, &found[skipped..])),
        ([first, rest @ ..], [line, others @ ..]) => line_matches(first, line) && matches(rest, others),
        _ => false,
    }
}

fn line_matches(expected: &str, found: &str) -> bool {
    match expected.split_once(PART) {
        None => expected == found,
        Some((start, rest)) => found.strip_prefix(start).is_some_and(|found| {
            (0..=found.len()).filter_map(|at| found.get(at..)).any(|tail| line_matches(rest, tail))
        }),
    }
}
