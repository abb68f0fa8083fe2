//! Tokens that only whoever has a certain certificate may use, and what else of a token
//! everybody must read alike.

use envoy_types::ext_authz::v3::pb::HttpResponse;
use envoy_types::pb::envoy::config::core::v3::HeaderValue;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::Peer;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use solgate_tests::certificates::Holder;
use solgate_tests::doors::{ext_authz, transport};
use solgate_tests::tokens::{TokenKey, encode, jwks};
use solgate_tests::vnfm::{Answer, send};

use super::certificates::Pki;
use super::rules::url_encoded;
use super::support::{Gate, read, text};
use super::tokens::{ask, claims};

/// A gate that believes one key.
fn gate(door: &str, key: &TokenKey, more: &[&str]) -> (Gate, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jwks.json");
    std::fs::write(&file, jwks(&[key]).to_string()).expect("it is written");
    (Gate::open(door, &[&["--jwks", text(&file)], more].concat()), folder)
}

/// Why a token is not accepted; empty if it is.
fn reason(answer: &Answer) -> String {
    let challenge = answer.field("www-authenticate").unwrap_or_default();
    assert_eq!(answer.status == 202, challenge.is_empty(), "{answer:?}");
    challenge.to_owned()
}

fn send_token(gate: &Gate, token: &str) -> String {
    reason(&send(gate.address, &read(&[&format!("Authorization: Bearer {token}")])))
}

#[test]
fn a_token_that_is_bound_to_a_certificate_is_for_its_client_only() {
    let (pki, key) = (Pki::new(), TokenKey::ed25519("key"));
    let keys = pki.folder.path().join("jwks.json");
    std::fs::write(&keys, jwks(&[&key]).to_string()).expect("it is written");
    let config = |presence| json!({"tls": pki.config(presence), "jwt": {"jwks": keys}});
    let gate = Gate::configured("serve", &config("optional"));
    let (own, other) = (pki.clients.issue(&Holder::default()), pki.clients.issue(&Holder::default()));
    let thumbprint = encode(digest(&SHA256, own.der()).as_ref());
    let bound = key.token("EdDSA", &claims(&json!({"cnf": {"x5t#S256": thumbprint}})));
    let free = key.token("EdDSA", &claims(&json!({})));
    let by = |certificate, token: &str| {
        let request = read(&[&format!("Authorization: Bearer {token}")]);
        reason(&pki.client(certificate).send(gate.address, &request).expect("an answer"))
    };
    // Twice: that it was verified for one client does not make it another's.
    for _ in 0..2 {
        assert_eq!(by(Some(&own), &bound), "");
        for stranger in [Some(&other), None] {
            assert!(by(stranger, &bound).contains("not shown on this connection"), "{}", by(stranger, &bound));
            assert_eq!(by(stranger, &free), "");
        }
    }
    // Where certificates do not come.
    for door in ["serve", "forward-auth", "ext-authz"] {
        let (gate, _folder) = self::gate(door, &key, &[]);
        let (status, rule, challenge) = ask(door, &gate, &[&format!("Bearer {bound}")]);
        assert_eq!((status, rule.as_str()), (401, "access.token.invalid"), "{door}");
        assert!(challenge.is_some_and(|text| text.contains("do not come to this gate")), "{door}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_or_is_not_understood_is_refused() {
    let key = TokenKey::ed25519("key");
    let (gate, _folder) = gate("serve", &key, &[]);
    let header = |more: Value| {
        let mut header = json!({"alg": "EdDSA", "kid": "key"});
        header.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
        header
    };
    let payload = claims(&json!({"roles": ["a"]})).to_string();
    let (start, _) = payload.rsplit_once('}').expect("it is an object");
    let plain = header(json!({}));
    let with = |more: &str| key.sign(&plain, format!("{start}{more}}}").as_bytes());
    let by = |more: Value| key.sign(&header(more), payload.as_bytes());
    let accepted = [
        with(""),
        with(r#","a":{"x":1},"b":{"x":1}"#),
        with(r#","iat":"today""#),
        by(json!({"kid": null})),
        by(json!({"typ": "JWT"})),
        by(json!({"typ": "at+jwt"})),
        by(json!({"typ": "application/AT+JWT"})),
        by(json!({"typ": "JOSE"})),
    ];
    for token in &accepted {
        assert_eq!(send_token(&gate, token), "", "{token}");
    }
    let header_twice = {
        let signed =
            format!("{}.{}", encode(br#"{"alg":"EdDSA","kid":"key","kid":"key"}"#), encode(payload.as_bytes()));
        key.sign_text(&signed)
    };
    let refused = [
        (with(r#","sub":"admin""#), "twice"),
        (with(r#","s\u0075b":"admin""#), "twice"),
        (with(r#","roles":["admin"]"#), "twice"),
        (with(r#","tenant":"a","tenant":"b""#), "twice"),
        (with(r#","scope":"a","scope":"b""#), "twice"),
        (with(r#","realm_access":{"roles":["a"],"roles":["b"]}"#), "twice"),
        (with(r#","x":[{"y":{"z":1,"z":2}}]"#), "twice"),
        (header_twice, "not a signed JWT"),
        (by(json!({"crit": null})), "crit or b64"),
        (by(json!({"crit": []})), "crit or b64"),
        (by(json!({"b64": false})), "crit or b64"),
        (by(json!({"typ": "logout+jwt"})), "another purpose"),
        (by(json!({"typ": "application/dpop+jwt"})), "another purpose"),
        (by(json!({"typ": 1})), "another purpose"),
        (by(json!({"kid": 1})), "not a signed JWT"),
        (with(r#","cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#), "DPoP"),
        (with(r#","cnf":{"x5t#S256":"AA"}"#), "bound to a key"),
        (with(r#","cnf":{"kid":"a"}"#), "bound to a key"),
        (with(r#","cnf":{}"#), "bound to a key"),
        (with(r#","cnf":null"#), "bound to a key"),
    ];
    for (token, expected) in &refused {
        let reason = send_token(&gate, token);
        assert!(reason.contains(expected), "{expected}: {reason}");
    }
}

#[test]
fn two_tokens_in_one_request_are_refused_where_one_is_checked() {
    let key = TokenKey::ed25519("key");
    let (gate, _folder) = gate("serve", &key, &["--jwt", "optional"]);
    let bearer = format!("Authorization: Bearer {}", key.token("EdDSA", &claims(&json!({}))));
    let answer = send(gate.address, &read(&[&bearer, "X-Auth-Token: gAAAA"]));
    assert_eq!((answer.status, answer.rules().concat()), (400, "access.token.malformed".to_owned()));
    assert_eq!(gate.vnfm.received(), []);
    for fields in [&[bearer.as_str()][..], &["X-Auth-Token: gAAAA"]] {
        assert_eq!(send(gate.address, &read(fields)).status, 202, "{fields:?}");
    }
    let unchecked = Gate::serve(&[]);
    assert_eq!(send(unchecked.address, &read(&[&bearer, "X-Auth-Token: gAAAA"])).status, 202);
}

#[test]
fn how_long_a_token_may_be_valid_is_a_setting() {
    let key = TokenKey::ed25519("key");
    let token = |more: Value| key.token("EdDSA", &claims(&more));
    let now = claims(&json!({}))["exp"].as_i64().expect("a number") - 3600;
    let (strict, _one) = gate("serve", &key, &["--jwt-leeway", "0s", "--jwt-max-lifetime", "2h"]);
    let (usual, _two) = gate("serve", &key, &[]);
    let table = [
        (json!({}), "", ""),
        (json!({"exp": now - 30}), "expired", ""),
        (json!({"nbf": now + 30}), "not valid yet", ""),
        (json!({"exp": now + 3 * 3600}), "valid for longer", ""),
        (json!({"exp": now + 3600, "iat": now - 2 * 3600}), "valid for longer", ""),
        (json!({"exp": now + 3600, "iat": now - 1800}), "", ""),
        (json!({"exp": 1e300}), "valid for longer", ""),
    ];
    for (more, strictly, usually) in table {
        let token = token(more.clone());
        for (gate, expected) in [(&strict, strictly), (&usual, usually)] {
            let reason = send_token(gate, &token);
            assert!(reason.contains(expected) && expected.is_empty() == reason.is_empty(), "{more}: {reason}");
        }
    }
}

/// Each further key would cost tens of microseconds for anybody who asks.
#[test]
fn a_token_that_names_no_key_is_tried_with_a_few_only() {
    let (own, folder) = (TokenKey::rsa("own"), tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("jwks.json");
    let set = |place: usize| {
        let mut keys: Vec<Value> =
            (0..100).map(|_| json!({"kty": "RSA", "n": encode(&[0xC5; 512]), "e": "AQAB"})).collect();
        let mut own = own.jwk();
        own.as_object_mut().expect("it is one").remove("kid");
        keys[place] = own;
        json!({"keys": keys}).to_string()
    };
    let payload = claims(&json!({})).to_string();
    let token = own.sign(&json!({"alg": "RS256"}), payload.as_bytes());
    for (place, expected) in [(0, ""), (7, ""), (8, "names its key"), (99, "names its key")] {
        std::fs::write(&file, set(place)).expect("it is written");
        let gate = Gate::serve(&["--jwks", text(&file)]);
        let reason = send_token(&gate, &token);
        assert!(reason.contains(expected) && expected.is_empty() == reason.is_empty(), "{place}: {reason}");
    }
}

#[test]
fn behind_envoy_the_certificate_that_it_hands_on_is_the_clients() {
    let (pki, key) = (Pki::new(), TokenKey::ed25519("key"));
    let (gate, _folder) = gate("ext-authz", &key, &[]);
    let (own, other) = (pki.clients.issue(&Holder::default()), pki.clients.issue(&Holder::default()));
    let thumbprint = encode(digest(&SHA256, own.der()).as_ref());
    let token = key.token("EdDSA", &claims(&json!({"cnf": {"x5t#S256": thumbprint}})));
    let asked = transport::requests().into_iter().find(|asked| asked.label == "a retry").expect("it is in the corpus");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let url = format!("http://{}", gate.address);
    let mut envoy = runtime.block_on(AuthorizationClient::connect(url)).expect("it listens");
    // A token that is accepted asks for an occurrence that is not there.
    let table = [
        (url_encoded(&own.pem()), "spiffe://a", 404),
        (url_encoded(&other.pem()), "spiffe://a", 401),
        (String::new(), "spiffe://a", 401),
        // Envoy has not verified it.
        (url_encoded(&own.pem()), "", 401),
    ];
    for (certificate, principal, expected) in table {
        let mut check = ext_authz::check(&asked, "vnfm.example");
        let attributes = check.attributes.as_mut().expect("it has some");
        let http = attributes.request.as_mut().and_then(|request| request.http.as_mut()).expect("it is one");
        let raw_value = format!("Bearer {token}").into_bytes();
        let field = HeaderValue { key: "authorization".to_owned(), value: String::new(), raw_value };
        http.header_map.as_mut().expect("it has fields").headers.push(field);
        attributes.source = Some(Peer { principal: principal.to_owned(), certificate, ..Peer::default() });
        let answer = runtime.block_on(envoy.check(check)).expect("it answers").into_inner();
        let Some(HttpResponse::DeniedResponse(denied)) = answer.http_response else { panic!("it is denied") };
        let status = denied.status.expect("it has a status").code;
        assert_eq!(status == 401, expected == 401, "{principal} {status} {}", denied.body);
    }
}
