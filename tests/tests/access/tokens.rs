//! Which tokens are accepted, by every door that listens.

use std::time::{SystemTime, UNIX_EPOCH};

use envoy_types::ext_authz::v3::pb::{CheckRequest, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use ring::hmac;
use serde_json::{Value, json};
use solgate_tests::tokens::{TokenKey, encode, jwks, unsigned};
use solgate_tests::vnfm::{message, send};

use super::support::{Gate, read, said, text};

const ISSUER: &str = "https://idp.example";

/// Claims of a token that is good for an hour, and whatever else.
pub fn claims(more: &Value) -> Value {
    let mut claims = json!({"iss": ISSUER, "aud": "solgate", "sub": "nfvo", "exp": in_seconds(3600)});
    for (name, value) in more.as_object().expect("it is an object") {
        claims[name] = value.clone();
    }
    claims
}

fn in_seconds(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs();
    i64::try_from(now).expect("it is not that late") + seconds
}

/// Status, rule and challenge.
pub type Said = (u16, String, Option<String>);

/// Asks a door about a request with these values of Authorization.
pub fn ask(door: &str, gate: &Gate, values: &[&str]) -> Said {
    let fields: Vec<String> = values.iter().map(|value| format!("Authorization: {value}")).collect();
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let answer = match door {
        "serve" => send(gate.address, &read(&fields)),
        "forward-auth" => {
            let said = [
                "X-Forwarded-Method: GET",
                "X-Forwarded-Uri: /vnflcm/v2/vnf_instances",
                "X-Forwarded-Host: vnfm.example",
                "Version: 2.0.0",
                "Accept: application/json",
            ];
            send(gate.address, &message("GET", "/", &[&said[..], &fields].concat(), ""))
        }
        _ => return check(gate, values),
    };
    let (status, rule) = said(&answer);
    // What passes is answered by the VNFM behind `serve`, and by the door itself here.
    let status = if status == 200 { 202 } else { status };
    (status, rule, answer.field("www-authenticate").map(str::to_owned))
}

fn check(gate: &Gate, values: &[&str]) -> Said {
    let field = |name: &str, value: &str| HeaderValue {
        key: name.to_owned(),
        value: String::new(),
        raw_value: value.as_bytes().to_vec(),
    };
    let fixed = [(":authority", "vnfm.example"), ("version", "2.0.0"), ("accept", "application/json")];
    let own = values.iter().map(|value| ("authorization", *value));
    let headers = fixed.into_iter().chain(own).map(|(name, value)| field(name, value)).collect();
    let http = HttpRequest {
        method: "GET".to_owned(),
        path: "/vnflcm/v2/vnf_instances".to_owned(),
        header_map: Some(HeaderMap { headers }),
        ..HttpRequest::default()
    };
    let request = Some(Request { http: Some(http), ..Request::default() });
    let check = CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let answer = runtime.block_on(async {
        let mut client = AuthorizationClient::connect(format!("http://{}", gate.address)).await.expect("it listens");
        client.check(check).await.expect("it answers").into_inner()
    });
    match answer.http_response.expect("it says what to do") {
        HttpResponse::OkResponse(_) => (202, String::new(), None),
        HttpResponse::DeniedResponse(denied) => {
            let problem: Value = serde_json::from_str(&denied.body).expect("it is JSON");
            let challenge = denied.headers.into_iter().filter_map(|option| option.header);
            (
                u16::try_from(denied.status.expect("it has one").code).expect("it is one"),
                problem["violations"][0]["rule"].as_str().expect("it has a rule").to_owned(),
                challenge.into_iter().find(|field| field.key == "www-authenticate").map(|field| field.value),
            )
        }
        HttpResponse::ErrorResponse(error) => panic!("{error:?}"),
    }
}

struct Keys {
    rsa: TokenKey,
    p256: TokenKey,
    p384: TokenKey,
    ed25519: TokenKey,
    folder: tempfile::TempDir,
}

impl Keys {
    fn new() -> Self {
        let (rsa, p256) = (TokenKey::rsa("rsa"), TokenKey::p256("p256"));
        let (p384, ed25519) = (TokenKey::p384("p384"), TokenKey::ed25519("ed25519"));
        let folder = tempfile::tempdir().expect("a folder");
        let mut set = jwks(&[&rsa, &p256, &p384, &ed25519]);
        // Keys of no use here do not make the others useless.
        let more = [
            json!({"kty": "oct", "kid": "secret", "k": encode(b"a secret of thirty-two characters")}),
            json!({"kty": "EC", "kid": "curve", "crv": "P-521", "x": "AA", "y": "AA"}),
            json!({"kty": "RSA", "kid": "short", "n": encode(&[0xC5; 128]), "e": "AQAB"}),
            json!({"kty": "later"}),
        ];
        let list = set["keys"].as_array_mut().expect("it is a list");
        let mut only = rsa.jwk();
        only["kid"] = json!("only-rs256");
        only["alg"] = json!("RS256");
        list.push(only);
        let mut other_use = rsa.jwk();
        other_use["kid"] = json!("encryption");
        other_use["use"] = json!("enc");
        list.push(other_use);
        list.extend(more);
        std::fs::write(folder.path().join("jwks.json"), set.to_string()).expect("it is written");
        Self { rsa, p256, p384, ed25519, folder }
    }

    fn gate(&self, door: &str, more: &[&str]) -> Gate {
        let file = self.folder.path().join("jwks.json");
        Gate::open(door, &[&["--jwks", text(&file)], more].concat())
    }

    fn bearer(&self, more: &Value) -> String {
        format!("Bearer {}", self.ed25519.token("EdDSA", &claims(more)))
    }
}

#[test]
fn tokens_are_accepted_or_refused_alike_by_every_door() {
    let keys = Keys::new();
    let payload = claims(&json!({})).to_string();
    let payload = payload.as_bytes();
    let good = keys.p256.token("ES256", &claims(&json!({})));
    let (signed, signature) = good.rsplit_once('.').expect("it has three parts");
    let head = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid});
    let with = |more: Value| keys.ed25519.token("EdDSA", &claims(&more));
    let without = |name: &str| {
        let mut claims = claims(&json!({}));
        claims.as_object_mut().expect("it is an object").remove(name);
        keys.ed25519.token("EdDSA", &claims)
    };
    let hmac = |secret: &[u8]| {
        let signed = unsigned(&head("HS256", "rsa"), payload);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", encode(tag.as_ref()))
    };
    let jwk = keys.rsa.jwk();
    let modulus = jwk["n"].as_str().expect("it is text");
    let attacker = TokenKey::ed25519("ed25519");
    let mut own_key = head("EdDSA", "ed25519");
    own_key["jwk"] = attacker.jwk();
    let mut critical = head("EdDSA", "ed25519");
    critical["crit"] = json!(["exp"]);
    let twice = br#"{"iss":"https://idp.example","aud":"solgate","exp":1,"exp":99999999999}"#;

    let accepted = [
        keys.rsa.token("RS256", &claims(&json!({}))),
        keys.rsa.token("RS384", &claims(&json!({}))),
        keys.rsa.token("RS512", &claims(&json!({}))),
        keys.rsa.token("PS256", &claims(&json!({}))),
        keys.rsa.token("PS384", &claims(&json!({}))),
        keys.rsa.token("PS512", &claims(&json!({}))),
        good.clone(),
        keys.p384.token("ES384", &claims(&json!({}))),
        keys.ed25519.token("EdDSA", &claims(&json!({}))),
        keys.rsa.sign(&head("RS256", "only-rs256"), payload),
        // Without the name of a key, all that fit are tried.
        keys.rsa.sign(&json!({"alg": "PS256"}), payload),
        // Clocks differ.
        with(json!({"exp": in_seconds(-30)})),
        with(json!({"nbf": in_seconds(30)})),
        with(json!({"exp": 99_999_999_999.5})),
        with(json!({"aud": ["other", "solgate"]})),
        with(json!({"aud": "second"})),
    ];
    let refused = [
        ("expired", with(json!({"exp": in_seconds(-90)})), "expired"),
        ("not yet", with(json!({"nbf": in_seconds(120)})), "not valid yet"),
        ("no end", without("exp"), "no exp"),
        ("no number", with(json!({"exp": "tomorrow"})), "claims"),
        ("exp twice", keys.ed25519.sign(&head("EdDSA", "ed25519"), twice), "claims"),
        ("other issuer", with(json!({"iss": "https://idp.example/"})), "issuer"),
        ("no issuer", without("iss"), "issuer"),
        ("other audience", with(json!({"aud": ["other"]})), "audience"),
        ("no audience", without("aud"), "audience"),
        ("no object", keys.ed25519.sign(&head("EdDSA", "ed25519"), b"[]"), "claims"),
        ("none", format!("{}.", unsigned(&head("none", "rsa"), payload)), "algorithm"),
        ("None", format!("{}.{signature}", unsigned(&head("None", "rsa"), payload)), "algorithm"),
        ("the public key as a secret", hmac(modulus.as_bytes()), "algorithm"),
        ("the set as a secret", hmac(jwk.to_string().as_bytes()), "algorithm"),
        ("a secret of the set", hmac(b"a secret of thirty-two characters"), "algorithm"),
        ("ES512", keys.p384.sign(&head("ES512", "p384"), payload), "algorithm"),
        ("another padding", keys.rsa.sign_as("RS256", &head("PS256", "rsa"), payload), "signature"),
        ("a key for encryption", keys.rsa.sign(&head("RS256", "encryption"), payload), "no key"),
        ("an algorithm that the key is not for", keys.rsa.sign(&head("RS512", "only-rs256"), payload), "no key"),
        ("another kind of key", keys.p256.sign(&head("ES256", "rsa"), payload), "no key"),
        ("another curve", keys.p384.sign(&head("ES256", "p384"), payload), "no key"),
        ("an unknown key", keys.p256.sign(&head("ES256", "other"), payload), "no key"),
        ("a key of its own", attacker.sign(&own_key, payload), "signature"),
        ("critical", keys.ed25519.sign(&critical, payload), "crit or b64"),
        ("altered", format!("{}.{signature}", unsigned(&head("ES256", "p256"), b"{}")), "signature"),
        ("no signature", format!("{signed}."), "signature"),
        ("half a signature", format!("{signed}.{}", &signature[..43]), ""),
        ("two parts", signed.to_owned(), "not a signed JWT"),
        ("four parts", format!("{good}.a"), "not a signed JWT"),
        ("padded", format!("{good}=="), "not a signed JWT"),
        ("no token", "abc".to_owned(), "not a signed JWT"),
    ];
    let arguments = ["--jwt-issuer", ISSUER, "--jwt-audience", "solgate", "--jwt-audience", "second"];
    for door in ["serve", "forward-auth", "ext-authz"] {
        let gate = keys.gate(door, &arguments);
        for token in &accepted {
            let found = ask(door, &gate, &[&format!("Bearer {token}")]);
            assert_eq!(found, (202, String::new(), None), "{door} {token}\n{}", gate.server.said());
        }
        for (label, token, reason) in &refused {
            let (status, rule, challenge) = ask(door, &gate, &[&format!("Bearer {token}")]);
            assert_eq!((status, rule.as_str()), (401, "access.token.invalid"), "{door}: {label}");
            let challenge = challenge.expect("a challenge");
            assert!(challenge.starts_with("Bearer error=\"invalid_token\", error_description=\""), "{challenge}");
            assert!(challenge.contains(reason), "{door}: {label}: {challenge}");
        }
        let missing = (401, "access.token.missing".to_owned(), Some("Bearer".to_owned()));
        assert_eq!(ask(door, &gate, &[]), missing, "{door}");
        assert_eq!(ask(door, &gate, &["Basic YTpi"]), missing, "{door}");
        for value in ["Bearer", "Bearer a b", "Basic YTpi, Bearer a", "Bearer a, Bearer b"] {
            let (status, rule, challenge) = ask(door, &gate, &[value]);
            assert_eq!((status, rule.as_str()), (400, "access.token.malformed"), "{door}: {value}");
            assert!(challenge.is_some_and(|challenge| challenge.contains("invalid_request")), "{door}: {value}");
        }
        let value = format!("Bearer {good}");
        let (status, rule, _) = ask(door, &gate, &[&value, &value]);
        assert_eq!((status, rule.as_str()), (400, "transport.field.repeated"), "{door}");

        // Nothing of a token is told to anybody.
        let log = gate.server.said_with("access.token.invalid");
        assert!(!log.contains(signature) && !log.contains(&encode(payload)[..40]), "{door}");
    }
}

#[test]
fn without_a_token_where_one_may_be_left_out() {
    let keys = Keys::new();
    let gate = keys.gate("serve", &["--jwt", "optional"]);
    let table = [
        (vec![], 202),
        (vec!["Basic YTpi".to_owned()], 202),
        (vec![keys.bearer(&json!({}))], 202),
        (vec![keys.bearer(&json!({"exp": 1}))], 401),
        (vec!["Bearer abc".to_owned()], 401),
    ];
    for (values, status) in &table {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(ask("serve", &gate, &values).0, *status, "{values:?}");
    }
    let callers = gate.callers(3);
    let subjects: Vec<&Value> = callers.iter().map(|caller| &caller["subject"]).collect();
    assert_eq!(subjects, [&Value::Null, &Value::Null, &json!("nfvo")]);
}

#[test]
fn the_claims_are_the_callers_and_the_token_goes_on() {
    let keys = Keys::new();
    // The mode is about policies: whoever calls must be known all the same.
    let gate = keys.gate("serve", &["--mode", "monitor"]);
    let table = [
        (
            json!({"tenant": "acme", "roles": ["operator"], "scope": "read write"}),
            json!({"subject": "nfvo", "tenant": "acme", "roles": ["operator"], "scopes": ["read", "write"]}),
        ),
        (
            json!({"tenant_id": "t", "realm_access": {"roles": ["a", "b"]}, "scp": ["read"]}),
            json!({"subject": "nfvo", "tenant": "t", "roles": ["a", "b"], "scopes": ["read"]}),
        ),
        (json!({"sub": null, "roles": "one", "tenant": 1}), json!({"roles": ["one"]})),
    ];
    for (more, _) in &table {
        let value = keys.bearer(more);
        assert_eq!(ask("serve", &gate, &[&value]).0, 202);
        let received = gate.vnfm.received();
        assert_eq!(received.len(), 1);
        assert_eq!(received[0].field("authorization"), Some(value.as_str()), "it is the VNFM's, too");
    }
    assert_eq!(ask("serve", &gate, &[]).0, 401);
    for (caller, (_, expected)) in gate.callers(table.len()).iter().zip(&table) {
        let mut expected = expected.clone();
        expected["sourceAddress"] = json!("127.0.0.1");
        assert_eq!(caller, &expected);
    }
}

#[test]
fn a_token_that_was_accepted_is_refused_once_it_has_expired() {
    let keys = Keys::new();
    let gate = keys.gate("serve", &[]);
    // Its end is past, but not by more than clocks may differ.
    let value = keys.bearer(&json!({"exp": in_seconds(-55)}));
    assert_eq!(ask("serve", &gate, &[&value]).0, 202);
    assert_eq!(ask("serve", &gate, &[&value]).0, 202);
    gate.wait("it expires", |gate| ask("serve", gate, &[&value]).0 == 401);
}

#[test]
fn a_token_in_the_query_is_refused() {
    let keys = Keys::new();
    let gate = keys.gate("serve", &["--jwt", "optional"]);
    let target = format!("/vnflcm/v2/vnf_instances?access_token={}", &keys.bearer(&json!({}))[7..]);
    let answer = send(gate.address, &message("GET", &target, &["Version: 2.0.0"], ""));
    assert_eq!(said(&answer), (400, "access.token.malformed".to_owned()));
    assert_eq!(gate.vnfm.received(), []);
}
