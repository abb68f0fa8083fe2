//! Commands whose standard output or standard error is full or read by nobody: none
//! panics, and each says by its exit status what it could do.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::{Command, Stdio};

use solgate_tests::process::solgate;
use solgate_tests::{artifact, copy_folder, workspace};

/// Command, its exit status, and whether it prints a result.
const COMMANDS: [(&str, i32, bool); 24] = [
    ("--help", 0, true),
    ("--version", 0, true),
    ("help-is-no-command", 2, false),
    ("check request.http", 1, true),
    ("check request.http --format json", 1, true),
    ("explain request.http", 1, true),
    ("explain request.http --format json", 1, true),
    ("lint bundle", 0, true),
    ("lint broken", 1, true),
    ("test bundle", 0, true),
    ("test bundle --format json", 0, true),
    ("test bundle --format junit", 0, true),
    ("docs bundle", 0, true),
    ("docs bundle --format openapi", 0, true),
    ("inspect", 0, true),
    ("inspect --format json", 0, true),
    ("inspect request.http", 1, true),
    ("schema policy", 0, true),
    ("completions bash", 0, true),
    ("verify policy.wasm --public-key team.key.pub", 1, false),
    ("sign policy.wasm --key team.key", 0, false),
    ("replay decisions.jsonl", 0, true),
    ("import-cases decisions.jsonl", 0, true),
    ("import-cases decisions.jsonl -o cases.yaml --force --format json", 0, true),
];

/// What is done to a command before it runs.
type Change<'c> = &'c dyn Fn(&mut Command);

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").expect("Linux has it").into()
}

/// A pipe that nobody reads any more.
fn gone() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("it is made");
    drop(reader);
    writer.into()
}

fn command(line: &str, folder: &Path) -> Command {
    let mut command = solgate();
    command.args(line.split(' ')).current_dir(folder).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn status(command: &mut Command) -> Option<i32> {
    command.status().expect("it runs").code()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    copy_folder(&workspace().join("host/bundle/tests/bundles/minimal"), &at.join("bundle"));
    let case = "cases:\n  - { name: the API root is no resource, path: \"\", expect: { status: 404 } }\n";
    std::fs::create_dir_all(at.join("bundle/tests")).expect("it is made");
    std::fs::write(at.join("bundle/tests/one.yaml"), case).expect("it is written");
    copy_folder(&at.join("bundle"), &at.join("broken"));
    std::fs::write(at.join("broken/policy.yaml"), "name: []\n").expect("it is written");
    std::fs::write(at.join("request.http"), "GET /nowhere HTTP/1.1\r\n\r\n").expect("it is written");
    std::fs::copy(artifact("vnflcm-v2.wasm"), at.join("policy.wasm")).expect("it is copied");
    std::fs::copy(workspace().join("docs/examples/decisions.jsonl"), at.join("decisions.jsonl")).expect("it is copied");
    assert_eq!(status(&mut command("keygen team.key", at)), Some(0));
    folder
}

#[test]
fn no_command_ends_by_an_output_that_fails() {
    let folder = folder();
    for (line, expected, prints) in COMMANDS {
        let run = |change: Change<'_>| {
            // What `sign` has made would be a signature for `verify`.
            let _ = std::fs::remove_file(folder.path().join("policy.wasm.sig"));
            let mut command = command(line, folder.path());
            change(&mut command);
            status(&mut command)
        };
        let cases: [(&str, Change<'_>, i32); 5] = [
            ("nothing fails", &|_| {}, expected),
            ("standard error is full", &|command| _ = command.stderr(full()), expected),
            ("standard error has no reader", &|command| _ = command.stderr(gone()), expected),
            ("standard output is full", &|command| _ = command.stdout(full()), if prints { 2 } else { expected }),
            ("standard output has no reader", &|command| _ = command.stdout(gone()), expected),
        ];
        for (what, change, expected) in cases {
            assert_eq!(run(change), Some(expected), "solgate {line}: {what}");
        }
    }
    // These take longer.
    let mut build = command("build bundle -o built.wasm", folder.path());
    assert_eq!(status(build.stderr(full())), Some(0), "solgate build");
    let mut build = command("build bundle -o built.wasm --format json", folder.path());
    assert_eq!(status(build.stdout(full())), Some(2), "solgate build");
    for (number, output) in [full(), gone()].into_iter().enumerate() {
        let mut keygen = command(&format!("keygen {number}.key"), folder.path());
        assert_eq!(status(keygen.stderr(output)), Some(0), "solgate keygen");
        let mut new = command(&format!("new new-{number}"), folder.path());
        assert_eq!(status(new.stderr(full())), Some(0), "solgate new");
    }
}
