//! Lines and records of decisions as an OpenTelemetry collector gets them, beside
//! standard output and the decision log.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_tests::collector::{CollectedLog, Collector, SpanKind};
use solgate_tests::minimal::{self, Door, HEAD, terminate};
use solgate_tests::process::{free_address, lines as recorded, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, Vnfm, message, send};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// How long something may take.
const PATIENCE: Duration = Duration::from_secs(30);

const DROPPED: &str = "solgate_decision_exports_total{outcome=\"dropped\"}";
const EXPORTED: &str = "solgate_decision_exports_total{outcome=\"exported\"}";
const FAILED: &str = "solgate_decision_exports_total{outcome=\"failed\"}";
/// What is said once.
const LOST: &str = "decisions for the collector are lost";

/// A folder with a policy in it.
struct Site {
    folder: tempfile::TempDir,
    policy: PathBuf,
    vnfm: Vnfm,
}

impl Site {
    fn new() -> Self {
        static POLICY: OnceLock<Vec<u8>> = OnceLock::new();
        let folder = tempfile::tempdir().expect("a folder");
        let policy = folder.path().join("policy.wasm");
        std::fs::write(&policy, POLICY.get_or_init(|| minimal::policy(&[]))).expect("it is written");
        let vnfm = Vnfm::start();
        vnfm.instance("1", "INSTANTIATED", &serde_json::json!([]));
        Self { folder, policy, vnfm }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self, door: &str, arguments: &[&str]) -> Door {
        Door::open(door, &self.vnfm.url(), self.path(), &self.policy, arguments)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("it is text")
}

/// The lines that a gate has written to standard output, once there are so many.
fn written(door: &Door, count: usize) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let said = door.server.said();
        let lines: Vec<String> = said.lines().filter(|line| line.starts_with('{')).map(str::to_owned).collect();
        if lines.len() >= count {
            return lines;
        }
        assert!(Instant::now() < deadline, "{said}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn bodies<'a>(logs: &'a [CollectedLog], event: &str) -> Vec<&'a str> {
    logs.iter().filter(|log| log.event == event).map(|log| log.body.as_str()).collect()
}

/// A request with secrets in its fields and its body, and perhaps in its query, which the
/// policy refuses.
fn secretive(query: &str, more: &[&str]) -> Vec<u8> {
    let fields = [&HEAD[..], &["Authorization: Bearer hunter2", "Cookie: hunter2"], more].concat();
    let target = format!("/vnflcm/v2/vnf_instances/1/terminate{query}");
    message("POST", &target, &fields, r#"{"terminationType":"FORCEFUL","password":"hunter2"}"#)
}

#[test]
fn a_collector_gets_what_the_files_have() {
    let (site, collector) = (Site::new(), Collector::start());
    let records = site.path().join("decisions.jsonl");
    let arguments = ["--decision-log", text(&records), "--log-bodies", "--log-chain"];
    let url = collector.url();
    let arguments = [&arguments[..], &["--export-decisions", &url, "--export-records"]].concat();
    let door = site.open("serve", &arguments);
    let statuses = [
        send(door.address, &secretive("", &[PARENT])).status,
        send(door.address, &secretive("?token=hunter2", &[])).status,
        send(door.address, &message("GET", "/vnflcm/v2/nowhere", &["Authorization: a", "Authorization: b"], "")).status,
    ];
    assert_eq!(statuses, [202, 400, 400]);
    let logs = collector.wait_for_logs(6);
    assert_eq!(bodies(&logs, "solgate.line"), written(&door, 3), "byte by byte, and in the same order");
    assert_eq!(bodies(&logs, "solgate.record"), recorded(&records, 3));
    assert_eq!(logs.len(), 6);
    assert!(!format!("{logs:?}").contains("hunter2"), "{logs:#?}");

    for log in &logs {
        let body: Value = serde_json::from_str(&log.body).expect("it is JSON");
        assert_eq!(log.service, "solgate");
        let attribute = |name: &str| log.attributes.get(name).map_or("", String::as_str);
        if log.event == "solgate.line" {
            let time = body["time"].as_str().expect("a text");
            let at = humantime::parse_rfc3339(time).expect("a time").duration_since(std::time::UNIX_EPOCH);
            assert_eq!(u128::from(log.time) / 1000, at.expect("it is later").as_micros());
            assert_eq!(attribute("solgate.verdict"), body["verdict"]);
        }
        assert_eq!(attribute("solgate.request"), body["id"]);
        let operation = body["operation"].as_str().unwrap_or_default();
        assert_eq!(attribute("solgate.operation"), operation);
        let rule = body.get("rule").or(body["verdict"].get("rule")).and_then(Value::as_str).unwrap_or_default();
        assert_eq!(attribute("solgate.rule"), rule);
    }
    let wanted = [
        ("202", "allow", "INFO", 9, TRACE, "00f067aa0ba902b7"),
        ("400", "deny", "WARN", 13, "", ""),
        ("400", "fault", "WARN", 13, "", ""),
    ];
    for event in ["solgate.line", "solgate.record"] {
        let of_event: Vec<_> = logs.iter().filter(|log| log.event == event).collect();
        for (log, (status, verdict, severity, number, trace, span)) in of_event.into_iter().zip(wanted) {
            assert_eq!(log.attributes["http.response.status_code"], status, "{log:?}");
            assert_eq!(log.attributes["solgate.verdict"], verdict, "{log:?}");
            assert_eq!((log.severity.as_str(), log.severity_number), (severity, number), "{log:?}");
            assert_eq!((log.trace.as_str(), log.span.as_str()), (trace, span), "without spans it is the sender's");
            assert_eq!(log.attributes["client.address"], "127.0.0.1");
            assert!(!log.attributes["url.path"].contains('?'), "{log:?}");
        }
    }
    door.wait(EXPORTED, 6);
    assert_eq!((door.count(DROPPED), door.count(FAILED)), (0, 0));

    // The chain can be followed in what the collector has.
    let kept = site.path().join("collected.jsonl");
    std::fs::write(&kept, bodies(&logs, "solgate.record").join("\n") + "\n").expect("it is written");
    let verified = solgate().args(["verify", "--log"]).arg(&kept).output().expect("it runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

/// Asks about a termination of this type.
type Ask = fn(&Door, &str) -> Answer;

fn ask(door: &Door, kind: &str) -> Answer {
    send(door.address, &terminate("1", kind))
}

fn ask_for_another(door: &Door, kind: &str) -> Answer {
    let original =
        ["X-Forwarded-Method: POST", "X-Forwarded-Uri: /vnflcm/v2/vnf_instances/1/terminate", "X-Forwarded-Host: h"];
    let fields = [&HEAD[..], &original].concat();
    send(door.address, &message("POST", "/", &fields, &format!(r#"{{"terminationType":"{kind}"}}"#)))
}

/// With spans as well, a log record is in the span of its request; and a file can do
/// without lines on standard output.
#[test]
fn log_records_are_linked_to_spans_at_each_door() {
    let (site, collector) = (Site::new(), Collector::start());
    let doors: [(&str, Ask); 2] = [("serve", ask), ("forward-auth", ask_for_another)];
    for (count, (name, ask)) in doors.into_iter().enumerate() {
        let url = collector.url();
        let door = site.open(name, &["--log", "off", "--otlp", &url, "--export-decisions", &url]);
        assert_eq!(ask(&door, "SOON").status, 400, "{name}");
        let spans = collector.wait(count + 1);
        let root = spans.iter().rfind(|span| span.kind == SpanKind::Server).expect("it is there");
        let logs = collector.wait_for_logs(count + 1);
        let log = logs.last().expect("it is there");
        assert_eq!((log.event.as_str(), &log.trace, &log.span), ("solgate.line", &root.trace, &root.id), "{name}");
        assert_eq!(log.attributes, root.attributes, "{name}");
        let line: Value = serde_json::from_str(&log.body).expect("it is JSON");
        assert_eq!(line["traceId"], root.trace.as_str(), "{name}");
        assert_eq!(written(&door, 0), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_gate_that_is_not_told_to_sends_none() {
    let (site, collector) = (Site::new(), Collector::start());
    let records = site.path().join("decisions.jsonl");
    let door = site.open("serve", &["--otlp", &collector.url(), "--decision-log", text(&records)]);
    assert_eq!(send(door.address, &terminate("1", "SOON")).status, 400);
    assert!(!collector.wait(1).is_empty());
    assert_eq!(recorded(&records, 1).len(), 1);
    assert_eq!(collector.logs(), []);
    let threads = std::fs::read_dir(format!("/proc/{}/task", door.server.pid())).expect("it runs");
    let names = threads.map(|thread| std::fs::read_to_string(thread.expect("it is there").path().join("comm")));
    let names: Vec<String> = names.map(Result::unwrap_or_default).collect();
    assert!(names.iter().any(|name| name.starts_with("solgate-spans")), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("solgate-decisio")), "{names:?}");
}

#[test]
fn a_candidate_that_judges_otherwise_is_told_too() {
    let (site, collector) = (Site::new(), Collector::start());
    let candidate = site.path().join("candidate.wasm");
    let wider = [("enum: [FORCEFUL, GRACEFUL]", "enum: [FORCEFUL, GRACEFUL, GENTLE]")];
    std::fs::write(&candidate, minimal::policy(&wider)).expect("it is written");
    let arguments = ["--shadow", text(&candidate), "--export-decisions", &collector.url()];
    let door = site.open("serve", &arguments);
    assert_eq!(send(door.address, &terminate("1", "GENTLE")).status, 400);
    let logs = collector.wait_for_logs(2);
    let (shadow, line): (Vec<String>, Vec<String>) =
        written(&door, 2).into_iter().partition(|line| line.contains("\"shadow\":1"));
    assert_eq!(
        (bodies(&logs, "solgate.line"), bodies(&logs, "solgate.shadow")),
        (line.iter().map(String::as_str).collect(), shadow.iter().map(String::as_str).collect())
    );
}

#[test]
fn a_collector_that_is_not_there_costs_no_request_and_the_loss_is_counted() {
    let site = Site::new();
    let nobody = format!("http://{}", free_address());
    let door = site.open("serve", &["--log", "off", "--export-decisions", &nobody]);
    for _ in 0..20 {
        let begun = Instant::now();
        assert_eq!(send(door.address, &terminate("1", "SOON")).status, 400);
        assert!(begun.elapsed() < Duration::from_secs(5), "nobody waits for the collector");
    }
    door.wait(FAILED, 20);
    assert_eq!(send(door.address, &terminate("1", "SOON")).status, 400);
    door.wait(FAILED, 21);
    assert_eq!((door.count(EXPORTED), door.count(DROPPED)), (0, 0));
    assert_eq!(door.server.said().matches(LOST).count(), 1, "{}", door.server.said());
}

#[test]
fn a_slow_collector_costs_decisions_and_no_request() {
    let (site, collector) = (Site::new(), Collector::slow(Duration::from_secs(3600)));
    let file = site.path().join("solgate.yaml");
    let admin = free_address();
    let config = format!(
        "admin: {admin}\nlog: \"off\"\nlimits: {{ drain: 1s }}\ndecisionExport: {{ otlp: \"{}\" }}\nupstreams:\n  - url: {}\n",
        collector.url(),
        site.vnfm.url()
    );
    std::fs::write(&file, config).expect("it is written");
    let address = free_address();
    let mut command = solgate();
    command.args(["serve", "--listen", &address.to_string(), "--config", text(&file)]);
    let server = Server::start(command, address, site.path());
    let mut door = Door { server, address, admin };
    let mut sent = 0;
    while door.count(DROPPED) == 0 {
        for _ in 0..500 {
            assert_eq!(send(address, &message("GET", "/nowhere", &[], "")).status, 404);
        }
        sent += 500;
        assert!(sent < 10_000, "the queue has an end");
    }
    assert_eq!(door.server.said().matches(LOST).count(), 1, "{}", door.server.said());
    let left = Instant::now();
    ends(&mut door.server);
    assert!(left.elapsed() < Duration::from_secs(15), "it does not wait for the collector");
    assert!(door.server.said().contains("not all decisions for the collector were sent"), "{}", door.server.said());
}

/// Tells a gate to end, and waits until it has.
fn ends(server: &mut Server) {
    server.signal("TERM");
    let patience = Instant::now() + PATIENCE;
    while server.is_running() {
        assert!(Instant::now() < patience, "it ends");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_waits_is_sent_when_the_gate_is_told_to_stop() {
    let (site, collector) = (Site::new(), Collector::start());
    let records = site.path().join("decisions.jsonl");
    let arguments = ["--decision-log", text(&records), "--export-decisions", &collector.url(), "--export-records"];
    let mut door = site.open("serve", &arguments);
    for _ in 0..3 {
        assert_eq!(send(door.address, &terminate("1", "SOON")).status, 400);
    }
    ends(&mut door.server);
    let logs = collector.logs();
    assert_eq!((bodies(&logs, "solgate.line").len(), bodies(&logs, "solgate.record").len()), (3, 3));
    assert!(!door.server.said().contains("not all decisions"), "{}", door.server.said());
}

#[test]
fn a_collector_with_tls_is_one_whose_certificate_is_trusted() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let (certificate, key) = (signed.cert.pem(), signed.signing_key.serialize_pem());
    let (site, collector) = (Site::new(), Collector::with_tls(&certificate, &key));
    let file = site.path().join("ca.pem");
    std::fs::write(&file, certificate).expect("it is written");
    let url = format!("https://localhost:{}", collector.address.port());
    let door = site.open("serve", &["--export-decisions", &url, "--export-ca", text(&file)]);
    assert_eq!(send(door.address, &terminate("1", "SOON")).status, 400);
    assert_eq!(collector.wait_for_logs(1).len(), 1);

    let door = site.open("serve", &["--export-decisions", &url]);
    assert_eq!(send(door.address, &terminate("1", "SOON")).status, 400);
    door.wait(FAILED, 1);
    assert_eq!(collector.logs().len(), 1, "nothing reaches one that is not trusted");
}

/// The variables that hold for spans hold here: the fields of messages among them.
#[test]
fn the_environment_has_the_fields_of_messages() {
    let (site, collector) = (Site::new(), Collector::start());
    let address = free_address();
    let mut command = solgate();
    command.args(["serve", "--listen", &address.to_string(), "--upstream", &site.vnfm.url()]);
    command.args(["--export-decisions", &collector.url()]);
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2").env("OTEL_SERVICE_NAME", "gate-7");
    command.env("SOLGATE_LOG", "trace");
    let mut server = Server::start(command, address, site.path());
    assert_eq!(send(address, &message("GET", "/nowhere", &[], "")).status, 404);
    assert_eq!(collector.wait_for_logs(1)[0].service, "gate-7");
    assert_eq!(collector.authorizations(), ["Bearer hunter2"]);
    ends(&mut server);
    assert!(!server.said().contains("hunter2"), "a secret stays out of the log, at any level");
}
