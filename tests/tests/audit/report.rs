//! `solgate report` reads what a gate really writes.

use std::fs;

use serde_json::{Value, json};
use solgate_tests::minimal;
use solgate_tests::process::{Serving, solgate};
use solgate_tests::vnfm::{Vnfm, send};

use super::{Log, text};

const ID: &str = "on";

fn report(files: &[&str]) -> (Option<i32>, Value) {
    let done = solgate().arg("report").args(files).args(["--format", "json"]).output().expect("it runs");
    (done.status.code(), serde_json::from_slice(&done.stdout).expect("it is JSON"))
}

/// In monitor mode two requests pass that would be denied. A shadow would deny one more.
#[test]
fn what_would_have_been_denied_is_in_lines_and_records() {
    let vnfm = Vnfm::start();
    vnfm.instance(ID, "INSTANTIATED", &json!([]));
    let log = Log::new();
    let folder = tempfile::tempdir().expect("a folder");
    let (live, candidate) = (folder.path().join("live.wasm"), folder.path().join("candidate.wasm"));
    let gentle = ("enum: [FORCEFUL, GRACEFUL]", "enum: [FORCEFUL, GRACEFUL, GENTLE]");
    fs::write(&live, minimal::policy(&[gentle])).expect("it is written");
    fs::write(&candidate, minimal::policy(&[])).expect("it is written");
    let (serving, mut said) = Serving::start_with_log(&[
        "--upstream",
        &vnfm.url(),
        "--policy",
        text(&live),
        "--shadow",
        text(&candidate),
        "--mode",
        "monitor",
        "--decision-log",
        log.text(),
    ]);
    for kind in ["FORCEFUL", "NOW", "SOON", "GENTLE"] {
        assert_eq!(send(serving.address, &minimal::terminate(ID, kind)).status, 202, "{kind}");
    }
    let lines: Vec<Value> = (0..5).map(|_| said.next_line()).collect();
    let written = folder.path().join("lines.jsonl");
    fs::write(&written, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("it is written");
    assert_eq!(log.records(4).len(), 4);

    // One or the other, or both: a request counts once.
    for files in [&[text(&written)][..], &[log.text()], &[text(&written), log.text()], &[log.text(), text(&written)]] {
        let (status, report) = report(files);
        assert_eq!((status, &report["requests"], &report["denied"]), (Some(1), &4.into(), &0.into()), "{report}");
        let monitor = &report["monitor"];
        assert_eq!(monitor["requests"], 2, "{report}");
        assert_eq!(monitor["byOperation"], json!([{"operation": "terminate", "requests": 2}]));
        assert_eq!(monitor["byCaller"], json!([{"caller": "127.0.0.1", "requests": 2}]));
        assert_eq!(monitor["rows"].as_array().map(Vec::len), Some(1), "{report}");
        assert_eq!(report["notRead"], json!([]));
    }
    let (_, report) = report(&[text(&written)]);
    let shadow = &report["shadow"];
    assert_eq!((&shadow["denies"]["requests"], &shadow["allows"]["requests"]), (&1.into(), &0.into()), "{report}");
    assert_eq!(shadow["denies"]["byCaller"], json!([{"caller": "127.0.0.1", "requests": 1}]));
    let gentle = lines.iter().find(|line| line.get("shadow").is_some()).expect("a line of the shadow");
    assert_eq!(shadow["denies"]["rows"][0]["example"], gentle["id"]);
}
