//! TLS to the VNFM: nothing is sent to one that is not who it should be.

use serde_json::json;
use solgate_tests::certificates::{Authority, Holder};
use solgate_tests::vnfm::{message, send};

use super::support::{Gate, read, said, secure_server, text};

#[test]
fn a_vnfm_is_asked_and_sent_something_if_its_certificate_is_good() {
    let (own, other) = (Authority::new("vnfms"), Authority::new("others"));
    let good = Holder { common_name: "vnfm", hosts: &["localhost"], ..Holder::default() };
    let elsewhere = Holder { hosts: &["elsewhere"], ..good.clone() };
    let expired = Holder { expired: true, ..good.clone() };
    let table = [
        ("good", &own, &good, true),
        ("of another authority", &other, &good, false),
        ("of another host", &own, &elsewhere, false),
        ("expired", &own, &expired, false),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, own.pem()).expect("it is written");
    // Whatever it is asked.
    let answer = json!({"id": "o", "operationState": "FAILED_TEMP", "operation": "SCALE", "vnfInstanceId": "i"});
    let retry =
        message("POST", "/vnflcm/v2/vnf_lcm_op_occs/o/retry", &["Version: 2.0.0", "Accept: application/json"], "");
    for (name, authority, holder, trusted) in table {
        let address = secure_server(&authority.issue(holder), &answer);
        let url = format!("https://localhost:{}", address.port());
        let gate = Gate::before(&url, &["--upstream-ca", text(&ca)]);
        let unreachable = |rule: &str| if trusted { (200, String::new()) } else { (503, rule.to_owned()) };
        let answers = [read(&[]), retry.clone()].map(|request| said(&send(gate.address, &request)));
        let expected = [unreachable("upstream.unreachable"), unreachable("gate.fact-unavailable")];
        assert_eq!(answers, expected, "{name}: {}", gate.server.said());
    }
}
