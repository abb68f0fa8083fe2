//! Several certificates on one address: a client gets that of the name for which it asks.

use serde_json::json;
use solgate_tests::certificates::{Authority, Holder, Issued};
use solgate_tests::tls::Client;
use solgate_tests::vnfm::exchange;

use super::support::{Gate, read};

/// When the certificate of a name ends.
fn ends(name: &str) -> String {
    format!("solgate_tls_certificate_not_after_seconds{{name=\"{name}\"}}")
}

fn certificate(servers: &Authority, hosts: &[&str]) -> Issued {
    servers.issue(&Holder { common_name: "gate", hosts, ..Holder::default() })
}

#[test]
fn a_client_gets_the_certificate_of_the_name_for_which_it_asks() {
    let (servers, others) = (Authority::new("servers"), Authority::new("others"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    servers.server().write(folder.path(), "gate");
    certificate(&servers, &["a.example"]).write(folder.path(), "a");
    certificate(&servers, &["*.b.example", "c.example"]).write(folder.path(), "b");
    let tls = json!({
        "certFile": path("gate.pem"), "keyFile": path("gate.key"),
        "certificates": [
            {"serverNames": ["A.example"], "certFile": path("a.pem"), "keyFile": path("a.key")},
            {"serverNames": ["*.b.example", "c.example"], "certFile": path("b.pem"), "keyFile": path("b.key")},
        ],
    });
    let gate = Gate::configured("serve", &json!({ "tls": tls }));
    let status = |authority: &Authority, name: &str| {
        let stream = Client::new(authority, None).connect_to(name, gate.address);
        exchange(stream, &read(&[])).ok().map(|answer| answer.status)
    };
    // The client checks the name in the certificate.
    for name in ["localhost", "a.example", "A.EXAMPLE", "x.b.example", "c.example"] {
        assert_eq!(status(&servers, name), Some(202), "{name}");
    }
    for name in ["other.example", "b.example", "x.y.b.example", "x.a.example"] {
        assert_eq!(status(&servers, name), None, "{name} gets the first, which is not for it");
    }
    assert!(gate.metric(&ends("")) > 0 && gate.metric(&ends("*.b.example")) > 0);
    // One of them is renewed, from another authority; the others stay.
    certificate(&others, &["a.example"]).write(folder.path(), "a");
    gate.wait("it is renewed", |_| status(&others, "a.example") == Some(202));
    assert_eq!(status(&servers, "c.example"), Some(202));
    // One that is for another name is not taken.
    certificate(&servers, &["wrong.example"]).write(folder.path(), "a");
    gate.wait("it is refused", |gate| gate.server.said().contains("the certificate is not for the name a.example"));
    assert_eq!(status(&others, "a.example"), Some(202));
}
