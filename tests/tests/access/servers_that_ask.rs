//! TLS of the doors that other servers ask: their certificates say that they may, and
//! nothing of the caller.

use envoy_types::ext_authz::v3::pb::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use serde_json::{Value, json};
use solgate_tests::certificates::{Authority, Holder};
use solgate_tests::doors::{ext_authz, transport};
use solgate_tests::vnfm::message;

use super::certificates::Pki;
use super::support::Gate;

#[test]
fn a_server_asks_forward_auth_with_its_certificate() {
    let pki = Pki::new();
    let gate = Gate::configured("forward-auth", &json!({"tls": pki.config("required")}));
    let asks = [
        "X-Forwarded-Method: GET",
        "X-Forwarded-Uri: /vnflcm/v2/vnf_instances",
        "X-Forwarded-Host: vnfm.example",
        "Version: 2.0.0",
        "Accept: application/json",
    ];
    let asks = message("GET", "/", &asks, "");
    let server = pki.clients.issue(&Holder { common_name: "traefik", ..Holder::default() });
    let answer = pki.client(Some(&server)).send(gate.address, &asks).expect("an answer");
    assert_eq!((answer.status, answer.field("solgate-verdict")), (200, Some("pass")));
    assert!(pki.client(None).send(gate.address, &asks).is_none());
    assert_eq!(gate.callers(1)[0]["certificateNames"], Value::Null);
}

#[test]
fn envoy_asks_ext_authz_with_its_certificate() {
    let pki = Pki::new();
    let gate = Gate::configured("ext-authz", &json!({"tls": pki.config("required")}));
    let asked = transport::requests().into_iter().find(|asked| asked.label == "a retry").expect("it is in the corpus");
    let envoy = Holder { common_name: "envoy", ..Holder::default() };
    let (known, unknown) = (pki.clients.issue(&envoy), Authority::new("others").issue(&envoy));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let ask = |certificate| {
        runtime.block_on(async {
            let channel = pki.client(certificate).channel(gate.address).await.ok()?;
            let check = ext_authz::check(&asked, "vnfm.example");
            AuthorizationClient::new(channel).check(check).await.ok()?.into_inner().http_response
        })
    };
    // There is no such occurrence.
    assert!(matches!(ask(Some(&known)), Some(HttpResponse::DeniedResponse(_))), "{}", gate.server.said());
    assert!(ask(Some(&unknown)).is_none());
    assert!(ask(None).is_none());
    assert_eq!(gate.callers(1)[0]["certificateNames"], Value::Null);
    let failures = "solgate_tls_handshake_failures_total{reason=\"certificate\"}";
    // The client tries more than once.
    gate.wait("failures are counted", |gate| gate.metric(failures) >= 2);
    // Another protocol than Envoy's.
    let request = message("GET", "/", &[], "");
    assert!(pki.client(Some(&known)).offering(&["http/1.1"]).send(gate.address, &request).is_none());
}
