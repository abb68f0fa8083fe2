//! `solgate test` beyond what a transcript can show: running again after a change,
//! a reader that goes away, and the cases that the default policy brings along.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use solgate_cases::{Source, embed, embedded, run};
use solgate_tests::process::solgate;
use solgate_tests::{default_component, default_policy, workspace};

/// Longest time that a change may take to be noticed and judged, on a machine that
/// is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

const PASSES: &str = "cases:\n  - { name: one, path: /nowhere, expect: { status: 404 } }\n";
const FAILS: &str = "cases:\n  - { name: one, path: /nowhere, expect: allow }\n";
const MISTAKEN: &str = "cases:\n  - { name: one, path: /nowhere, expect: alow }\n";

/// The smallest bundle, with one file of cases.
fn bundle(home: &Path, cases: &str) -> PathBuf {
    let folder = home.join("bundle");
    fs::create_dir_all(folder.join("rules")).expect("it is created");
    fs::create_dir_all(folder.join("tests")).expect("it is created");
    let minimal = workspace().join("host/bundle/tests/bundles/minimal");
    for name in ["policy.yaml", "openapi.yaml", "rules/body.yaml", "rules/state.yaml"] {
        fs::copy(minimal.join(name), folder.join(name)).expect("it is copied");
    }
    fs::write(folder.join("tests/a.yaml"), cases).expect("it is written");
    folder
}

/// `solgate test --watch`, ended when it is dropped.
struct Watching {
    child: Child,
    /// The lines of both streams.
    lines: Receiver<String>,
}

impl Watching {
    fn start(folder: &Path) -> Self {
        let mut child = solgate()
            .args(["test", "--watch"])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let (sender, lines) = channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().expect("piped")), Box::new(child.stderr.take().expect("piped"))];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// Reads until all the texts have come, in whatever order the two streams
    /// deliver them.
    fn expect(&self, texts: &[&str]) {
        let mut missing = texts.to_vec();
        let mut said = Vec::new();
        while !missing.is_empty() {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("{missing:?} did not come: {said:#?}"));
            missing.retain(|text| !line.contains(text));
            said.push(line);
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_watch_runs_again_after_every_change() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = bundle(home.path(), PASSES);
    let watching = Watching::start(&folder);
    watching.expect(&["1 passed, 0 failed", "watching"]);

    let cases = folder.join("tests/a.yaml");
    fs::write(&cases, FAILS).expect("it is written");
    watching.expect(&["failed tests/a.yaml:2 one", "0 passed, 1 failed", "watching"]);

    // A mistake does not end it.
    fs::write(&cases, MISTAKEN).expect("it is written");
    watching.expect(&["did you mean `allow`?", "watching"]);

    // Many editors put another file in the place of the old one.
    let new = folder.join("tests/.a.yaml.new");
    fs::write(&new, PASSES).expect("it is written");
    fs::rename(&new, &cases).expect("it is renamed");
    watching.expect(&["1 passed, 0 failed", "watching"]);

    // A change of the policy itself counts, too.
    let policy = folder.join("policy.yaml");
    let text = fs::read_to_string(&policy).expect("it is readable");
    fs::write(&policy, text.replace("version: 1.0.0", "version: 1.0.1")).expect("it is written");
    watching.expect(&["minimal 1.0.1: 1 passed", "watching"]);

    // So is another folder in the place of this one.
    let away = home.path().join("away");
    fs::rename(&folder, &away).expect("it is renamed");
    watching.expect(&["cannot read", "watching"]);
    fs::rename(&away, &folder).expect("it is renamed");
    watching.expect(&["1 passed, 0 failed", "watching"]);
    fs::write(&cases, FAILS).expect("it is written");
    watching.expect(&["0 passed, 1 failed", "watching"]);
}

#[test]
fn a_watch_does_not_wake_itself() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = bundle(home.path(), PASSES);
    let watching = Watching::start(&folder);
    watching.expect(&["1 passed", "watching"]);
    // Reading is no change, and neither is a file that is no part of the policy.
    fs::read(folder.join("policy.yaml")).expect("it is readable");
    fs::write(folder.join("notes.txt"), "").expect("it is written");
    fs::write(folder.join("tests/.a.yaml.swp"), "").expect("it is written");
    let line = watching.lines.recv_timeout(Duration::from_secs(2));
    assert!(line.is_err(), "{line:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let home = tempfile::tempdir().expect("a folder");
    // More than a pipe holds.
    let many: String = (0..2000).map(|n| format!("  - {{ name: c{n}, path: /x, expect: allow }}\n")).collect();
    let folder = bundle(home.path(), &format!("cases:\n{many}"));
    for format in ["pretty", "json", "junit"] {
        let mut command = solgate();
        command.arg("test").arg(&folder).args(["--format", format]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        drop(child.stdout.take());
        let done = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!((done.status.code(), said.as_str()), (Some(1), ""), "{format}");
    }
}

#[test]
fn the_default_policy_brings_its_cases_along() {
    let policy = default_policy();
    let cases = embedded(default_component(), &policy.manifest().into()).expect("they are readable");
    assert!(cases.len() > 200, "{} cases", cases.len());
    for case in &cases {
        let (_, differences) = run(&*policy, case).expect("it comes to a verdict");
        assert!(differences.is_empty(), "{}: {differences:?}", case.name);
    }
}

#[test]
fn cases_that_do_not_fit_the_policy_are_refused_with_their_place() {
    let policy = default_policy();
    let text = "cases:\n  - { name: one, path: /x, expect: { status: 404, rules: [route.unknwon] } }\n";
    let file = Source { name: "tests/a.yaml".to_owned(), text: text.to_owned() };
    // The smallest component; what counts is the section behind it.
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    embed(&mut component, [&file]).expect("it is small");
    let refused = embedded(&component, &policy.manifest().into()).expect_err("there is no such rule").to_string();
    for part in ["the policy has no rule `route.unknwon`", "tests/a.yaml:2:59", "did you mean `route.unknown`?"] {
        assert!(refused.contains(part), "{part} is not in\n{refused}");
    }
}

/// The engine in the sandbox, its quick way and CEL itself know one language.
#[test]
fn rules_with_optional_values_decide_in_the_sandbox_as_natively() {
    let bundle = workspace().join("host/bundle/tests/bundles/optional");
    let done = solgate().args(["test", "--format", "json"]).arg(&bundle).output().expect("it runs");
    let said: serde_json::Value = serde_json::from_slice(&done.stdout).expect("it is JSON");
    assert!(done.status.success(), "{said:#}");
    let cases = fs::read_to_string(bundle.join("tests/optional.yaml")).expect("it is readable");
    let written = cases.lines().filter(|line| line.starts_with("  - ")).count();
    assert_eq!((said["passed"].as_u64(), written > 12), (u64::try_from(written).ok(), true), "{said:#}");
}
