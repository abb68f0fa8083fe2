//! Mistakes in a configuration: each file of `cases` has one, and says in its first line
//! what the gate says of it, and where. It is said before anything is listened on.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, date_time_ymd};
use solgate_tests::certificates::{Authority, Holder};
use solgate_tests::process::solgate;
use solgate_tests::{minimal, workspace};

/// What the files name.
fn furnish(folder: &Path) {
    let authority = Authority::new("servers");
    std::fs::write(folder.join("ca.pem"), authority.pem()).expect("it is written");
    authority.issue(&Holder { common_name: "gate", expired: true, ..Holder::default() }).write(folder, "ended");
    let mut later = CertificateParams::default();
    (later.not_before, later.not_after) = (date_time_ymd(2100, 1, 1), date_time_ymd(2101, 1, 1));
    authority.sign(later).write(folder, "later");
    authority.server().write(folder, "gate");
    authority.server().write(folder, "b");
    authority.issue(&Holder { common_name: "a", hosts: &["a.example"], ..Holder::default() }).write(folder, "a");
    authority.server().write(folder, "open");
    std::fs::set_permissions(folder.join("open.key"), Permissions::from_mode(0o666)).expect("it is changed");
    std::fs::write(folder.join("policy.wasm"), minimal::policy(&[])).expect("it is written");
    symlink("/dev/zero", folder.join("device")).expect("it is linked");
    let made = Command::new("mkfifo").arg(folder.join("pipe")).status().expect("it runs");
    assert!(made.success());
    std::fs::File::create(folder.join("endless")).and_then(|file| file.set_len(1 << 40)).expect("it is made");
}

#[test]
fn each_mistake_is_refused_with_its_line_and_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    furnish(folder.path());
    let cases = std::fs::read_dir(workspace().join("tests/tests/wrong_configurations/cases")).expect("there are cases");
    let (mut count, mut wrong) = (0, Vec::new());
    for case in cases {
        let case = case.expect("it is readable").path();
        let text = std::fs::read_to_string(&case).expect("it is text");
        let expected = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("it says what is expected");
        std::fs::write(folder.path().join("solgate.yaml"), &text).expect("it is written");
        let arguments = ["serve", "--config", "solgate.yaml", "--check-config"];
        let output = solgate().current_dir(folder.path()).args(arguments).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or_default();
        if output.status.code() != Some(2) || said != format!("solgate: solgate.yaml:{expected}") {
            wrong.push(format!("{}: {said}", case.file_name().unwrap_or_default().display()));
        }
        count += 1;
    }
    assert!(count > 30, "{count} cases");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
