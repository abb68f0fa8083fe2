//! No operation is missing in the log.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use solgate_tests::faulty_vnfm::{Act, FaultyVnfm};
use solgate_tests::process::{Serving, free_address, lines, solgate};
use solgate_tests::tokens::TokenKey;
use solgate_tests::vnfm::{Vnfm, message, send};

use super::{Log, text};

/// Nobody judges what is below no API root, and the bodies may be as large as the gate takes.
const ELSEWHERE: [&str; 2] = ["--set", "outsideApiRoot=pass"];
/// Together more than all that may wait for the disk.
const LARGE: usize = 80;

/// A DELETE that goes through while large bodies are with a slow VNFM.
fn deleted_meanwhile(log: &Log, arguments: &[&str]) -> Vec<Value> {
    let free = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&free);
    let vnfm = FaultyVnfm::start(move |request| {
        let answer = |status: &str| Act::Send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes());
        if request.line.starts_with("POST") {
            vec![Act::ReadBody, Act::Until(Arc::clone(&until)), answer("202 Accepted")]
        } else {
            vec![answer("200 OK")]
        }
    });
    let fixed = ["--upstream", &vnfm.url(), "--decision-log", log.text()];
    let serving = Serving::start(&[&fixed, &ELSEWHERE[..], arguments].concat());
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(1_000_000));
    let post = message("POST", "/elsewhere", &["Content-Type: application/json"], &body);
    let clients: Vec<_> = (0..LARGE)
        .map(|_| {
            let (post, address) = (post.clone(), serving.address);
            std::thread::spawn(move || send(address, &post).status)
        })
        .collect();
    let patience = std::time::Instant::now() + Duration::from_secs(60);
    let mut arrived = 0;
    while arrived < LARGE && std::time::Instant::now() < patience {
        arrived += vnfm.received().len();
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(arrived, LARGE);
    let deleted = send(serving.address, &message("DELETE", "/elsewhere/1", &[], ""));
    assert_eq!(deleted.status, 200);
    free.store(true, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.join().expect("it ends"), 202);
    }
    log.records(LARGE + 1)
}

fn count(records: &[Value], method: &str) -> usize {
    records.iter().filter(|record| record["request"]["method"] == method).count()
}

#[test]
fn an_operation_that_went_through_has_its_record_whatever_else_is_in_flight() {
    let log = Log::new();
    let records = deleted_meanwhile(&log, &[]);
    assert_eq!((count(&records, "DELETE"), count(&records, "POST")), (1, LARGE));
    assert!(records.iter().all(|record| record.get("partial").is_none()), "without bodies there is room for all");
    assert!(records.iter().all(|record| record["request"]["bodyBytes"] != 0 || record["request"]["method"] != "POST"));

    // With bodies there is not, and still none is missing.
    let log = Log::new();
    let records = deleted_meanwhile(&log, &["--log-bodies"]);
    assert_eq!((count(&records, "DELETE"), count(&records, "POST")), (1, LARGE));
    let partial: Vec<&Value> = records.iter().filter(|record| record.get("partial").is_some()).collect();
    assert!(!partial.is_empty() && partial.len() < LARGE, "{}", partial.len());
    for record in partial {
        assert_eq!((&record["request"]["method"], &record["upstreamStatus"]), (&"POST".into(), &202.into()));
        assert_eq!(record["request"]["bodyBytes"], 1_000_008, "{record}");
        assert!(record["request"].get("body").is_none(), "{record}");
    }
}

const TERMINATE: &str = "/vnflcm/v2/vnf_instances/6fc3539c-e602-4afa-8e13-962fb5a7d81f/terminate";

/// Refused before any policy is asked: for its token, its framing, its body.
#[test]
fn what_is_refused_before_it_is_judged_has_a_record_and_an_operation() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    let folder = tempfile::tempdir().expect("a folder");
    let keys = folder.path().join("keys.json");
    fs::write(&keys, json!({"keys": [TokenKey::ed25519("k").jwk()]}).to_string()).expect("it is written");
    let admin = free_address();
    let (serving, mut said) = Serving::start_with_log(&[
        "--upstream",
        &vnfm.url(),
        "--decision-log",
        log.text(),
        "--jwks",
        text(&keys),
        "--admin",
        &admin.to_string(),
    ]);
    let fields = ["Version: 2.0.0", "Accept: application/json"];
    let asked = [
        (message("POST", TERMINATE, &fields, ""), 401, "access.token.missing"),
        (
            message("POST", TERMINATE, &[&fields[..], &["Authorization: Bearer hunter2.a.b"]].concat(), ""),
            401,
            "access.token.invalid",
        ),
        (
            message("POST", TERMINATE, &["Content-Length: 1", "Transfer-Encoding: chunked"], ""),
            400,
            "transport.framing",
        ),
    ];
    for (request, status, rule) in &asked {
        assert_eq!(send(serving.address, request).status, *status);
        let line = said.next_line();
        assert_eq!((&line["rule"], &line["operation"]), (&(*rule).into(), &"terminate".into()), "{line}");
    }
    let nowhere = send(serving.address, b"GET\r\n\r\n");
    assert_eq!((nowhere.status, &said.next_line()["operation"]), (400, &Value::Null));

    let records = log.records(asked.len() + 1);
    assert_eq!(records.len(), asked.len() + 1);
    for ((_, status, rule), record) in asked.iter().zip(&records) {
        let verdict = json!({"allowed": false, "status": status, "rule": rule, "fault": true});
        assert_eq!(record["verdict"], verdict, "{record}");
        assert_eq!((&record["operation"], &record["policies"]), (&"terminate".into(), &json!([])), "{record}");
        assert_eq!(record["resource"], "vnf_instances/6fc3539c-e602-4afa-8e13-962fb5a7d81f");
        assert_eq!((&record["request"]["method"], &record["request"]["target"]), (&"POST".into(), &TERMINATE.into()));
        assert_eq!(record["context"]["caller"]["sourceAddress"], "127.0.0.1");
        assert!(record["id"].is_string() && record["time"].is_string(), "{record}");
    }
    assert_eq!(records[3]["verdict"]["rule"], "transport.head.malformed");
    assert!(!records.iter().any(|record| record.to_string().contains("hunter2")));

    let metrics = String::from_utf8(send(admin, &message("GET", "/metrics", &[], "")).body).expect("it is text");
    for (_, status, rule) in &asked {
        let sample = format!("operation=\"terminate\",status=\"{status}\",verdict=\"fault\",rule=\"{rule}\"}} 1");
        assert!(metrics.contains(&sample), "{sample}: {metrics}");
    }

    // Nothing of it can be judged again, and the tools say why.
    let done = solgate().args(["replay", log.text()]).output().expect("it runs");
    let printed = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(printed.contains("access.token.missing") && printed.contains("4 not judged again"), "{printed}");
}

/// In monitor mode the policy lets a body pass that the gate cannot pass on: the record has
/// what the client was told.
#[test]
fn a_request_that_the_gate_refuses_after_its_verdict_is_not_recorded_as_allowed() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    let arguments = ["--upstream", &vnfm.url(), "--decision-log", log.text(), "--mode", "monitor"];
    let serving = Serving::start(&arguments);
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    let body = format!("{{\"terminationType\":\"{}\"}}", "x".repeat(12 << 20));
    assert_eq!(send(serving.address, &message("POST", TERMINATE, &fields, &body)).status, 413);
    let record = log.records(1).remove(0);
    assert_eq!(
        (&record["verdict"]["allowed"], &record["verdict"]["status"], &record["verdict"]["rule"]),
        (&false.into(), &413.into(), &"transport.body.size".into()),
        "{record}"
    );
}

#[test]
fn a_link_in_the_place_of_the_log_is_not_followed() {
    let vnfm = Vnfm::start();
    let folder = tempfile::tempdir().expect("a folder");
    let (log, other) = (folder.path().join("decisions.jsonl"), folder.path().join("other"));
    fs::write(&other, "").expect("it is written");
    fs::set_permissions(&other, fs::Permissions::from_mode(0o600)).expect("it is changed");
    symlink(&other, &log).expect("it is linked");
    let arguments = ["--upstream", &vnfm.url(), "--decision-log", text(&log)];
    for more in [&[][..], &["--check-config"]] {
        let mut serve = solgate();
        serve.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).args(more);
        // A gate that takes the link goes on: it is not waited for.
        let mut child = serve.stderr(std::process::Stdio::piped()).spawn().expect("it starts");
        let patience = std::time::Instant::now() + Duration::from_secs(30);
        while child.try_wait().expect("its state is known").is_none() && std::time::Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        let done = child.wait_with_output().expect("it ends");
        let errors = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{errors}");
        assert!(errors.contains("symbolic link"), "{errors}");
    }

    // Nor one that takes the place of a log that was moved away.
    fs::remove_file(&log).expect("it is removed");
    let serving = Serving::start(&arguments);
    let request = message("GET", "/nowhere", &[], "");
    let _ = send(serving.address, &request);
    assert_eq!(lines(&log, 1).len(), 1);
    fs::remove_file(&log).expect("it is removed");
    symlink(&other, &log).expect("it is linked");
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(send(serving.address, &request).status, 404);
    fs::remove_file(&log).expect("it is removed");
    let _ = send(serving.address, &request);
    assert!(!lines(&log, 1).is_empty(), "it is written again");
    assert_eq!(fs::read_to_string(&other).expect("it is there"), "");
}
