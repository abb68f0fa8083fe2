//! What is written down of a body or a text.

use serde::de::IgnoredAny;
use solgate::record::redact::{Redactor, SecretNames};

/// A secret that no input has.
const SECRET: &str = "S3cr3t/0f+n0b0dy";

/// Whatever stands in a body, a secret beside it is left out; what comes out is JSON if it
/// was, and holds nothing more that would be left out.
///
/// # Panics
/// If that is not so.
pub fn redaction(input: &[u8]) {
    let names = SecretNames::with(["customerRef"]);
    let redactor = Redactor::new([], &names);
    let text = String::from_utf8_lossy(input);
    let _ = redactor.target(&text);
    let _ = redactor.text(&text);
    if let Some(redacted) = redactor.json(&text) {
        serde_json::from_str::<IgnoredAny>(&redacted.text).expect("what was JSON is JSON");
        let again = redactor.json(&redacted.text).expect("it is JSON");
        assert_eq!(again.text, redacted.text);
    }
    let quoted = serde_json::Value::from(&*text).to_string();
    for body in [
        format!("{{\"a\":{quoted},\"password\":\"{SECRET}\"}}"),
        format!("{{\"customer_ref\":{{\"b\":[\"{SECRET}\",{quoted}]}}}}"),
        format!("[{{\"value\":\"{SECRET}\",\"c\":{quoted},\"name\":\"pass\"}}]"),
        format!("[{quoted},\"http://u:{SECRET}@h/\"]"),
    ] {
        let redacted = redactor.json(&body).expect("it is JSON");
        assert!(!redacted.text.contains(SECRET), "{}", redacted.text);
        serde_json::from_str::<IgnoredAny>(&redacted.text).expect("it is still JSON");
    }
}
