//! Both versions of the VNF LCM API of a real Tacker behind one `solgate serve`, with
//! OpenStack's client, by the configuration that `solgate doctor` writes.

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use solgate_tests::process::{Serving, solgate};
use solgate_tests::vnfm::{message, send};

use crate::faults;
use crate::tacker::{Tacker, client_at};

/// Of version 1, by tests/doors/tacker/seed.json.
const INSTANCE: &str = "44444444-0000-4000-8000-00000000000a";
const COMPLETED: &str = "66666666-0000-4000-8000-00000000000a";
const FAILED_TEMP: &str = "66666666-0000-4000-8000-00000000000b";
/// Of version 2.
const OF_V2: &str = "11111111-0000-4000-8000-000000000001";
const COMPLETED_V2: &str = "22222222-0000-4000-8000-000000000001";

/// What the doctor says of a Tacker, and the file that it writes.
fn examined(tacker: &Tacker, file: &Path) -> Value {
    let url = format!("http://{}", tacker.address);
    let done = solgate().args(["doctor", "--upstream", &url, "--format", "json", "-o"]).arg(file).output();
    let done = done.expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("it is JSON")
}

fn seen<'r>(report: &'r Value, topic: &str, root: &str) -> &'r Value {
    let all = report["observations"].as_array().expect("observations");
    let found = all.iter().find(|one| one["topic"] == topic && one["root"].as_str().unwrap_or_default() == root);
    found.unwrap_or_else(|| panic!("nothing of {topic}: {all:#?}"))
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn the_doctor_knows_a_tacker() {
    let tacker = Tacker::alone();
    let folder = tempfile::tempdir().expect("a folder");
    let report = examined(&tacker, &folder.path().join("solgate.yaml"));
    let upstream = &report["configuration"]["upstreams"][0];
    assert_eq!(upstream["policies"], json!(["vnflcm-v2", "vnflcm-v1"]), "{report:#}");
    let expected =
        json!({"vnflcm-v2.supportedVersions": ["2.0.0"], "vnflcm-v1.supportedVersions": ["1.3.0"], "tacker": true});
    assert_eq!(upstream["set"], expected, "{report:#}");
    let (v1, v2) = ("/vnflcm/v1", "/vnflcm/v2");
    // Version 1 does not look at the field, version 2 does.
    for (topic, root, status) in [
        ("unknownVersion", v1, 200),
        ("unknownVersion", v2, 406),
        ("noVersion", v1, 200),
        ("noVersion", v2, 400),
        ("missing", v1, 404),
        ("missing", v2, 404),
        ("identifierCase", v1, 404),
        ("filter", v1, 200),
        ("filter", v2, 200),
        ("head", v2, 405),
        ("unknownSelector", v2, 500),
    ] {
        assert_eq!(seen(&report, topic, root)["status"], status, "{topic} {root}: {report:#}");
    }
    let references = seen(&report, "references", "")["text"].as_str().expect("a text");
    assert!(references.contains(":9890"), "its option endpoint has its default: {references}");
    let others = seen(&report, "otherApis", "")["text"].as_str().expect("a text");
    assert!(others.contains("vnffm"), "{others}");
}

/// Asked in both versions by the client, with and without the gate.
fn same(tacker: SocketAddr, gate: SocketAddr, version: &str, command: &[&str]) -> String {
    let (without, with) = (client_at(tacker, version, command), client_at(gate, version, command));
    assert_eq!(with, without, "{version} {command:?}");
    with
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn the_client_of_openstack_works_in_both_versions_through_one_gate() {
    let tacker = Tacker::alone();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    examined(&tacker, &file);
    let gate = Serving::start(&["--config", file.to_str().expect("text")]);
    let (behind, before) = (tacker.address, gate.address);
    std::thread::scope(|threads| {
        for (version, instance, occurrence) in [("1", INSTANCE, FAILED_TEMP), ("2", OF_V2, COMPLETED_V2)] {
            threads.spawn(move || {
                for command in [
                    &["vnflcm", "list", "-f", "json"][..],
                    &["vnflcm", "show", instance, "-f", "json"],
                    &["vnflcm", "op", "list", "-f", "json"],
                    &["vnflcm", "op", "show", occurrence, "-f", "json"],
                ] {
                    let found: Value = serde_json::from_str(&same(behind, before, version, command)).expect("JSON");
                    assert_ne!(found, json!([]), "{version} {command:?}");
                }
                same(behind, before, version, &["vnflcm", "versions"]);
                same(behind, before, version, &["vnflcm", "subsc", "list"]);
            });
        }
    });
    // Neither version shows what the other has.
    assert!(client_at(before, "2", &["vnflcm", "show", INSTANCE]).contains("not found"));
    // Refused by the gate, by the state that Tacker tells it in that version.
    for (version, occurrence) in [("1", COMPLETED), ("2", COMPLETED_V2)] {
        let said = client_at(before, version, &["vnflcm", "op", "retry", occurrence]);
        assert!(said.contains("retry needs FAILED_TEMP"), "{version}: {said}");
    }
    // In version 1 the client says no Version when it cancels; the option tacker lets it.
    let cancel = ["vnflcm", "op", "cancel", FAILED_TEMP, "--cancel-mode", "GRACEFUL"];
    assert!(client_at(before, "1", &cancel).contains("FAILED_TEMP"), "{}", client_at(before, "1", &cancel));
    let subscription = r#"{"filter": {"operationTypes": ["CHANGE_VNFPKG"]}, "callbackUri": "http://nfvo.example/n"}"#;
    let subscribe = |root: &str, version: &str| {
        let fields = [version, "Content-Type: application/json", "Accept: application/json"];
        let length = format!("Content-Length: {}", subscription.len());
        let fields = [&fields[..], &[length.as_str()]].concat();
        let head = message("POST", &format!("{root}/subscriptions"), &fields, "");
        send(before, &[head.as_slice(), subscription.as_bytes()].concat())
    };
    // What version 2 has, and version 1 has not.
    faults::expect(&subscribe("/vnflcm/v1", "Version: 1.3.0"), 400, "subscribe.filter.operationTypes.enum");
    assert_ne!(subscribe("/vnflcm/v2", "Version: 2.0.0").status, 400);
    // And the wrong version below either root.
    faults::expect(
        &send(before, &message("GET", "/vnflcm/v2/vnf_instances", &["Version: 1.3.0"], "")),
        406,
        "header.version.supported",
    );
}
