//! The gate in the paste pipeline of OpenStack Tacker. Its guide is
//! docs/doors/tacker.md.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use solgate_tests::markdown::rows as rows_of;
use solgate_tests::process::free_address;
use solgate_tests::servers::{Server, guide, installed, write_files};
use solgate_tests::vnfm::{Answer, Reply, Vnfm, message, send};
use solgate_tests::workspace;

use crate::{faults, python};

/// What tests/doors/tacker/seed.json has.
const IDLE: &str = "/vnflcm/v2/vnf_instances/11111111-0000-4000-8000-000000000001";
const TERMINATING: &str = "/vnflcm/v2/vnf_instances/11111111-0000-4000-8000-000000000002";
const COMPLETED: &str = "/vnflcm/v2/vnf_lcm_op_occs/22222222-0000-4000-8000-000000000001";
const FAILED_TEMP: &str = "/vnflcm/v2/vnf_lcm_op_occs/22222222-0000-4000-8000-000000000003";
const NOBODYS: &str = "/vnflcm/v2/vnf_lcm_op_occs/22222222-0000-4000-8000-000000000009";

const VERSION: &str = "Version: 2.0.0";
const JSON: &str = "Content-Type: application/json";
const CHUNKED: &str = "Transfer-Encoding: chunked";
const FORCEFUL: &[u8] = br#"{"terminationType": "FORCEFUL"}"#;

/// Tacker's API server, with a database of its own.
pub struct Tacker {
    pub address: SocketAddr,
    server: Server,
    _folder: tempfile::TempDir,
}

impl Tacker {
    /// As it is installed.
    pub fn alone() -> Self {
        Self::start("", |own, _| own)
    }

    /// With what its guide says.
    fn with_the_gate() -> Self {
        Self::gated("")
    }

    fn gated(settings: &str) -> Self {
        Self::start(settings, |own, folder| {
            let settings = folder.join("solgate-gate.yaml");
            let library = python::library();
            let replacements = [
                (python::LIBRARY_IN_GUIDES, library.to_str().expect("it is text")),
                ("/etc/tacker/solgate-gate.yaml", settings.to_str().expect("it is text")),
            ];
            write_files(&guide("tacker.md"), folder, &replacements);
            let added = fs::read_to_string(folder.join("api-paste.ini")).expect("the guide shows it");
            let mut sections = sections(&own);
            let before = sections.len();
            sections.extend(self::sections(&added));
            assert_eq!(sections.len(), before + 1, "one section is added, the other replaced");
            sections.into_iter().map(|(head, lines)| format!("{head}\n{lines}\n")).collect()
        })
    }

    /// `settings` are those of Tacker beside tests/doors/tacker/tacker.conf.
    fn start(settings: &str, paste: impl FnOnce(String, &Path) -> String) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let own = fs::read_to_string(installed("tacker/etc/tacker/api-paste.ini")).expect("it is readable");
        let paste = paste(own, folder.path());
        let file = folder.path().join("api-paste.ini");
        fs::write(&file, paste).expect("it is written");
        let config = folder.path().join("more.conf");
        fs::write(&config, settings).expect("it is written");
        let address = free_address();
        let mut command = python::with_modules(folder.path().as_os_str());
        command.arg(workspace().join("tests/doors/tacker/server.py"));
        command.args(["--port", &address.port().to_string(), "--state"]).arg(folder.path()).arg("--paste").arg(file);
        command.arg("--config").arg(config);
        Self { address, server: Server::start(command, address, folder.path()), _folder: folder }
    }

    fn send(&self, row: &Row) -> Answer {
        let mut bytes = message(row.method, &row.target, row.fields, "");
        let chunked = row.fields.contains(&CHUNKED);
        if !row.body.is_empty() && !chunked {
            bytes.truncate(bytes.len() - 2);
            bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", row.body.len()).as_bytes());
        }
        bytes.extend_from_slice(row.body);
        send(self.address, &bytes)
    }

    /// What OpenStack's client says on standard output and error.
    fn client(&self, arguments: &[&str]) -> String {
        self.client_of("2", arguments)
    }

    /// The same, of a version of the API.
    fn client_of(&self, version: &str, arguments: &[&str]) -> String {
        client_at(self.address, version, arguments)
    }
}

/// What OpenStack's client says to a server at this address, in a version of the API.
pub fn client_at(address: SocketAddr, version: &str, arguments: &[&str]) -> String {
    let done = Command::new(installed("tacker/bin/openstack"))
        .args(["--os-auth-type", "none", "--os-tacker-api-version", version])
        .args(["--os-endpoint", &format!("http://{address}")])
        .args(arguments)
        .output()
        .expect("it runs");
    String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned()
}

/// The sections of an ini file, by their heads.
fn sections(text: &str) -> BTreeMap<String, String> {
    let mut sections = BTreeMap::<String, String>::new();
    let mut head = String::new();
    for line in text.lines() {
        if line.starts_with('[') {
            head = line.to_owned();
            sections.insert(head.clone(), String::new());
        } else if let Some(lines) = sections.get_mut(&head) {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    sections
}

/// A request, by the name that the guide's table has for it.
struct Row {
    name: &'static str,
    method: &'static str,
    target: String,
    fields: &'static [&'static str],
    body: &'static [u8],
}

fn row(
    name: &'static str,
    method: &'static str,
    target: &str,
    fields: &'static [&'static str],
    body: &'static [u8],
) -> Row {
    Row { name, method, target: target.to_owned(), fields, body }
}

fn post(name: &'static str, target: &str, body: &'static [u8]) -> Row {
    row(name, "POST", target, &[VERSION, JSON], body)
}

fn rows() -> Vec<Row> {
    let terminate = &format!("{IDLE}/terminate");
    vec![
        post("malformed JSON", terminate, br#"{"terminationType": "#),
        post("a body that is not UTF-8", terminate, b"{\"terminationType\": \"FORCEFUL\", \"a\": \"\xff\"}"),
        row("Content-Type application/xml", "POST", terminate, &[VERSION, "Content-Type: application/xml"], FORCEFUL),
        row("Accept application/xml", "GET", IDLE, &[VERSION, "Accept: application/xml"], b""),
        post("retry with a body", &format!("{FAILED_TEMP}/retry"), br#"{"a": 1}"#),
        post("retry with an empty JSON object", &format!("{FAILED_TEMP}/retry"), b"{}"),
        row(
            "retry with an empty JSON object in chunks",
            "POST",
            &format!("{FAILED_TEMP}/retry"),
            &[VERSION, JSON, CHUNKED],
            b"2\r\n{}\r\n0\r\n\r\n",
        ),
        post(
            "a member that occurs twice",
            &format!("{TERMINATING}/terminate"),
            br#"{"terminationType": "x", "terminationType": "GRACEFUL"}"#,
        ),
        post(
            "scale while a terminate is PROCESSING",
            &format!("{TERMINATING}/scale"),
            br#"{"type": "SCALE_OUT", "aspectId": "VDU1_scale"}"#,
        ),
        post("heal with an empty list of VNFCs", &format!("{IDLE}/heal"), br#"{"vnfcInstanceId": []}"#),
        row("an unknown resource", "GET", "/vnflcm/v2/nothing", &[VERSION], b""),
        row("no Version", "POST", terminate, &[JSON], FORCEFUL),
        post("a wrong terminationType", terminate, br#"{"terminationType": "SOON"}"#),
        row("retry of an operation that is COMPLETED", "POST", &format!("{COMPLETED}/retry"), &[VERSION], b""),
        row("an operation occurrence that does not exist", "POST", &format!("{NOBODYS}/retry"), &[VERSION], b""),
    ]
}

/// The guide's table of what changes: the answer of Tacker alone, and with the
/// gate.
fn table() -> BTreeMap<String, (String, String)> {
    let rows = rows_of(&guide("tacker.md"), "What changes");
    rows.into_iter().map(|cells| (cells[0].clone(), (cells[1].clone(), cells[2].clone()))).collect()
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn tacker_answers_as_its_guide_says() {
    let (alone, gated) = (Tacker::alone(), Tacker::with_the_gate());
    let mut table = table();
    assert!(table.remove("everything else").is_some());
    let rows = rows();
    for row in &rows {
        let (without, with) = table.remove(row.name).unwrap_or_else(|| panic!("{} is not in the guide", row.name));
        let answer = alone.send(row);
        match without.get(..3).and_then(|status| status.parse::<u16>().ok()) {
            Some(status) => assert_eq!(answer.status, status, "Tacker alone: {}", row.name),
            None => assert!(answer.status < 400, "Tacker alone: {} {without}", row.name),
        }
        let (status, rule) = with.split_once(' ').expect("a status and a rule");
        let rule = rule.trim_matches('`');
        let answer = gated.send(row);
        assert_eq!(answer.rules(), [rule], "with the gate: {}", row.name);
        faults::expect(&answer, status.parse().expect("a status"), rule);
    }
    assert!(table.is_empty(), "the guide has more: {table:?}");
    assert!(gated.server.said().contains("solgate.decisions"), "decisions are in Tacker's log");
}

/// Status, media type, API version and body.
fn seen(answer: &Answer) -> (u16, Option<&str>, Option<&str>, Value) {
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, answer.field("content-type"), answer.field("version"), body)
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn what_the_gate_admits_is_answered_as_by_tacker_alone() {
    let (alone, gated) = (Tacker::alone(), Tacker::with_the_gate());
    let open = "/vnflcm/v2/vnf_lcm_op_occs?filter=(eq,operationState,PROCESSING)";
    let scale = br#"{"type": "SCALE_OUT", "aspectId": "VDU1_scale"}"#;
    for row in [
        row("the list of instances", "GET", "/vnflcm/v2/vnf_instances", &[VERSION], b""),
        row("an instance", "GET", IDLE, &[VERSION, "Accept: application/json"], b""),
        row("a list with a filter", "GET", open, &[VERSION], b""),
        row("an instance that does not exist", "GET", &IDLE.replace("-0001", "-0009"), &[VERSION], b""),
        row("the versions", "GET", "/vnflcm/v2/api_versions", &[], b""),
        row("another API", "GET", "/vnflcm/api_versions", &[], b""),
        row("a target that is too long", "GET", &format!("{IDLE}?{}", "a".repeat(9000)), &[VERSION], b""),
        row("the retry of a failure", "POST", &format!("{FAILED_TEMP}/retry"), &[VERSION], b""),
        post("a scale", &format!("{IDLE}/scale"), scale),
    ] {
        let (without, with) = (alone.send(&row), gated.send(&row));
        assert_eq!(seen(&with), seen(&without), "{}", row.name);
        assert!(with.status < 500, "{}", row.name);
        assert_eq!(with.field("location").is_some(), without.field("location").is_some(), "{}", row.name);
    }
}

/// Only a client that encodes the semicolon gets the list that it has asked for.
#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn tacker_forgets_what_follows_a_semicolon_in_a_filter() {
    let id = "11111111-0000-4000-8000-000000000002";
    for tacker in [Tacker::alone(), Tacker::with_the_gate()] {
        let listed = |semicolon: &str| {
            let filter = format!("(eq,instantiationState,INSTANTIATED){semicolon}(eq,id,{id})");
            let target = format!("/vnflcm/v2/vnf_instances?filter={filter}");
            let answer = send(tacker.address, &message("GET", &target, &[VERSION], ""));
            assert_eq!(answer.status, 200);
            let ids: Vec<_> =
                answer.json().as_array().expect("a list").iter().map(|found| found["id"].clone()).collect();
            ids
        };
        assert_eq!(listed("%3B"), [json!(id)]);
        assert!(listed(";").len() > 1, "Tacker reads the whole filter now: see the guide");
    }
}

/// The client has this command for version 1 of the API only, where there is no gate.
#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn a_client_that_cancels_says_no_version() {
    let (alone, gated) = (Tacker::alone(), Tacker::with_the_gate());
    let id = FAILED_TEMP.rsplit('/').next().expect("an id");
    let said = |tacker: &Tacker, version: &str| {
        tacker.client_of(version, &["vnflcm", "op", "cancel", id, "--cancel-mode", "GRACEFUL"])
    };
    assert_eq!(said(&gated, "1"), said(&alone, "1"));
    assert!(!said(&gated, "2").contains("accepted"), "the client cancels in version 2 now: see the guide");
    let cancel = post("a cancel", &format!("{FAILED_TEMP}/cancel"), br#"{"cancelMode": "GRACEFUL"}"#);
    let bare = Row { fields: &[JSON], ..cancel };
    faults::expect(&gated.send(&bare), 400, "header.version.required");
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn a_body_in_chunks_is_seen_by_tacker_behind_the_gate() {
    let body = b"1f\r\n{\"terminationType\": \"FORCEFUL\"}\r\n0\r\n\r\n";
    let row = row("a terminate", "POST", &format!("{IDLE}/terminate"), &[VERSION, JSON, CHUNKED], body);
    let missing = Tacker::alone().send(&row);
    assert_eq!((missing.status, &missing.json()["detail"]), (400, &json!("body is missing")));
    assert_eq!(Tacker::with_the_gate().send(&row).status, 202);
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn the_client_of_openstack_works_with_the_gate() {
    let (alone, gated) = (Tacker::alone(), Tacker::with_the_gate());
    for command in [&["vnflcm", "list", "-f", "json"][..], &["vnflcm", "op", "list", "-f", "json"]] {
        let (without, with) = (alone.client(command), gated.client(command));
        let with: Value = serde_json::from_str(&with).unwrap_or_else(|_| panic!("{command:?}: {with}"));
        assert_eq!(with, serde_json::from_str::<Value>(&without).expect("it is JSON"), "{command:?}");
        assert_ne!(with, json!([]), "{command:?}");
    }
    let id = |path: &str| path.rsplit('/').next().expect("an id").to_owned();
    let retried = gated.client(&["vnflcm", "op", "retry", &id(FAILED_TEMP)]);
    assert!(retried.contains("has been accepted"), "{retried}");
    let refused = gated.client(&["vnflcm", "op", "retry", &id(COMPLETED)]);
    assert!(refused.contains("retry needs FAILED_TEMP"), "the user sees why: {refused}");
}

/// Tacker serves from one thread: if a question had to come in through its socket,
/// it would wait for itself.
#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn questions_do_not_hold_tacker_up() {
    let gated = Tacker::with_the_gate();
    let began = Instant::now();
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..10 {
                    let retry = message("POST", &format!("{COMPLETED}/retry"), &[VERSION], "");
                    faults::expect(&send(gated.address, &retry), 409, "retry.state.failed-temp");
                    assert_eq!(send(gated.address, &message("GET", IDLE, &[VERSION], "")).status, 200);
                }
            });
        }
    });
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

/// What Keystone says of a token that holds.
fn token() -> Value {
    let domain = json!({"id": "default", "name": "Default"});
    json!({"token": {
        "methods": ["password"],
        "issued_at": "2026-01-01T06:00:00.000000Z",
        "expires_at": "2099-01-01T06:00:00.000000Z",
        "user": {"id": "33333333000040008000000000000001", "name": "operator", "domain": domain},
        "project": {"id": "33333333000040008000000000000002", "name": "nfv", "domain": domain},
        "roles": [{"id": "33333333000040008000000000000003", "name": "admin"}],
    }})
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn questions_pass_keystone_with_the_caller_s_token() {
    let keystone = Vnfm::start();
    let gated = Tacker::gated(&format!(
        "[DEFAULT]\nauth_strategy = keystone\n[keystone_authtoken]\nauth_version = v3\nauth_type = admin_token\n\
         endpoint = {}\ntoken = tacker\n",
        keystone.url()
    ));
    let retry = |token: &str| {
        let token = format!("X-Auth-Token: {token}");
        send(gated.address, &message("POST", &format!("{COMPLETED}/retry"), &[VERSION, &token], ""))
    };

    keystone.reply("GET", "/auth/tokens", Reply::json(&token()));
    faults::expect(&retry("good"), 409, "retry.state.failed-temp");
    let asked: Vec<_> =
        keystone.received().iter().filter_map(|request| request.field("x-subject-token").map(str::to_owned)).collect();
    assert_eq!(asked, ["good"], "the question's; the request itself was refused before it got there");

    // Nobody may look the occurrence up, so Tacker has the last word.
    keystone.reply("GET", "/auth/tokens", Reply::status(404));
    assert_eq!(retry("stale").status, 401);

    let malformed = message("POST", &format!("{IDLE}/terminate"), &[VERSION, JSON], "{");
    faults::expect(&send(gated.address, &malformed), 400, "body.json.malformed");
}
