//! Where keys come from: files that change, and issuers that change them, fail, or are
//! somebody else.

use std::time::Instant;

use serde_json::{Value, json};
use solgate_tests::certificates::Authority;
use solgate_tests::process::solgate;
use solgate_tests::tokens::{TokenKey, jwks};
use solgate_tests::vnfm::{Answer, Reply, Vnfm, send};

use super::support::{Gate, read, said, secure_server, text};
use super::tokens::claims;

/// An issuer that is asked for its keys.
struct Issuer(Vnfm);

impl Issuer {
    fn new(keys: &[&TokenKey]) -> Self {
        let issuer = Self(Vnfm::start());
        issuer.has(keys);
        issuer
    }

    fn has(&self, keys: &[&TokenKey]) {
        self.answers(Reply::json(&jwks(keys)));
    }

    fn answers(&self, reply: Reply) {
        self.0.reply("GET", "/jwks", reply);
    }

    fn url(&self) -> String {
        format!("{}/jwks", self.0.url())
    }

    /// How often it was asked since the last call.
    fn asked(&self) -> usize {
        self.0.received().len()
    }
}

fn ask(gate: &Gate, key: &TokenKey) -> Answer {
    let token = key.token("EdDSA", &claims(&json!({})));
    send(gate.address, &read(&[&format!("Authorization: Bearer {token}")]))
}

fn outcome(outcome: &str) -> String {
    format!("solgate_jwks_reads_total{{outcome=\"{outcome}\"}}")
}

#[test]
fn a_key_that_is_new_is_fetched_once_and_a_withdrawn_one_forgotten() {
    const CLIENTS: usize = 8;
    const STRANGERS: usize = 30;
    let (first, second) = (TokenKey::ed25519("first"), TokenKey::ed25519("second"));
    let issuer = Issuer::new(&[&first]);
    let gate = Gate::serve(&["--jwks", &issuer.url()]);
    gate.wait("it has keys", Gate::is_ready);
    let fetched = Instant::now();
    assert_eq!(ask(&gate, &first).status, 202);

    // Tokens that nobody knows the keys of do not make it ask again and again.
    for stranger in 0..STRANGERS {
        assert_eq!(ask(&gate, &TokenKey::ed25519(&format!("s{stranger}"))).status, 401);
    }
    issuer.has(&[&second]);
    gate.wait("the new key is fetched", |gate| {
        std::thread::scope(|threads| {
            let all = || (0..CLIENTS).map(|_| threads.spawn(|| ask(gate, &second).status)).collect::<Vec<_>>();
            let statuses: Vec<u16> = all().into_iter().map(|asking| asking.join().expect("an answer")).collect();
            statuses.iter().all(|status| *status == 202)
        })
    });
    let most = 2 + usize::try_from(fetched.elapsed().as_secs() / 5).expect("it is not that long");
    let asked = issuer.asked();
    assert!((2..=most).contains(&asked), "{asked} fetches, {most} at most");
    assert_eq!(said(&ask(&gate, &first)), (401, "access.token.invalid".to_owned()));
    assert_eq!(gate.metric(&outcome("updated")), 2);
}

#[test]
fn while_the_issuer_fails_the_keys_stay() {
    let (known, unknown) = (TokenKey::ed25519("known"), TokenKey::ed25519("unknown"));
    let issuer = Issuer::new(&[&known]);
    let gate = Gate::serve(&["--jwks", &issuer.url()]);
    gate.wait("it has keys", Gate::is_ready);
    let redirection = Reply { status: 302, fields: vec![("Location", issuer.url())], body: String::new() };
    let large =
        Reply { status: 200, fields: vec![], body: format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(1 << 20)) };
    let table = [
        (Reply::status(500), "500"),
        (redirection, "302"),
        (large, "larger than"),
        (Reply { status: 200, fields: vec![], body: "<html>".to_owned() }, "not a JWK set"),
        // Once may be a mistake.
        (Reply::json(&json!({"keys": []})), "no key in it can be used"),
        (Reply::status(503), "503"),
        (Reply::json(&json!({"keys": [{"kty": "oct", "k": "AAAA"}]})), "no key in it can be used"),
    ];
    for (round, (reply, reason)) in table.into_iter().enumerate() {
        issuer.answers(reply);
        let failed = u64::try_from(round).expect("it is small") + 1;
        gate.wait(reason, |gate| {
            assert_eq!(ask(gate, &unknown).status, 401);
            gate.metric(&outcome("failed")) == failed
        });
        let _ = gate.server.said_with(reason);
        assert_eq!(ask(&gate, &known).status, 202, "{reason}");
        assert!(gate.is_ready());
    }
    assert_eq!(gate.metric(&outcome("updated")), 1);
}

#[test]
fn an_issuer_that_says_twice_that_it_has_no_keys_has_withdrawn_them() {
    let key = TokenKey::ed25519("key");
    let issuer = Issuer::new(&[&key]);
    let gate = Gate::serve(&["--jwks", &issuer.url()]);
    gate.wait("it has keys", Gate::is_ready);
    assert_eq!(ask(&gate, &key).status, 202);
    issuer.answers(Reply::json(&json!({"keys": []})));
    let unknown = TokenKey::ed25519("unknown");
    gate.wait("they are withdrawn", |gate| {
        assert_eq!(ask(gate, &unknown).status, 401);
        ask(gate, &key).status == 401
    });
    assert_eq!(said(&ask(&gate, &key)), (401, "access.token.invalid".to_owned()));
    let _ = gate.server.said_with("withdrawn all keys");
    issuer.has(&[&key]);
    gate.wait("they are back", |gate| ask(gate, &key).status == 202);
}

#[test]
fn without_keys_nothing_is_judged_until_they_come() {
    let key = TokenKey::ed25519("key");
    let issuer = Issuer::new(&[]);
    let gate = Gate::serve(&["--jwks", &issuer.url(), "--jwt", "optional"]);
    let answer = ask(&gate, &key);
    assert_eq!(said(&answer), (503, "access.token.keys".to_owned()));
    assert!(answer.field("retry-after").is_some());
    assert!(!gate.is_ready());
    assert_eq!(send(gate.address, &read(&[])).status, 202, "whoever sends no token needs no key");
    issuer.has(&[&key]);
    gate.wait("it has keys", Gate::is_ready);
    assert_eq!(ask(&gate, &key).status, 202);
}

#[test]
fn keys_in_a_file_are_read_again_when_it_is_another() {
    let (first, second) = (TokenKey::ed25519("first"), TokenKey::ed25519("second"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("jwks.json");
    let write = |set: &Value| std::fs::write(&file, set.to_string()).expect("it is written");
    write(&jwks(&[&first]));
    let gate = Gate::serve(&["--jwks", text(&file)]);
    // The same tokens each time: that one was accepted must not be remembered for long.
    let tokens = [&first, &second].map(|key| key.token("EdDSA", &claims(&json!({}))));
    let status = |token: &String| send(gate.address, &read(&[&format!("Authorization: Bearer {token}")])).status;
    let statuses = || tokens.each_ref().map(status);
    assert_eq!(statuses(), [202, 401]);
    write(&json!({"keys": "none"}));
    gate.wait("it is refused", |gate| gate.metric(&outcome("failed")) > 0);
    assert_eq!(statuses(), [202, 401]);
    write(&jwks(&[&second]));
    gate.wait("it is taken", |gate| gate.metric(&outcome("updated")) == 1);
    assert_eq!(statuses(), [401, 202]);
}

#[test]
fn an_issuer_is_believed_if_its_certificate_is() {
    let key = TokenKey::ed25519("key");
    let (own, other) = (Authority::new("issuers"), Authority::new("others"));
    let address = secure_server(&own.server(), &jwks(&[&key]));
    let url = format!("https://localhost:{}/jwks", address.port());
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    for (authority, comes) in [(&own, true), (&other, false)] {
        std::fs::write(&ca, authority.pem()).expect("it is written");
        let gate = Gate::serve(&["--jwks", &url, "--jwks-ca", text(&ca)]);
        let expected = outcome(if comes { "updated" } else { "failed" });
        gate.wait("it has asked", |gate| gate.metric(&expected) > 0);
        assert_eq!(ask(&gate, &key).status, if comes { 202 } else { 503 }, "{}", gate.server.said());
    }
}

#[test]
fn what_is_configured_wrongly_is_found_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("it is UTF-8").to_owned();
    let write = |name: &str, text: &str| std::fs::write(path(name), text).expect("it is written");
    let authority = Authority::new("servers");
    authority.server().write(folder.path(), "gate");
    write("other.key", &authority.server().key_pem());
    write("empty", "");
    write("keys.json", &json!({"keys": [{"kty": "oct", "k": "AAAA"}]}).to_string());
    let (gate, key, other) = (path("gate.pem"), path("gate.key"), path("other.key"));
    let (empty, missing, keys) = (path("empty"), path("missing"), path("keys.json"));
    let table: [(&[&str], String); 14] = [
        (&["--tls-cert", &gate], "--tls-key <FILE>".to_owned()),
        (&["--client-ca", &gate], "--tls-cert <FILE>".to_owned()),
        (&["--tls-cert", &gate, "--tls-key", &key, "--client-cert", "optional"], "--client-ca <FILE>".to_owned()),
        (&["--tls-cert", &missing, "--tls-key", &key], format!("{missing}: it cannot be read: ")),
        (&["--tls-cert", &empty, "--tls-key", &key], format!("{empty}: it holds no certificate; expected PEM")),
        (&["--tls-cert", &gate, "--tls-key", &empty], format!("{empty}: it holds no private key; expected PEM")),
        (
            &["--tls-cert", &gate, "--tls-key", &other],
            format!("{other}: the key does not belong to the first certificate in {gate}"),
        ),
        (&["--tls-cert", &gate, "--tls-key", &key, "--client-ca", &empty], format!("{empty}: it holds no certificate")),
        (&["--jwks", &missing], format!("{missing}: it cannot be read: ")),
        (&["--jwks", &empty], format!("{empty}: it is not a JWK set; expected JSON")),
        (&["--jwks", &keys], format!("{keys}: no key in it can be used")),
        (&["--jwks", "http://idp.example/jwks"], "expected a file, or https://HOST[:PORT]/PATH".to_owned()),
        (&["--jwks", "https://user:secret@idp.example/jwks"], "without user and password".to_owned()),
        (&["--jwks", &keys, "--jwks-ca", &gate], "--jwks-ca is for keys at an https URL".to_owned()),
    ];
    for (arguments, message) in &table {
        let mut command = solgate();
        command.args(["serve", "--upstream", "http://127.0.0.1:9", "--check-config"]).args(*arguments);
        let output = command.output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(message), "{arguments:?}: {said}");
        assert!(!said.contains("secret@") && !said.contains("PRIVATE KEY-----M"), "{said}");
    }
}
