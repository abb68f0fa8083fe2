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
        ("good", &own, &good, None),
        ("of another authority", &other, &good, Some("its certificate is not from an issuer that the gate trusts")),
        ("of another host", &own, &elsewhere, Some("its certificate is for another name")),
        ("expired", &own, &expired, Some("its certificate has expired")),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, own.pem()).expect("it is written");
    // Whatever it is asked.
    let answer = json!({"id": "o", "operationState": "FAILED_TEMP", "operation": "SCALE", "vnfInstanceId": "i"});
    let retry =
        message("POST", "/vnflcm/v2/vnf_lcm_op_occs/o/retry", &["Version: 2.0.0", "Accept: application/json"], "");
    for (name, authority, holder, cause) in table {
        let address = secure_server(&authority.issue(holder), &answer);
        let url = format!("https://localhost:{}", address.port());
        let gate = Gate::before(&url, &["--upstream-ca", text(&ca)]);
        let unreachable = |rule: &str| if cause.is_none() { (200, String::new()) } else { (503, rule.to_owned()) };
        let answers = [read(&[]), retry.clone()].map(|request| send(gate.address, &request));
        let expected = [unreachable("upstream.unreachable"), unreachable("gate.fact-unavailable")];
        assert_eq!(answers.each_ref().map(said), expected, "{name}: {}", gate.server.said());
        for (answer, cause) in answers.iter().zip(cause.into_iter().cycle()) {
            let detail = answer.json()["detail"].to_string();
            assert!(detail.contains(cause), "{name}: {detail}");
        }
    }
}
