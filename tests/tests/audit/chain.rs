//! The log as a chain: what somebody does to it afterwards is found, and what the gate does
//! itself - starts, rotation, another configuration, a disk that is full - is not taken for
//! that.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use solgate_tests::process::{Serving, lines, solgate};
use solgate_tests::vnfm::{Vnfm, message, send};

use super::{Log, text};

/// Has a gate record so many decisions.
fn record(vnfm: &Vnfm, log: &Path, before: usize, count: usize) {
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", text(log), "--log-chain"]);
    ask(&serving, count);
    assert_eq!(lines(log, before + count).len(), before + count);
}

fn ask(serving: &Serving, count: usize) {
    for number in 0..count {
        assert_eq!(send(serving.address, &message("GET", &format!("/nowhere/{number}"), &[], "")).status, 404);
    }
}

/// Exit status, and what is said.
fn verify(files: &[&Path], arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = solgate();
    command.args(["verify", "--log"]).args(files).args(arguments);
    let done = command.output().expect("it runs");
    assert!(done.stdout.is_empty());
    (done.status.code(), String::from_utf8(done.stderr).expect("it is UTF-8"))
}

fn is_whole(files: &[&Path], counted: &str) {
    let (status, said) = verify(files, &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains(&format!("{counted}: none is missing, changed or in another place")), "{said}");
}

#[test]
fn starts_and_rotation_do_not_end_a_chain() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    record(&vnfm, &log.path, 0, 3);
    record(&vnfm, &log.path, 3, 2);
    is_whole(&[&log.path], "records 5, chains 2");

    // Rotated while a gate runs, and while none does.
    let (older, oldest) = (log.path.with_extension("1"), log.path.with_extension("2"));
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", log.text(), "--log-chain"]);
    ask(&serving, 2);
    assert_eq!(lines(&log.path, 7).len(), 7);
    fs::rename(&log.path, &oldest).expect("it is moved");
    std::thread::sleep(Duration::from_millis(1100));
    ask(&serving, 2);
    assert_eq!(lines(&log.path, 2).len(), 2);
    drop(serving);
    is_whole(&[&oldest, &log.path], "records 9, chains 3");
    let (status, said) = verify(&[&log.path], &[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains(":1: the chain goes on with record 3; those before it must be in an earlier file"), "{said}");
    fs::rename(&log.path, &older).expect("it is moved");
    record(&vnfm, &log.path, 0, 1);
    is_whole(&[&oldest, &older, &log.path], "records 10, chains 4");

    // A gate that was killed while it wrote.
    let whole = fs::read_to_string(&log.path).expect("it is there");
    fs::write(&log.path, format!("{whole}{{\"format\":1,\"ti")).expect("it is written");
    record(&vnfm, &log.path, 2, 1);
    is_whole(&[&log.path], "records 2, chains 2");
    assert!(verify(&[&log.path], &[]).1.contains(":2: the line was cut when it was written"));
    // What was recorded can be read by all that read records.
    let done = solgate().args(["replay", log.text()]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&done.stdout).contains("2 judged the same"), "{done:?}");
}

#[test]
fn what_was_done_to_a_log_is_named_with_its_line() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    record(&vnfm, &log.path, 0, 6);
    let written: Vec<String> = lines(&log.path, 6);
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = written.clone();
        change(&mut lines);
        fs::write(&log.path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("it is written");
        let (status, said) = verify(&[&log.path], &[]);
        assert_eq!(status, Some(1), "{said}");
        said
    };
    let changed = with(&|lines| lines[2] = lines[2].replace("/nowhere/2", "/nowhere/9"));
    assert!(changed.contains(":3: the line was changed"), "{changed}");
    let missing = with(&|lines| drop(lines.remove(3)));
    assert!(missing.contains(":4: record 4 of this chain is missing before the line"), "{missing}");
    let moved = with(&|lines| lines.swap(1, 2));
    assert!(moved.contains(":3: the line was moved: record 2 of its chain stands after record 3"), "{moved}");
    let added = with(&|lines| {
        let mut record: Value = serde_json::from_str(&lines[4]).expect("it is JSON");
        record.as_object_mut().expect("an object").remove("chain");
        lines.insert(4, record.to_string());
    });
    assert!(added.contains(":5: the line is in no chain"), "{added}");

    // That the end is missing shows to whoever has kept a digest.
    fs::write(&log.path, written.iter().map(|line| format!("{line}\n")).collect::<String>()).expect("it is written");
    let (_, said) = verify(&[&log.path], &[]);
    let digest = said.trim_end().rsplit(' ').next().expect("the last word").to_owned();
    assert_eq!(verify(&[&log.path], &["--digest", &digest]).0, Some(0));
    fs::write(&log.path, written[..4].iter().map(|line| format!("{line}\n")).collect::<String>()).expect("written");
    is_whole(&[&log.path], "records 4, chains 1");
    let (status, said) = verify(&[&log.path], &["--digest", &digest]);
    assert_eq!(status, Some(1));
    assert!(said.contains(&format!("the record with the digest {digest} is missing")), "{said}");
}

/// One takes over from the other: for a while both write into one file.
#[test]
fn two_gates_may_write_into_one_file() {
    let vnfm = Vnfm::start();
    let log = Log::new();
    let start = || Serving::start(&["--upstream", &vnfm.url(), "--decision-log", log.text(), "--log-chain"]);
    let (first, second) = (start(), start());
    for _ in 0..3 {
        ask(&first, 1);
        ask(&second, 2);
        // Each writes when it has nothing else to do.
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(lines(&log.path, 9).len(), 9);
    is_whole(&[&log.path], "records 9, chains 2");
}

/// The settings of a log hold at once; the requests in flight end under those before.
#[test]
fn another_configuration_of_the_log_needs_no_restart() {
    let vnfm = Vnfm::start();
    let (log, other) = (Log::new(), Log::new());
    let file = log.path.with_file_name("solgate.yaml");
    let write = |members: &str| {
        let config = format!("decisionLog: {members}\nupstreams: [{{ url: {} }}]\n", vnfm.url());
        fs::write(file.with_extension("new"), config).expect("it is written");
        fs::rename(file.with_extension("new"), &file).expect("it is moved");
    };
    write(&format!("{{ file: {} }}", log.text()));
    let (serving, mut said) = Serving::start_with_log(&["--config", text(&file)]);
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    let body = r#"{"callbackUri": "https://a.example/", "tariff": "hunter2"}"#;
    let mut subscribe = || {
        let _ = send(serving.address, &message("POST", "/vnflcm/v2/subscriptions", &fields, body));
        said.next_line()
    };
    subscribe();
    assert!(log.records(1)[0].get("chain").is_none());
    // Until it holds, requests are recorded as before.
    let mut until = |log: &Log, holds: &dyn Fn(&Value) -> bool| {
        let patience = std::time::Instant::now() + Duration::from_secs(60);
        loop {
            let id = subscribe()["id"].clone();
            let written = fs::read_to_string(&log.path).unwrap_or_default();
            let mut records = written.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(record) = records.find(|record| record["id"] == id).filter(|record| holds(record)) {
                return record;
            }
            assert!(std::time::Instant::now() < patience);
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    write(&format!("{{ file: {}, bodies: true, secretNames: [tariff], chain: true }}", log.text()));
    let record = until(&log, &|record| record.get("chain").is_some());
    assert!(record["request"]["body"]["text"].is_string() && !record.to_string().contains("hunter2"), "{record}");
    write(&format!("{{ file: {} }}", other.text()));
    let record = until(&other, &|_| true);
    assert!(record["request"].get("body").is_none() && record.get("chain").is_none(), "{record}");
}
