//! Decision logs leave the machine by a real rsyslog, configured as docs/operating.md
//! shows. `make test-fleet` installs it and runs this test.

use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use solgate_tests::process::{Serving, lines, solgate};
use solgate_tests::servers::write_files;
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::workspace;

const PATIENCE: Duration = Duration::from_secs(30);

/// Ends what it started.
struct Child(std::process::Child);

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "make test-fleet"]
fn rsyslog_carries_every_record_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // The other machine.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port().to_string();
    let received = Arc::new(Mutex::new(Vec::new()));
    let taking = Arc::clone(&received);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut some = [0; 4096];
            while let Ok(count) = stream.read(&mut some) {
                if count == 0 {
                    break;
                }
                taking.lock().unwrap().extend_from_slice(&some[..count]);
            }
        }
    });
    let log = folder.join("decisions.jsonl");
    let page = std::fs::read_to_string(workspace().join("docs/operating.md")).expect("it is readable");
    let (path, spool) = (log.display().to_string(), folder.display().to_string());
    let target = "target=\"127.0.0.1\"";
    let port = format!("port=\"{port}\"");
    write_files(
        &page,
        &{
            // The page has files for other commands as well.
            let files = folder.join("files");
            std::fs::create_dir_all(files.join("ours/rules")).expect("it is made");
            files
        },
        &[
            ("/var/log/solgate/decisions.jsonl", &path),
            ("/var/spool/rsyslog", &spool),
            ("target=\"logs.example\"", target),
            ("port=\"10514\"", &port),
        ],
    );
    let vnfm = Vnfm::start();
    let gate = Serving::start(&["--log", "off", "--upstream", &vnfm.url(), "--decision-log", &path, "--log-bodies"]);
    let rsyslog = Command::new("rsyslogd")
        .arg("-n")
        .arg("-f")
        .arg(folder.join("files/rsyslog.conf"))
        .arg("-i")
        .arg(folder.join("rsyslog.pid"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _rsyslog = Child(rsyslog.expect("it starts: run tests/fleet/install.sh"));
    let ask = |number: usize, size: usize| {
        let body =
            format!("{{\"terminationType\":\"N{number}\",\"additionalParams\":{{\"x\":\"{}\"}}}}", "y".repeat(size));
        let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
        let target = format!("/vnflcm/v2/vnf_instances/i{number}/terminate");
        assert_eq!(send(gate.address, &message("POST", &target, &fields, &body)).status, 400);
    };
    for number in 0..20 {
        // Some are longer than rsyslog takes if nobody says otherwise.
        ask(number, if number % 5 == 0 { 100_000 } else { 10 });
    }
    assert_eq!(lines(&log, 20).len(), 20);
    let arrived = |count: usize| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = String::from_utf8(received.lock().unwrap().clone()).expect("it is text");
            let mut seen = Vec::new();
            for line in text.lines() {
                if !seen.contains(&line.to_owned()) {
                    seen.push(line.to_owned());
                }
            }
            if text.ends_with('\n') && seen.len() >= count {
                return seen;
            }
            assert!(Instant::now() < deadline, "{} of {count}", seen.len());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    assert_eq!(arrived(20), lines(&log, 20));
    // Rotated.
    let before = lines(&log, 20);
    std::fs::rename(&log, folder.join("decisions.jsonl.1")).expect("it is moved");
    std::thread::sleep(Duration::from_millis(1500));
    for number in 20..30 {
        ask(number, 10);
    }
    let after = lines(&log, 10);
    assert_eq!(after.len(), 10);
    assert_eq!(arrived(30), [before, after].concat());
    // What is there now can be judged again.
    let copy = folder.join("copy.jsonl");
    std::fs::write(&copy, arrived(30).join("\n") + "\n").expect("it is written");
    let done = solgate().arg("replay").arg(&copy).output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!((done.status.code(), said.trim()), (Some(0), "30 judged the same, 0 differently, 0 not judged again"));
}
