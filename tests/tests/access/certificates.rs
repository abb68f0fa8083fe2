//! Who comes in by which certificate, and as whom.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, date_time_ymd};
use serde_json::{Value, json};
use solgate_tests::certificates::{Authority, Holder, Issued, named};
use solgate_tests::tls::Client;

use super::support::{Gate, read, text};

/// A gate's own authority and that of its clients, in files.
pub struct Pki {
    pub servers: Authority,
    pub clients: Authority,
    pub folder: tempfile::TempDir,
}

impl Pki {
    pub fn new() -> Self {
        let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
        let folder = tempfile::tempdir().expect("a folder");
        servers.server().write(folder.path(), "gate");
        std::fs::write(folder.path().join("clients.pem"), clients.pem()).expect("it is written");
        Self { servers, clients, folder }
    }

    /// The member `tls` of a configuration.
    pub fn config(&self, presence: &str) -> Value {
        let path = |name: &str| self.folder.path().join(name);
        json!({
            "certFile": path("gate.pem"), "keyFile": path("gate.key"),
            "clientCaFile": path("clients.pem"), "clientCert": presence,
        })
    }

    pub fn client(&self, certificate: Option<&Issued>) -> Client {
        Client::new(&self.servers, certificate)
    }
}

const CERTIFICATE: &str = "solgate_tls_handshake_failures_total{reason=\"certificate\"}";

#[test]
fn only_clients_with_a_good_certificate_come_in() {
    let pki = Pki::new();
    let nfvo = Holder { common_name: "nfvo", ..Holder::default() };
    let good = pki.clients.issue(&nfvo);
    let expired = pki.clients.issue(&Holder { expired: true, ..nfvo.clone() });
    let wrong = Authority::new("others").issue(&nfvo);
    // Of the same name, but another key.
    let forged = Authority::new("clients").issue(&nfvo);
    let servers = pki.servers.issue(&nfvo);
    let table = [
        ("required", Some(&good), true),
        ("required", None, false),
        ("required", Some(&expired), false),
        ("required", Some(&wrong), false),
        ("required", Some(&forged), false),
        ("required", Some(&servers), false),
        ("optional", Some(&good), true),
        ("optional", None, true),
        ("optional", Some(&expired), false),
        ("optional", Some(&wrong), false),
    ];
    for presence in ["required", "optional"] {
        let gate = Gate::configured("serve", &json!({"tls": pki.config(presence)}));
        let mut refused = 0;
        for (_, certificate, comes_in) in table.iter().filter(|(which, ..)| *which == presence) {
            let answer = pki.client(*certificate).send(gate.address, &read(&[]));
            let status = answer.map(|answer| answer.status);
            assert_eq!(status, comes_in.then_some(202), "{presence}: {}", gate.server.said());
            refused += u64::from(!comes_in);
        }
        gate.wait("failures are counted", |gate| gate.metric(CERTIFICATE) == refused);
        let names: Vec<Value> = gate.callers(1).iter().map(|caller| caller["certificateNames"].clone()).collect();
        let expected =
            if presence == "required" { vec![json!(["CN=nfvo"])] } else { vec![json!(["CN=nfvo"]), Value::Null] };
        assert_eq!(names, expected);
    }
}

#[test]
fn the_names_in_a_certificate_are_the_callers() {
    let pki = Pki::new();
    let gate = Gate::configured("serve", &json!({"tls": pki.config("required")}));
    let table = named();
    for (params, _) in &table {
        let certificate = pki.clients.sign(params.clone());
        assert!(pki.client(Some(&certificate)).send(gate.address, &read(&[])).is_some(), "{}", gate.server.said());
    }
    for (caller, (_, names)) in gate.callers(table.len()).iter().zip(&table) {
        assert_eq!(caller["certificateNames"], json!(names));
        assert_eq!(caller["sourceAddress"], "127.0.0.1");
    }
}

/// A name of one kind that looks like one of another.
#[test]
fn a_certificate_with_a_name_that_could_be_another_is_not_accepted() {
    let pki = Pki::new();
    let gate = Gate::configured("serve", &json!({"tls": pki.config("required")}));
    for (hosts, uris) in [(["spiffe://operator.example/nfvo"], [].as_slice()), (["CN=nfvo"], &[]), (["a"], &["nfvo"])] {
        let certificate = pki.clients.issue(&Holder { hosts: &hosts, uris, ..Holder::default() });
        assert!(pki.client(Some(&certificate)).send(gate.address, &read(&[])).is_none(), "{hosts:?} {uris:?}");
    }
}

#[test]
fn a_renewed_certificate_is_shown_to_those_who_come_then() {
    let pki = Pki::new();
    let (certificate, key) = (pki.folder.path().join("gate.pem"), pki.folder.path().join("gate.key"));
    let gate = Gate::serve(&["--tls-cert", text(&certificate), "--tls-key", text(&key)]);
    let client = pki.client(None);
    let first = client.certificate_of(gate.address).expect("a handshake");
    // A connection that is there stays.
    let mut before = client.connect(gate.address);
    while before.conn.is_handshaking() {
        before.conn.complete_io(&mut before.sock).expect("a handshake");
    }

    let second = pki.servers.server();
    // For a moment certificate and key do not fit.
    second.write(pki.folder.path(), "gate");
    let swapped = "solgate_tls_reloads_total{outcome=\"swapped\"}";
    gate.wait("it is renewed", |gate| gate.metric(swapped) == 1);
    assert_eq!(client.certificate_of(gate.address).as_ref(), Some(second.der()));
    assert_ne!(&first, second.der());
    let kept = solgate_tests::vnfm::exchange(before, &read(&[])).expect("an answer");
    assert_eq!(kept.status, 202);

    // What is no good changes nothing.
    let refused = "solgate_tls_reloads_total{outcome=\"refused\"}";
    let before = gate.metric(refused);
    std::fs::write(&key, pki.servers.server().key_pem()).expect("it is written");
    gate.wait("it is refused", |gate| gate.metric(refused) > before);
    let _ = gate.server.said_with("certificates not replaced");
    assert_eq!(client.certificate_of(gate.address).as_ref(), Some(second.der()));
    assert_eq!(gate.metric(swapped), 1);
}

/// With one that does not hold every client would fail: the one before serves on.
#[test]
fn a_certificate_that_does_not_hold_now_is_not_taken() {
    let pki = Pki::new();
    let gate = Gate::configured("serve", &json!({"tls": pki.config("optional")}));
    let client = pki.client(None);
    let first = client.certificate_of(gate.address).expect("a handshake");
    let ended =
        pki.servers.issue(&Holder { common_name: "gate", hosts: &["localhost"], expired: true, ..Holder::default() });
    ended.write(pki.folder.path(), "gate");
    let said = gate.server.said_with("certificates not replaced");
    let said = if said.contains("has ended") { said } else { gate.server.said_with("has ended") };
    assert!(said.contains("the certificate has ended, at 2020-01-01T00:00:00Z"), "{said}");
    assert_eq!(client.certificate_of(gate.address).as_ref(), Some(&first));
    // One that begins in a moment is taken then, without a further change.
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later");
    params.not_before = date_time_ymd(1970, 1, 1) + now + Duration::from_secs(6);
    let soon = pki.servers.sign(params);
    soon.write(pki.folder.path(), "gate");
    let _ = gate.server.said_with("the certificate begins later");
    assert_eq!(client.certificate_of(gate.address).as_ref(), Some(&first));
    gate.wait("it begins", |_| client.certificate_of(gate.address).as_ref() == Some(soon.der()));
}

#[test]
fn a_key_that_others_can_change_is_not_taken() {
    let pki = Pki::new();
    let key = pki.folder.path().join("gate.key");
    let mode = |mode| fs::set_permissions(&key, Permissions::from_mode(mode)).expect("it is changed");
    mode(0o644);
    let gate = Gate::configured("serve", &json!({"tls": pki.config("optional")}));
    let _ = gate.server.said_with("everybody on this machine can read the private key");
    let client = pki.client(None);
    let first = client.certificate_of(gate.address).expect("a handshake");
    pki.servers.server().write(pki.folder.path(), "gate");
    mode(0o666);
    let _ = gate.server.said_with("everybody on this machine can write to this private key (its mode is 666)");
    mode(0o600);
    gate.wait("it is taken", |_| client.certificate_of(gate.address).is_some_and(|now| now != first));
}

#[test]
fn with_no_reload_certificates_stay() {
    let pki = Pki::new();
    let config = json!({"tls": pki.config("optional"), "reload": false});
    let gate = Gate::configured("serve", &config);
    let client = pki.client(None);
    let first = client.certificate_of(gate.address);
    pki.servers.server().write(pki.folder.path(), "gate");
    gate.server.signal("HUP");
    gate.wait("it has noticed", |gate| gate.server.said().contains("SIGHUP has no effect on policies"));
    assert!(first.is_some());
    assert_eq!(client.certificate_of(gate.address), first);
}
