//! The static binary for arm64 judges as the one of this machine does, under qemu.
//! tests/arm64/build.sh, which `make test-long` calls, makes what is needed; where something
//! is missing, that is said, and nothing is tested.

use std::process::{Command, Output};

use serde_json::Value;
use solgate_tests::process::{binary, solgate};
use solgate_tests::{artifact, workspace};

const BINARY: &str = "target/aarch64-unknown-linux-musl/release/solgate";
const QEMU: &str = "qemu-aarch64";

/// What runs the binary; `None` if it cannot be run here.
fn arm64() -> Option<Command> {
    let file = workspace().join(BINARY);
    if !file.exists() {
        eprintln!("skipped: {BINARY} has not been built (tests/arm64/build.sh)");
        return None;
    }
    if cfg!(target_arch = "aarch64") {
        return Some(Command::new(file));
    }
    if let Err(error) = Command::new(QEMU).arg("--version").output() {
        eprintln!("skipped: {QEMU} cannot be run ({error}); tests/arm64/build.sh installs it");
        return None;
    }
    let mut command = Command::new(QEMU);
    command.arg(file);
    Some(command)
}

/// Both give the same with these arguments.
fn same(arguments: &[&str]) -> Option<[Output; 2]> {
    let cache = tempfile::tempdir().expect("a folder");
    let run = |mut command: Command| {
        command.args(arguments).current_dir(workspace()).env("SOLGATE_CACHE_DIR", cache.path());
        command.output().expect("it runs")
    };
    let outputs = [run(arm64()?), run(solgate())];
    let said = String::from_utf8_lossy(&outputs[0].stderr);
    assert_eq!(outputs[0].status.code(), outputs[1].status.code(), "{arguments:?}: {said}");
    Some(outputs)
}

#[test]
#[ignore = "needs the binary for arm64, and qemu"]
fn all_cases_of_the_default_policy_pass() {
    let policy = artifact("vnflcm-v2.wasm");
    let policy = policy.to_str().expect("a path of text");
    let Some(outputs) = same(&["test", policy, "--format", "json"]) else { return };
    let [there, here] = outputs.map(|output| {
        let mut report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        without_times(&mut report);
        report
    });
    assert_eq!(here, there);
    let passed = there["passed"].as_u64().expect("a number");
    assert!(passed > 500 && there["failed"] == 0, "{there}");
    eprintln!("{passed} cases pass on arm64");
}

/// A report says how long something took, which is never the same.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("milliseconds");
            members.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

#[test]
#[ignore = "needs the binary for arm64, and qemu"]
fn a_request_gets_the_same_answer() {
    for arguments in [
        &["check", "docs/examples/terminate.http"][..],
        &["check", "docs/examples/terminate.http", "--format", "json"],
        &["explain", "docs/examples/terminate.http"],
        &["--version"],
    ] {
        let Some([there, here]) = same(arguments) else { return };
        assert_eq!(String::from_utf8_lossy(&there.stdout), String::from_utf8_lossy(&here.stdout), "{arguments:?}");
    }
}

/// A program that needs an interpreter would not run where another C library is.
#[test]
#[ignore = "needs the binary for arm64, and qemu"]
fn the_binary_is_static_and_for_arm64() {
    if arm64().is_none() {
        return;
    }
    let read = |file| std::fs::read(file).expect("it is readable");
    let (there, here) = (read(workspace().join(BINARY)), read(binary()));
    // ELF's header: machine 183 is AArch64; a program header of type 3 names an interpreter.
    assert_eq!(there.get(18..20), Some(&183_u16.to_le_bytes()[..]));
    let interpreter = |elf: &[u8]| {
        let number = |at: usize, size: usize| {
            let bytes = elf.get(at..at + size).expect("it is long enough");
            bytes.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
        };
        let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
        (0..count).any(|index| number(table + index * size, 4) == 3)
    };
    assert!(!interpreter(&there) && interpreter(&here));
}
