//! The program judges what it is given, with the library alone.

use std::process::Command;

fn asked(body: &str) -> String {
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../target/solgate/vnflcm-v2.wasm");
    let output = Command::new(env!("CARGO_BIN_EXE_vnfm-plain")).args([policy, body]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_vnfm_dispatches_what_the_gate_allows() {
    assert_eq!(asked(r#"{"callbackUri": "http://nfvo.example/notify"}"#), "dispatched\n");
    let refused = asked(r#"{"callbackUri": 1}"#);
    assert!(refused.starts_with("400 "), "{refused}");
}
