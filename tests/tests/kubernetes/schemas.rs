//! The manifests against the schemas of their API versions.

use std::process::Command;

use solgate_tests::workspace;

#[test]
#[ignore = "needs kubernetes-validate: make test-kubernetes"]
fn every_manifest_is_valid_and_mistakes_in_it_are_found() {
    let python = workspace().join("target/kubernetes/bin/python");
    let output = Command::new(python).arg(workspace().join("tests/kubernetes/validate.py")).output();
    let output = output.expect("tests/kubernetes/install.sh has installed it");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" 0 mistakes; "), "{said}");
}
