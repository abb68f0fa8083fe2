//! `solgate serve --decision-log`, and the test cases that `solgate import-cases`
//! makes of it.

use std::fs;
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_bundle::{BuildOptions, Source, compile_dir};
use solgate_cases::{Case, Vocabulary};
use solgate_engine::Engine;
use solgate_tests::doors::{self, Serve, library};
use solgate_tests::process::{Serving, binary, free_address, lines, solgate};
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::{copy_folder, workspace};

/// Every case of the default policy goes through the gate, becomes a record, and
/// the record a case, which holds.
#[test]
fn what_was_recorded_can_be_judged_again() {
    // What can be read in two ways is refused before there is anything to record.
    let is_recorded = |asked: &doors::Asked| {
        let (said, _) = library::judge(asked);
        // Nor are cases of the default policy what others of the gate's policies judge.
        let is_ours = !["/vnflcm/v1", "/nslcm"].iter().any(|root| asked.case.target.starts_with(root));
        is_ours && !doors::Said::rules(&said).iter().any(|rule| rule.starts_with("transport."))
    };
    let asked: Vec<doors::Asked> = doors::of_the_bundle().into_iter().filter(is_recorded).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("decisions.jsonl");
    let serve = Serve::start(&asked, &["--decision-log", text(&log), "--log-bodies"]);
    for asked in &asked {
        let (_, facts) = library::judge(asked);
        let _ = serve.judge(asked, &facts);
    }
    let lines = lines(&log, asked.len());
    assert_eq!(lines.len(), asked.len());
    drop(serve);

    replayed(&log, &asked);

    let imported = folder.path().join("recorded.yaml");
    let done = import(&[text(&log), "--all", "--format", "json", "-o", text(&imported)]);
    assert_eq!(done.0, Some(0), "{}", done.2);
    let report: Value = serde_json::from_str(&done.1).expect("it is JSON");
    let skipped = report["notImported"].as_array().expect("a list");
    for skipped in skipped {
        // A fault of the gate, a very large body, a verdict about a secret, or a path that
        // belongs to no policy alone.
        let line = usize::try_from(skipped["line"].as_u64().expect("a line")).expect("it is small") - 1;
        let record: Value = serde_json::from_str(&lines[line]).expect("it is JSON");
        let why = record["verdict"]["fault"] == true
            || record["request"]["bodyBytes"].as_u64() > Some(256 << 10)
            || record["policies"].as_array().is_some_and(|policies| policies.len() > 1)
            || record["request"]["body"].get("redacted").or(record["request"]["body"].get("withheld")).is_some();
        assert!(why, "{skipped}: {}", lines[line]);
    }
    let cases = read(&imported);
    assert_eq!(cases.len() + skipped.len(), asked.len());
    assert!(skipped.len() * 10 < asked.len(), "{skipped:?}");
    check(&cases);

    // Without --all, one for each operation, verdict and set of rules.
    let fewer = folder.path().join("fewer.yaml");
    assert_eq!(import(&[text(&log), "-o", text(&fewer)]).0, Some(0));
    let some = read(&fewer);
    assert!(some.len() < cases.len() && some.len() > 100, "{} of {}", some.len(), cases.len());
    // As its author would.
    let bundle = folder.path().join("policy");
    copy_folder(&default_bundle(), &bundle);
    fs::remove_dir_all(bundle.join("tests")).expect("it has tests");
    fs::create_dir(bundle.join("tests")).expect("it is made");
    fs::copy(&fewer, bundle.join("tests/recorded.yaml")).expect("it is copied");
    let tested = solgate().arg("test").arg(&bundle).output().expect("it runs");
    assert_eq!(tested.status.code(), Some(0), "{}", String::from_utf8_lossy(&tested.stdout));
    println!("{} decisions, {} cases, {} of them different", asked.len(), cases.len(), some.len());
}

/// The same from two files of gzip in one, and from several logs.
fn compressed_and_cut(log: &Path, whole: &Value) {
    let zipped = log.with_extension("gz");
    let pack = || Command::new("gzip").arg("-c").arg(log).output().expect("it runs").stdout;
    std::fs::write(&zipped, [pack(), pack()].concat()).expect("it is written");
    let done = solgate().args(["replay", text(&zipped), text(log), "--format", "json"]).output().expect("it runs");
    let report: Value = serde_json::from_slice(&done.stdout).expect("it is JSON");
    assert_eq!(report["same"].as_u64(), whole["same"].as_u64().map(|same| same * 3), "{report}");
    let of = |report: &Value, log: &Path| {
        let lines = report["notJudged"].as_array().expect("a list").iter();
        lines.filter(|line| line["log"].as_str().is_none_or(|name| name == text(log))).count()
    };
    assert_eq!((of(&report, &zipped), of(&report, log)), (of(whole, log) * 2, of(whole, log)), "{report}");
    let torn = log.with_extension("torn");
    std::fs::write(&torn, &pack()[..100]).expect("it is written");
    assert_eq!(solgate().args(["replay", text(&torn)]).output().expect("it runs").status.code(), Some(2));
}

/// The policy that judged then comes to the same verdicts; another one does not.
fn replayed(log: &Path, asked: &[doors::Asked]) {
    let replay = |arguments: &[&str]| {
        let done = solgate().args(["replay", text(log), "--format", "json"]).args(arguments).output().expect("it runs");
        let report: Value = serde_json::from_slice(&done.stdout).expect("it is JSON");
        let count = |member: &str| report[member].as_array().expect("a list").len();
        let same = usize::try_from(report["same"].as_u64().expect("a number")).expect("it is small");
        assert_eq!(same + count("differences") + count("notJudged"), asked.len());
        (done.status.code(), report)
    };
    let (status, report) = replay(&[]);
    assert_eq!((status, &report["differences"]), (Some(0), &Value::Array(Vec::new())));
    for skipped in report["notJudged"].as_array().expect("a list") {
        let reason = skipped["reason"].as_str().expect("a text");
        assert!(reason.contains("the gate itself failed") || reason.contains("was not recorded"), "{reason}");
    }
    compressed_and_cut(log, &report);
    // It asks more of those who create, and of those who terminate by force.
    let other = workspace().join("policies/example-operator");
    let (status, report) = replay(&["--policy", text(&other)]);
    assert_eq!(status, Some(1));
    let differences = report["differences"].as_array().expect("a list");
    let denied = |difference: &&Value| difference["then"]["allowed"] == true && difference["now"]["allowed"] == false;
    assert!(differences.iter().any(|difference| denied(&difference)), "{report}");
}

#[test]
fn no_secret_is_recorded_and_the_file_is_its_owners() {
    let vnfm = Vnfm::start();
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("decisions.jsonl");
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", text(&log), "--log-bodies"]);
    let fields = [
        "Version: 2.0.0",
        "Accept: application/json",
        "Content-Type: application/json",
        "Authorization: Bearer hunter2.x",
    ];
    let bodies = [
        r#"{"callbackUri": "https://a.example/", "authentication": {"authType": ["BASIC"], "paramsBasic": {"userName": "hunter2", "password": "hunter2"}}}"#,
        r#"{"callbackUri": "https://a.example/", "authentication": {"authType": ["BASIC"], "paramsBasic": {"password": "hunter2""#,
        r#"{"callbackUri": "https://a.example/", "x": {"api_key": "hunter2", "n": ["hunter3"]}}"#,
    ];
    for body in bodies {
        let _ = send(serving.address, &message("POST", "/vnflcm/v2/subscriptions?access_token=hunter2", &fields, body));
    }
    let all = lines(&log, bodies.len()).join("\n");
    assert!(!all.contains("hunter2"), "{all}");
    assert!(all.contains("hunter3") && all.contains("Bearer redacted.redacted"), "{all}");
    let mode = fs::metadata(&log).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(serving);

    // Without --log-bodies there is nothing of them.
    let other = folder.path().join("other.jsonl");
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", text(&other)]);
    let _ = send(serving.address, &message("POST", "/vnflcm/v2/subscriptions", &fields, bodies[2]));
    let line = lines(&other, 1).pop().expect("a line");
    assert!(!line.contains("hunter3") && line.contains("\"bodyBytes\":"), "{line}");
    let (code, _, errors) = import(&[text(&other)]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("--log-bodies"), "{errors}");
}

#[test]
fn a_file_that_was_moved_away_is_begun_anew() {
    let vnfm = Vnfm::start();
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("decisions.jsonl");
    let serving = Serving::start(&["--upstream", &vnfm.url(), "--decision-log", text(&log)]);
    let request = message("GET", "/nowhere", &[], "");
    let _ = send(serving.address, &request);
    assert_eq!(lines(&log, 1).len(), 1);
    fs::rename(&log, folder.path().join("old.jsonl")).expect("it is moved");
    std::thread::sleep(Duration::from_millis(1100));
    let _ = send(serving.address, &request);
    assert_eq!(lines(&log, 1).len(), 1);
    assert_eq!(lines(&folder.path().join("old.jsonl"), 1).len(), 1);
}

/// Bytes of a file in this test, which a limit of the process enforces: more than
/// the memory images of a policy, which count as files, too.
const DISK: u64 = 64 << 20;

/// A file that can grow no further stands for a disk that is full.
#[test]
fn a_full_disk_stops_no_request_and_is_counted() {
    let vnfm = Vnfm::start();
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("decisions.jsonl");
    let (address, admin) = (free_address(), free_address());
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&log).expect("it is made");
    file.set_len(DISK - 4096).expect("it takes no room");
    // Blocks of 512 bytes.
    let limited = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", DISK / 512);
    let mut child = Command::new("sh")
        .args(["-c", &limited])
        .arg(binary())
        .args(["serve", "--log", "off", "--upstream", &vnfm.url(), "--listen", &address.to_string()])
        .args(["--admin", &admin.to_string(), "--decision-log", text(&log)])
        .env("SOLGATE_CACHE_DIR", workspace().join("target/solgate/cache"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let patience = Instant::now() + Duration::from_secs(60);
    while std::net::TcpStream::connect(address).is_err() {
        assert!(Instant::now() < patience, "it does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    let request = message("GET", "/nowhere", &[], "");
    // The metrics, once so many records of these outcomes are counted.
    let counted = |outcomes: &[&str], wanted: u64| loop {
        let metrics = send(admin, &message("GET", "/metrics", &[], ""));
        let metrics = String::from_utf8(metrics.body).expect("it is text");
        let count = |outcome: &&str| -> u64 {
            let start = format!("solgate_decision_records_total{{outcome=\"{outcome}\"}} ");
            metrics.lines().find_map(|line| line.strip_prefix(&start)?.parse().ok()).unwrap_or_default()
        };
        if outcomes.iter().map(count).sum::<u64>() >= wanted {
            break metrics;
        }
        assert!(Instant::now() < patience, "{metrics}");
        std::thread::sleep(Duration::from_millis(20));
    };
    // One that fits, by itself: what is written together may fail together.
    assert_eq!(send(address, &request).status, 404);
    counted(&["written"], 1);
    for _ in 1..40 {
        assert_eq!(send(address, &request).status, 404);
    }
    counted(&["failed"], 1);
    let metrics = counted(&["written", "failed", "dropped"], 40);
    let _ = child.kill();
    let _ = child.wait();
    assert!(fs::metadata(&log).expect("it is there").len() <= DISK);
    let mut end = [0; 4096];
    let read = fs::File::open(&log).and_then(|file| file.read_at(&mut end, DISK - 4096)).expect("it is readable");
    let whole = String::from_utf8_lossy(&end[..read]).into_owned();
    let good = whole.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count();
    assert!(good > 0, "{whole}\n{metrics}");
}

#[test]
fn a_file_that_others_may_read_or_that_is_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = folder.path().join("open.jsonl");
    fs::write(&open, "").expect("it is written");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).expect("it is changed");
    for (path, said) in [
        (open.as_path(), "chmod 600"),
        (Path::new("/dev/null"), "not a regular file"),
        (folder.path(), "not a regular file"),
    ] {
        let mut serve = solgate();
        serve.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            "http://127.0.0.1:1",
            "--decision-log",
            text(path),
        ]);
        let done = serve.output().expect("it runs");
        let errors = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("it is UTF-8")
}

/// Exit status, standard output, standard error.
fn import(arguments: &[&str]) -> (Option<i32>, String, String) {
    let done = solgate().arg("import-cases").args(arguments).output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is UTF-8");
    (done.status.code(), text(done.stdout), text(done.stderr))
}

fn default_bundle() -> PathBuf {
    workspace().join("policies/vnflcm-v2")
}

fn read(file: &Path) -> Vec<Case> {
    let bundle = compile_dir(&default_bundle(), &BuildOptions::default()).expect("it compiles").bundle;
    let manifest = Engine::new(bundle).expect("it starts").manifest();
    let source = Source { name: text(file).into(), text: fs::read_to_string(file).expect("it is readable") };
    solgate_cases::read(&[source], &Vocabulary::from(&manifest))
        .unwrap_or_else(|mistakes| panic!("{}", mistakes.render(false)))
}

fn check(cases: &[Case]) {
    let bundle = compile_dir(&default_bundle(), &BuildOptions::default()).expect("it compiles").bundle;
    let engine = Engine::new(bundle).expect("it starts");
    let mut faults = Vec::new();
    for case in cases {
        match solgate_cases::run(&engine, case) {
            Ok((_, different)) => faults.extend(different.iter().map(|d| format!("{}:{}: {d}", case.name, case.line))),
            Err(reason) => faults.push(format!("{}: {reason}", case.name)),
        }
    }
    assert!(faults.is_empty(), "{} of {} do not hold:\n{}", faults.len(), cases.len(), faults.join("\n"));
}
