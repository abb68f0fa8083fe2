//! Several issuers: each speaks for its own callers only.

use serde_json::{Value, json};
use solgate_tests::tokens::{TokenKey, jwks};
use solgate_tests::vnfm::{Reply, Vnfm, send};

use super::support::{Gate, read, said};
use super::tokens::claims;

fn send_token(gate: &Gate, key: &TokenKey, more: &Value) -> (u16, String) {
    let token = key.token("EdDSA", &claims(more));
    said(&send(gate.address, &read(&[&format!("Authorization: Bearer {token}")])))
}

#[test]
fn a_token_is_checked_by_the_keys_of_the_issuer_that_it_names() {
    // Two issuers may give one name to their keys.
    let (first, second) = (TokenKey::ed25519("key"), TokenKey::ed25519("key"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, key: &TokenKey| {
        let path = folder.path().join(name);
        std::fs::write(&path, jwks(&[key]).to_string()).expect("it is written");
        path
    };
    let issuers = json!([
        {"issuer": "https://first.example", "jwks": file("first.json", &first), "audience": ["solgate"]},
        {"issuer": "https://second.example", "jwks": file("second.json", &second), "audience": ["other"]},
    ]);
    let gate = Gate::configured("serve", &json!({"jwt": {"issuers": issuers}}));
    let of = |name: &str, audience: &str| json!({"iss": format!("https://{name}.example"), "aud": audience});
    let invalid = (401, "access.token.invalid".to_owned());
    let table = [
        (&first, of("first", "solgate"), true),
        (&second, of("second", "other"), true),
        (&first, of("second", "other"), false),
        (&second, of("first", "solgate"), false),
        (&first, of("first", "other"), false),
        (&second, of("second", "solgate"), false),
        (&first, of("third", "solgate"), false),
        (&first, json!({"iss": null}), false),
    ];
    // Twice: the second time tokens are known.
    for _ in 0..2 {
        for (key, more, good) in &table {
            let expected = if *good { (202, String::new()) } else { invalid.clone() };
            assert_eq!(send_token(&gate, key, more), expected, "{more}");
        }
    }
}

#[test]
fn an_issuer_that_fails_does_not_stand_in_the_way_of_another() {
    let (first, second) = (TokenKey::ed25519("first"), TokenKey::ed25519("second"));
    let (good, bad) = (Vnfm::start(), Vnfm::start());
    good.reply("GET", "/jwks", Reply::json(&jwks(&[&first])));
    bad.reply("GET", "/jwks", Reply::status(500));
    let issuer = |name: &str, at: &Vnfm| json!({"issuer": name, "jwks": format!("{}/jwks", at.url())});
    let issuers = json!([issuer("first", &good), issuer("second", &bad)]);
    let gate = Gate::configured("serve", &json!({"jwt": {"issuers": issuers}}));
    gate.wait("it has keys", Gate::is_ready);
    assert_eq!(send_token(&gate, &first, &json!({"iss": "first"})), (202, String::new()));
    assert_eq!(send_token(&gate, &second, &json!({"iss": "second"})), (503, "access.token.keys".to_owned()));
    bad.reply("GET", "/jwks", Reply::json(&jwks(&[&second])));
    gate.wait("the other has keys", |gate| send_token(gate, &second, &json!({"iss": "second"})).0 == 202);
}
