//! Rules about callers, whoever has verified them.

use envoy_types::ext_authz::v3::pb::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::Peer;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use serde_json::{Value, json};
use solgate_tests::certificates::{Holder, named};
use solgate_tests::doors::{ext_authz, transport};
use solgate_tests::process::solgate;
use solgate_tests::tokens::{TokenKey, jwks};
use solgate_tests::vnfm::{message, send};
use solgate_tests::{copy_folder, workspace};

use super::certificates::Pki;
use super::support::{Gate, said, text};
use super::tokens::claims;

/// One caller may read, whether a certificate or a token says who it is.
const RULE: &str = r#"
- id: caller.known
  operations: [read]
  require: >-
    'spiffe://example/nfvo' in caller.certificateNames || (has(caller.subject) && caller.subject == 'nfvo')
  otherwise: { status: 403, title: The caller may not read, detail: "'ask as nfvo.'" }
  doc: Only the NFVO reads instances.
"#;

#[test]
fn a_rule_lets_one_caller_in_and_not_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = folder.path().join("bundle");
    copy_folder(&workspace().join("host/bundle/templates/minimal"), &bundle);
    std::fs::write(bundle.join("rules/caller.yaml"), RULE).expect("it is written");
    let policy = folder.path().join("policy.wasm");
    let built = solgate().arg("build").arg(&bundle).arg("--output").arg(&policy).output().expect("it runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let policy = text(&policy);
    let read = |fields: &[&str]| {
        let fields = [&["Version: 2.0.0", "Accept: application/json"], fields].concat();
        message("GET", "/vnflcm/v2/vnf_instances/i", &fields, "")
    };
    let (allowed, denied) = ((202, String::new()), (403, "caller.known".to_owned()));

    let pki = Pki::new();
    let path = |name: &str| pki.folder.path().join(name).to_str().expect("it is UTF-8").to_owned();
    let gate = Gate::serve(&[
        "--policy",
        policy,
        "--tls-cert",
        &path("gate.pem"),
        "--tls-key",
        &path("gate.key"),
        "--client-ca",
        &path("clients.pem"),
    ]);
    for (uri, expected) in [("spiffe://example/nfvo", &allowed), ("spiffe://example/other", &denied)] {
        let certificate = pki.clients.issue(&Holder { uris: &[uri], ..Holder::default() });
        let answer = pki.client(Some(&certificate)).send(gate.address, &read(&[])).expect("an answer");
        assert_eq!(said(&answer), *expected, "{uri}");
    }

    let key = TokenKey::ed25519("k");
    let keys = folder.path().join("keys.json");
    std::fs::write(&keys, jwks(&[&key]).to_string()).expect("it is written");
    let gate = Gate::serve(&["--policy", policy, "--jwks", text(&keys)]);
    for (subject, expected) in [("nfvo", &allowed), ("other", &denied)] {
        let token = key.token("EdDSA", &claims(&json!({"sub": subject})));
        let answer = send(gate.address, &read(&[&format!("Authorization: Bearer {token}")]));
        assert_eq!(said(&answer), *expected, "{subject}");
    }
}

/// As Envoy writes a certificate into a check.
pub fn url_encoded(pem: &str) -> String {
    [('\n', "%0A"), (' ', "%20"), ('+', "%2B"), ('/', "%2F"), ('=', "%3D")]
        .iter()
        .fold(pem.to_owned(), |text, (from, to)| text.replace(*from, to))
}

#[test]
fn behind_envoy_a_certificate_makes_the_same_caller() {
    let pki = Pki::new();
    let serve = Gate::configured("serve", &json!({"tls": pki.config("required")}));
    let behind = Gate::open("ext-authz", &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let url = format!("http://{}", behind.address);
    let mut envoy = runtime.block_on(AuthorizationClient::connect(url)).expect("it listens");
    let asked = transport::requests().into_iter().find(|asked| asked.label == "a retry").expect("it is in the corpus");
    let table = named();
    for (params, names) in &table {
        let certificate = pki.clients.sign(params.clone());
        let _ = pki.client(Some(&certificate)).send(serve.address, &super::support::read(&[])).expect("an answer");
        for handed_on in [url_encoded(&certificate.pem()), String::new()] {
            let mut check = ext_authz::check(&asked, "vnfm.example");
            let principal = names.first().map(|name| (*name).to_owned()).unwrap_or_default();
            let source = Peer { principal, certificate: handed_on, ..Peer::default() };
            check.attributes.as_mut().expect("it has some").source = Some(source);
            let answer = runtime.block_on(envoy.check(check)).expect("it answers").into_inner();
            assert!(
                matches!(answer.http_response, Some(HttpResponse::DeniedResponse(_))),
                "there is no such occurrence"
            );
        }
    }
    let names = |caller: &Value| caller["certificateNames"].clone();
    let behind = behind.callers(2 * table.len());
    for (at, own) in serve.callers(table.len()).iter().enumerate() {
        assert_eq!(names(own), names(&behind[2 * at]), "with the certificate");
        assert_eq!(names(own)[0], names(&behind[2 * at + 1])[0], "by the principal alone");
    }
}
