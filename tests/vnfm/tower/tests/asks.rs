//! What the gate allows reaches the service behind the layer.

use std::process::Command;

fn answered(body: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_vnfm-tower")).arg(body).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_layer_answers_in_place_of_the_vnfm() {
    assert_eq!(answered(r#"{"callbackUri": "http://nfvo.example/notify"}"#), "201 Created\n");
    assert_eq!(answered(r#"{"callbackUri": 1}"#), "400 Bad Request\n");
}
