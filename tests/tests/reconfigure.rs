//! A configuration file that changes while a door is open: what holds at once, what needs
//! a restart, and that a wrong file changes nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use solgate_tests::minimal::{self, Door, HEAD, replace};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, Vnfm, message, send};
use tempfile::TempDir;

/// A file was replaced by the other one.
const SWAPPED: &str = "solgate_config_reloads_total{outcome=\"swapped\"}";
/// A file was not.
const REFUSED: &str = "solgate_config_reloads_total{outcome=\"refused\"}";

/// A door with its configuration, and a VNFM behind it.
struct Desk {
    folder: TempDir,
    file: PathBuf,
    vnfm: Vnfm,
    door: Door,
}

fn policy() -> &'static [u8] {
    static POLICY: OnceLock<Vec<u8>> = OnceLock::new();
    POLICY.get_or_init(|| minimal::policy(&[]))
}

fn vnfm() -> Vnfm {
    let vnfm = Vnfm::start();
    vnfm.instance("on", "INSTANTIATED", &json!([]));
    vnfm
}

impl Desk {
    /// Opens a door with one upstream; `members` of it, or of the whole, change that.
    fn open(door: &str, members: &Value, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("policy.wasm"), policy()).expect("it is written");
        let (address, admin, vnfm) = (free_address(), free_address(), vnfm());
        let file = folder.path().join("solgate.yaml");
        let mut config = config(address, admin, &vnfm);
        merge(&mut config, members);
        std::fs::write(&file, config.to_string()).expect("it is written");
        let mut command = solgate();
        command.arg(door).arg("--config").arg(&file).args(arguments);
        let server = Server::start(command, address, folder.path());
        Self { folder, file, vnfm, door: Door { server, address, admin } }
    }

    /// The configuration with other members, in the place of the one before.
    fn write(&self, members: &Value) {
        let mut config = config(self.door.address, self.door.admin, &self.vnfm);
        merge(&mut config, members);
        replace(&self.file, config.to_string().as_bytes());
    }

    /// The same; waits until it holds.
    fn apply(&self, members: &Value) {
        let before = self.door.count(SWAPPED);
        self.write(members);
        self.door.server.signal("HUP");
        self.door.wait(SWAPPED, before + 1);
    }

    fn ask(&self) -> Answer {
        send(self.door.address, &long("vnfm.example"))
    }
}

fn config(address: SocketAddr, admin: SocketAddr, vnfm: &Vnfm) -> Value {
    json!({
        "listen": address.to_string(),
        "admin": admin.to_string(),
        "upstreams": [{"url": vnfm.url(), "policies": ["policy.wasm"]}],
    })
}

/// Enters members; those of the first upstream go into it.
fn merge(config: &mut Value, members: &Value) {
    for (name, value) in members.as_object().expect("members") {
        match (name.as_str(), value) {
            ("upstream", Value::Object(members)) => {
                let upstream = config["upstreams"][0].as_object_mut().expect("one");
                upstream.extend(members.clone());
            }
            ("also", upstream) => config["upstreams"].as_array_mut().expect("a list").push(upstream.clone()),
            _ => config[name] = value.clone(),
        }
    }
}

/// A termination at this host that takes too long, by the rule [`LIMIT`].
fn long(host: &str) -> Vec<u8> {
    let body = r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":9999}"#;
    let request = message("POST", "/vnflcm/v2/vnf_instances/on/terminate", &HEAD, body);
    String::from_utf8(request).expect("it is text").replace("vnfm.example", host).into_bytes()
}

const LIMIT: &str = "terminate.timeout.limit";

fn relaxed() -> Value {
    json!({"upstream": {"severity": {LIMIT: {"severity": "off", "reason": "a test"}}}})
}

#[test]
fn a_rule_that_the_file_relaxes_is_relaxed_at_once() {
    for door in ["serve", "forward-auth"] {
        let desk = Desk::open(door, &json!({}), &[]);
        let ask = || match door {
            "serve" => desk.ask().status,
            _ => {
                let body = r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":9999}"#;
                let original = [
                    HEAD[0],
                    HEAD[1],
                    HEAD[2],
                    "X-Forwarded-Method: POST",
                    "X-Forwarded-Uri: /vnflcm/v2/vnf_instances/on/terminate",
                    "X-Forwarded-Host: vnfm.example",
                    "X-Forwarded-For: 127.0.0.1",
                ];
                send(desk.door.address, &message("POST", "/", &original, body)).status
            }
        };
        assert_eq!(ask(), 400, "{door}");
        desk.apply(&relaxed());
        let passed = if door == "serve" { 202 } else { 200 };
        assert_eq!(ask(), passed, "{door}: {}", desk.door.server.said());
        let said = desk.door.server.said_with("override holds");
        assert!(said.contains("configuration replaced"), "{said}");
        // Without a signal, too.
        desk.write(&json!({}));
        desk.door.wait(SWAPPED, 2);
        assert_eq!(ask(), 400, "{door}");
        assert_eq!(desk.door.count(REFUSED), 0);
    }
}

#[test]
fn an_upstream_that_the_file_adds_is_served() {
    let desk = Desk::open("serve", &json!({"upstream": {"host": "vnfm.example"}}), &[]);
    let other = vnfm();
    assert_eq!(send(desk.door.address, &long("other.example")).status, 404);
    let also = json!({"url": other.url(), "host": "other.example", "mode": "off"});
    desk.apply(&json!({"upstream": {"host": "vnfm.example"}, "also": also}));
    assert_eq!(send(desk.door.address, &long("other.example")).status, 202);
    assert_eq!(other.received().len(), 1, "it is not judged");
    assert_eq!(desk.ask().rules(), [LIMIT], "the first is as it was");
    let metrics = desk.door.metrics();
    for (mode, url) in [("off", other.url()), ("enforce", desk.vnfm.url())] {
        let authority = url.trim_start_matches("http://");
        let gate = format!("solgate_gate_mode{{upstream=\"{authority}\",mode=\"{mode}\"}} 1");
        assert!(metrics.contains(&gate), "{gate}: {metrics}");
    }
    desk.apply(&json!({"upstream": {"host": "vnfm.example"}}));
    assert_eq!(send(desk.door.address, &long("other.example")).status, 404);
    let metrics = desk.door.metrics();
    assert!(!metrics.contains(other.url().trim_start_matches("http://")), "{metrics}");
}

#[test]
fn a_wrong_file_changes_nothing_and_is_named() {
    let desk = Desk::open("serve", &json!({}), &[]);
    let url = desk.vnfm.url();
    let head = format!("listen: {}\nadmin: {}\n", desk.door.address, desk.door.admin);
    let table = [
        (
            format!("{head}log: off\nupstreams:\n  - url: {url}\n    mod: off\n"),
            "solgate.yaml:6:5: unknown member mod; did you mean mode?",
        ),
        (format!("{head}log: off\nupstreams: [\n"), "solgate.yaml:5:1: not valid YAML"),
        // All or nothing: the first upstream is good.
        (
            format!(
                "{head}upstreams:\n  - {{ url: '{url}', mode: off }}\n  - {{ url: '{url}', host: a, policies: [none.wasm] }}\n"
            ),
            "none.wasm",
        ),
        (
            format!("{head}upstreams:\n  - {{ url: '{url}', set: {{ maxTimeouts: 1 }}, policies: [policy.wasm] }}\n"),
            "maxTimeouts",
        ),
        (
            format!("{head}limits: {{ bodyMemoryBytes: 1 }}\nupstreams:\n  - {{ url: '{url}' }}\n"),
            "bodyMemoryBytes is 1",
        ),
    ];
    for (text, reason) in &table {
        replace(&desk.file, text.as_bytes());
        desk.door.server.signal("HUP");
        let said = desk.door.server.said_with(reason);
        let refusals: Vec<&str> = said.lines().filter(|line| line.contains("configuration not replaced")).collect();
        assert!(refusals.last().is_some_and(|last| last.contains(reason)), "{reason}: {said}");
        assert_eq!(desk.ask().rules(), [LIMIT], "{reason}");
        assert!(desk.door.is_ready(), "{reason}");
    }
    // The change of the file and the signal may each have it read.
    desk.door.wait_for(REFUSED, table.len());
    assert_eq!(desk.door.count(SWAPPED), 0);
    desk.apply(&relaxed());
    assert_eq!(desk.ask().status, 202);
}

#[test]
fn what_needs_a_restart_is_said_and_left() {
    let desk = Desk::open("serve", &json!({}), &[]);
    let elsewhere = free_address();
    let mut changed = relaxed();
    changed["listen"] = json!(elsewhere.to_string());
    changed["tls"] = json!({"certFile": "none.pem", "keyFile": "none.key"});
    desk.apply(&changed);
    let said = desk.door.server.said_with("after a restart");
    let named = said.lines().filter(|line| line.contains("after a restart")).collect::<Vec<_>>();
    assert_eq!(named.len(), 1, "{said}");
    assert!(named.concat().contains("members=\"listen, tls\""), "{said}");
    assert_eq!(desk.ask().status, 202, "the rest holds");
    assert!(TcpStream::connect(elsewhere).is_err());
    // Where nothing else changes, it is said as well.
    changed["admin"] = json!(free_address().to_string());
    desk.write(&changed);
    desk.door.server.signal("HUP");
    let _ = desk.door.server.said_with("members=\"listen, admin, tls\"");
    assert_eq!((desk.door.count(SWAPPED), desk.door.count(REFUSED)), (1, 0));
}

#[test]
fn a_request_ends_under_what_it_began_with() {
    let desk = Desk::open("serve", &json!({}), &[]);
    let request = long("vnfm.example");
    let (begun, rest) = request.split_at(request.len() - 5);
    let mut stream = TcpStream::connect(desk.door.address).expect("it listens");
    stream.write_all(begun).expect("it is sent");
    // Until the head has been read.
    std::thread::sleep(Duration::from_millis(300));
    desk.apply(&relaxed());
    assert_eq!(desk.ask().status, 202);
    stream.write_all(rest).expect("it is sent");
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).expect("it is answered");
    assert_eq!(answer, b"HTTP/1.1 400", "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn limits_and_the_log_hold_at_once() {
    let desk = Desk::open("serve", &json!({"log": "off"}), &[]);
    desk.apply(&json!({"log": "json", "limits": {"targetBytes": 100}}));
    let target = format!("/vnflcm/v2/vnf_instances/{}", "x".repeat(100));
    assert_eq!(send(desk.door.address, &message("GET", &target, &HEAD[..2], "")).status, 414);
    let _ = desk.door.server.said_with("\"status\":414");
}

#[test]
fn nothing_is_read_again_where_reloading_is_off() {
    let cases: [(Value, &[&str]); 2] = [(json!({"reload": false}), &[]), (json!({}), &["--no-reload"])];
    for (members, arguments) in cases {
        let desk = Desk::open("serve", &members, arguments);
        desk.write(&relaxed());
        desk.door.server.signal("HUP");
        let _ = desk.door.server.said_with("reloading is turned off");
        std::thread::sleep(Duration::from_millis(500));
        assert_eq!(desk.ask().rules(), [LIMIT]);
        assert_eq!((desk.door.count(SWAPPED), desk.door.count(REFUSED)), (0, 0));
    }
}

/// The policy that judges stays, although the file has got another one that is no good.
#[test]
fn a_new_configuration_brings_no_policy_in_that_was_refused() {
    let desk = Desk::open("serve", &json!({}), &[]);
    replace(&desk.folder.path().join("policy.wasm"), b"no policy");
    desk.door.wait("solgate_policy_reloads_total{outcome=\"refused\"}", 1);
    desk.apply(&relaxed());
    assert_eq!(desk.ask().status, 202);
    let deadline = Instant::now() + Duration::from_secs(60);
    // It is looked at again with the new configuration.
    while desk.door.count("solgate_policy_reloads_total{outcome=\"refused\"}") < 2 {
        assert!(Instant::now() < deadline, "{}", desk.door.server.said());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(desk.ask().status, 202);
}

#[test]
fn a_server_is_believed_from_the_moment_that_the_file_names_it() {
    let off = json!({"upstream": {"mode": "off"}});
    let desk = Desk::open("serve", &off, &[]);
    let told = || {
        let fields = ["X-Forwarded-For: 192.0.2.7"];
        assert_eq!(send(desk.door.address, &message("GET", "/vnflcm/v2/vnf_instances", &fields, "")).status, 202);
        let received = desk.vnfm.received();
        received.last().and_then(|request| request.field("x-forwarded-for").map(str::to_owned))
    };
    assert_eq!(told(), None);
    let mut named = off.clone();
    named["trustedHops"] = json!(["127.0.0.1"]);
    desk.apply(&named);
    assert_eq!(told().as_deref(), Some("192.0.2.7"));
    named["forwarding"] = json!({"clientFields": true});
    named["trustedHops"] = json!([]);
    desk.apply(&named);
    assert_eq!(told().as_deref(), Some("127.0.0.1"));
}
