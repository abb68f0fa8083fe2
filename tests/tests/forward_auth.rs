//! `solgate forward-auth` as a process: what it says to the server, and what it
//! reports.

use solgate_tests::process::Serving;
use solgate_tests::vnfm::{Answer, Vnfm, message, send};

/// Asks about a list of instances without Version, which the default policy requires.
fn ask(gate: &Serving) -> Answer {
    let fields = [
        "X-Forwarded-Method: GET",
        "X-Forwarded-Uri: /vnflcm/v2/vnf_instances",
        "X-Forwarded-Host: vnfm.example",
        "Accept: application/json",
    ];
    send(gate.address, &message("GET", "/", &fields, ""))
}

#[test]
fn what_refuses_nothing_is_a_warning_beside_the_verdict() {
    let vnfm = Vnfm::start();
    let start = |more: &[&str]| Serving::start_door("forward-auth", &[&["--facts", &vnfm.url()], more].concat());

    let refused = ask(&start(&[]));
    assert_eq!((refused.status, refused.field("warning")), (400, None));
    assert_eq!(refused.rules(), ["header.version.required"]);

    let passed = ask(&start(&["--severity", "header.version.required=warn"]));
    assert_eq!((passed.status, passed.field("solgate-verdict")), (200, Some("pass")));
    let warning = passed.field("warning").expect("it warns");
    assert!(warning.contains("header.version.required"), "{warning}");
}
