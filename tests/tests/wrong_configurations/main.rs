//! Mistakes in a configuration: each file of `cases` has one, and says in its first line
//! what the gate says of it, and where. It is said before anything is listened on. The
//! mistakes of `arguments.txt` are on the command line instead.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, date_time_ymd};
use serde_json::json;
use solgate_tests::certificates::{Authority, Holder};
use solgate_tests::process::solgate;
use solgate_tests::tokens::{TokenKey, jwks};
use solgate_tests::{minimal, workspace};

/// What the cases name.
fn furnish(folder: &Path) {
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("it is written");
    let authority = Authority::new("servers");
    write("ca.pem", authority.pem().as_bytes());
    write("ca.der", authority.der());
    authority.issue(&Holder { common_name: "gate", expired: true, ..Holder::default() }).write(folder, "ended");
    let mut later = CertificateParams::default();
    (later.not_before, later.not_after) = (date_time_ymd(2100, 1, 1), date_time_ymd(2101, 1, 1));
    authority.sign(later).write(folder, "later");
    for name in ["gate", "other", "open", "b"] {
        authority.server().write(folder, name);
    }
    authority.issue(&Holder { common_name: "a", hosts: &["a.example"], ..Holder::default() }).write(folder, "a");
    let issuer_first = authority.pem() + &std::fs::read_to_string(folder.join("gate.pem")).expect("it is readable");
    write("issuer-first.pem", issuer_first.as_bytes());
    std::fs::set_permissions(folder.join("open.key"), Permissions::from_mode(0o666)).expect("it is changed");
    write("policy.wasm", &minimal::policy(&[]));
    write("module.wasm", b"\0asm\x01\0\0\0");
    write("policy.yaml", b"name: a bundle\n");
    let keys = solgate().current_dir(folder).args(["keygen", "team.key"]).output().expect("it runs");
    assert!(keys.status.success());
    let key = TokenKey::p256("a");
    write("keys.json", jwks(&[&key]).to_string().as_bytes());
    write("one-key.json", key.jwk().to_string().as_bytes());
    write("no-keys.json", json!({"keys": []}).to_string().as_bytes());
    write("shared-secret.json", json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}).to_string().as_bytes());
    for name in ["empty", "readable.jsonl"] {
        write(name, b"");
    }
    std::fs::create_dir(folder.join("folder")).expect("it is made");
    symlink("policy.wasm", folder.join("link")).expect("it is linked");
    symlink("/dev/zero", folder.join("device")).expect("it is linked");
    let made = Command::new("mkfifo").arg(folder.join("pipe")).status().expect("it runs");
    assert!(made.success());
    std::fs::File::create(folder.join("endless")).and_then(|file| file.set_len(1 << 40)).expect("it is made");
}

/// Where the mistakes are.
fn here(name: &str) -> std::path::PathBuf {
    workspace().join("tests/tests/wrong_configurations").join(name)
}

/// The exit code and the last line of what it says.
fn said(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = solgate().current_dir(folder).args(arguments).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    (output.status.code(), said.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn each_mistake_is_refused_with_its_line_and_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    furnish(folder.path());
    let cases = std::fs::read_dir(here("cases")).expect("there are cases");
    let (mut texts, mut wrong) = (BTreeSet::new(), Vec::new());
    for case in cases {
        let case = case.expect("it is readable").path();
        let text = std::fs::read_to_string(&case).expect("it is text");
        let (expected, configuration) = text.split_once('\n').expect("it has lines");
        let expected = expected.strip_prefix("# ").expect("it says what is expected");
        std::fs::write(folder.path().join("solgate.yaml"), &text).expect("it is written");
        let (code, said) = said(folder.path(), &["serve", "--config", "solgate.yaml", "--check-config"]);
        // What is different from day to day may be left out at the end.
        let fits = match expected.strip_suffix("...") {
            Some(begin) => said.starts_with(&format!("solgate: solgate.yaml:{begin}")),
            None => said == format!("solgate: solgate.yaml:{expected}"),
        };
        if code != Some(2) || !fits {
            wrong.push(format!("{}: {said}", case.file_name().unwrap_or_default().display()));
        }
        assert!(texts.insert(configuration.to_owned()), "{} is there twice", case.display());
    }
    assert!(texts.len() > 200, "{} cases", texts.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// To the filter of messages any word is the name of a module, and nothing would be said.
#[test]
fn a_level_that_does_not_exist_is_refused() {
    for (level, accepted) in [("wran", false), ("solgate_upstream=debug", false), ("warn", true), ("", true)] {
        let arguments = ["serve", "--upstream", "http://vnfm", "--check-config"];
        let output = solgate().args(arguments).env("SOLGATE_LOG", level).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(if accepted { 0 } else { 2 }), "{level}: {said}");
        assert!(accepted || said.starts_with("solgate: SOLGATE_LOG: expected "), "{said}");
    }
}

#[test]
fn each_mistake_in_arguments_is_refused_with_its_name_and_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    furnish(folder.path());
    let text = std::fs::read_to_string(here("arguments.txt")).expect("it is text");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect::<Vec<_>>();
    let (pairs, rest) = lines.as_chunks::<2>();
    assert!(rest.is_empty() && pairs.len() > 20, "{} pairs", pairs.len());
    let mut wrong = Vec::new();
    for [arguments, expected] in pairs {
        let given = arguments.strip_prefix("$ ").expect("arguments").split(' ').collect::<Vec<_>>();
        let output = solgate().current_dir(folder.path()).args(given).arg("--check-config").output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        // After warnings. What the parser of arguments says may go on, up to an empty line.
        let lines = said.lines().skip_while(|line| !line.starts_with("solgate: ") && !line.starts_with("error: "));
        let lines: Vec<&str> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
        let line = lines.join(" ");
        if output.status.code() != Some(2) || Some(line.as_str()) != expected.strip_prefix("! ") {
            wrong.push(format!("{arguments}\n! {line}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
