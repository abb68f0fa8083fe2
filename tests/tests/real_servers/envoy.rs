//! Envoy with `solgate ext-authz` beside it, configured as docs/doors/envoy.md says.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use solgate_tests::certificates::{Authority, named};
use solgate_tests::doors::gateway::Gateway;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::{Server, guide, installed, write_files};
use solgate_tests::tls::Client;
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::{artifact, hostile_policy, workspace};

use super::faults::{
    bad, expect, good, keeps_connections, needs_facts, policy_that_misbehaves, replace, under_load, wait_until,
};

const GUIDE: &str = "envoy.md";

/// What the guide says about bodies.
const WITH_BODY: &str = "with_request_body:
                        # More than the policy's limit (1 MiB): the gate answers 413 up to here, Envoy beyond.
                        max_request_bytes: &max_body 2097152
                        # Otherwise the start of a longer body is judged, and the rest follows unseen.
                        allow_partial_message: false
                        # Otherwise Envoy replaces what is not UTF-8 in the check.
                        pack_as_bytes: true";

/// Envoy, the gate that it asks, and the VNFM of both.
struct Doors {
    address: SocketAddr,
    vnfm: Vnfm,
    gate: Gate,
    envoy: Server,
    folder: tempfile::TempDir,
}

/// `solgate ext-authz`, which may be started again.
struct Gate {
    address: SocketAddr,
    arguments: Vec<String>,
    server: Option<Server>,
}

impl Gate {
    fn start(&mut self, folder: &Path) {
        let mut command = solgate();
        command.args(["ext-authz", "--listen", &self.address.to_string()]).args(&self.arguments);
        self.server = Some(Server::start(command, self.address, folder));
    }

    fn server(&mut self) -> &mut Server {
        self.server.as_mut().expect("it has been started")
    }
}

/// What is not as in the guide.
#[derive(Default)]
struct Changes {
    /// Where the gate looks for facts, instead of at the VNFM.
    facts: Option<SocketAddr>,
    /// Where Envoy forwards requests to.
    upstream: Option<SocketAddr>,
    /// Envoy verifies tokens.
    tokens: bool,
    /// Envoy verifies certificates with the files in this folder.
    certificates: Option<PathBuf>,
    /// Where there is another gate.
    second: Option<SocketAddr>,
    /// Limits of the gate, which then has a configuration file.
    limits: Option<&'static str>,
    /// Texts of the configuration, and what stands there instead.
    edits: Vec<(&'static str, &'static str)>,
}

/// Puts a filter before the others, as the guide says.
pub fn add_filter(envoy: &Path, filter: &Path) {
    let read = |path| std::fs::read_to_string(path).expect("the guide shows it");
    let filter: String = read(filter).lines().map(|line| format!("                  {line}\n")).collect();
    let (before, after) = (read(envoy), format!("http_filters:\n{filter}"));
    assert!(before.contains("http_filters:\n"), "the guide has filters");
    std::fs::write(envoy, before.replacen("http_filters:\n", &after, 1)).expect("it is written");
}

impl Doors {
    fn start(arguments: &[&str]) -> Self {
        Self::with(arguments, &Changes::default())
    }

    fn with(arguments: &[&str], changes: &Changes) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let vnfm = Vnfm::start();
        let url = |other: Option<SocketAddr>| other.map_or_else(|| vnfm.url(), |address| format!("http://{address}"));
        let (facts, upstream) = (url(changes.facts), url(changes.upstream));
        let file = folder.path().join("solgate.yaml").display().to_string();
        let about_facts = match changes.limits {
            Some(limits) => {
                let text = format!("limits: {limits}\nupstreams:\n  - url: {facts}\n    facts: {{ timeout: 20s }}\n");
                std::fs::write(&file, text).expect("it is written");
                ["--config", &file]
            }
            None => ["--facts", &facts],
        };
        let arguments = about_facts.iter().chain(arguments).map(|argument| (*argument).to_owned()).collect();
        let mut gate = Gate { address: free_address(), arguments, server: None };
        gate.start(folder.path());

        let address = free_address();
        let listen = format!("address: 127.0.0.1, port_value: {}", address.port());
        let asked = format!("port_value: {}", gate.address.port());
        let forwarded = upstream.replace("http://127.0.0.1:", "address: 127.0.0.1, port_value: ");
        let replacements = [
            ("address: 0.0.0.0, port_value: 8080", listen.as_str()),
            ("port_value: 9191", &asked),
            ("address: vnfm.example, port_value: 9890", &forwarded),
        ];
        let replacements = [&replacements[..], &changes.edits].concat();
        write_files(&guide(GUIDE), folder.path(), &replacements);
        let file = folder.path().join("envoy.yaml");
        if let Some(second) = changes.second {
            add_endpoint(&file, gate.address, second);
        }
        if changes.tokens {
            add_filter(&file, &folder.path().join("jwt_authn.yaml"));
        }
        if let Some(certificates) = &changes.certificates {
            add_certificates(&file, &folder.path().join("client_certificates.yaml"), certificates);
        }
        let mut command = Command::new(installed("bin/envoy"));
        command.arg("--config-path").arg(&file);
        command.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning"]);
        command.args(["--file-flush-interval-msec", "100"]);
        let envoy = Server::start(command, address, folder.path());
        Self { address, vnfm, gate, envoy, folder }
    }
}

/// Has Envoy listen with TLS, as the guide says.
pub fn add_certificates(envoy: &Path, socket: &Path, certificates: &Path) {
    let read = |path| std::fs::read_to_string(path).expect("the guide shows it");
    let socket = read(socket).replace("/etc/envoy", certificates.to_str().expect("it is UTF-8"));
    let socket: String = socket.lines().map(|line| format!("          {line}\n")).collect();
    let (before, after) = (read(envoy), format!("        - {}          filters:\n", socket.trim_start()));
    assert!(before.contains("        - filters:\n"), "the guide has a filter chain");
    std::fs::write(envoy, before.replacen("        - filters:\n", &after, 1)).expect("it is written");
}

/// Puts another endpoint beside one.
fn add_endpoint(envoy: &Path, one: SocketAddr, other: SocketAddr) {
    let text = std::fs::read_to_string(envoy).expect("the guide shows it");
    let endpoint = text.lines().find(|line| line.contains(&format!("port_value: {} ", one.port())));
    let endpoint = endpoint.expect("the gate is an endpoint");
    let both = format!("{endpoint}\n{}", endpoint.replace(&one.port().to_string(), &other.port().to_string()));
    std::fs::write(envoy, text.replace(endpoint, &both)).expect("it is written");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_answers_as_the_library_does() {
    let doors = Doors::start(&[]);
    Gateway { address: doors.address, vnfm: &doors.vnfm, guide: &guide(GUIDE) }.compare();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_keeps_a_client_s_connection_when_the_gate_refuses() {
    let doors = Doors::start(&[]);
    keeps_connections(doors.address);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_states_the_limit_that_it_has() {
    let other = ("max_request_bytes: &max_body 2097152", "max_request_bytes: &max_body 30000");
    for (edits, limit) in [(vec![], 2_097_152), (vec![other], 30_000)] {
        let doors = Doors::with(&[], &Changes { edits, ..Changes::default() });
        let body = " ".repeat(limit + 1);
        let fields = ["Version: 2.0.0", "Content-Type: application/json"];
        let answer = send(doors.address, &message("POST", "/vnflcm/v2/vnf_instances", &fields, &body));
        expect(&answer, 413, "transport.body.size");
        let detail = format!("The request body is larger than {limit} bytes; send a smaller one.");
        assert_eq!(answer.json()["detail"], detail);
    }
}

/// The guide says what these settings do, so that nobody has them.
#[test]
#[ignore = "needs the servers of make test-doors"]
fn without_the_body_a_chunked_request_is_judged_as_one_without() {
    let nowhere = (WITH_BODY, "");
    let by_route = (
        "route: { cluster: vnfm, timeout: 60s }",
        r#"route: { cluster: vnfm, timeout: 60s }
                          typed_per_filter_config:
                            envoy.filters.http.ext_authz:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute
                              check_settings: { disable_request_body_buffering: true }"#,
    );
    for edits in [vec![nowhere, ("*max_body", "0")], vec![by_route]] {
        let doors = Doors::with(&[], &Changes { edits, ..Changes::default() });
        doors.vnfm.occurrence("o", "FAILED_TEMP");
        let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
        let retry = |more: &[&str], body: &str| {
            let fields = [&fields, more].concat();
            let head = message("POST", "/vnflcm/v2/vnf_lcm_op_occs/o/retry", &fields, "");
            send(doors.address, &[head, body.as_bytes().to_vec()].concat())
        };
        expect(&retry(&["Content-Length: 7"], r#"{"a":1}"#), 500, "gate.body-cut");
        doors.vnfm.forget();
        doors.vnfm.occurrence("o", "FAILED_TEMP");
        assert_eq!(retry(&["Transfer-Encoding: chunked"], "7\r\n{\"a\":1}\r\n0\r\n\r\n").status, 202);
        let received = doors.vnfm.received();
        assert_eq!(received.last().map(|request| request.body.as_slice()), Some(&br#"{"a":1}"#[..]), "{received:?}");
    }
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_lives_on_when_a_policy_misbehaves() {
    let files = tempfile::tempdir().expect("a folder");
    let policy = hostile_policy(files.path());
    let doors = Doors::start(&["--policy", policy.to_str().expect("it is UTF-8")]);
    policy_that_misbehaves(doors.address, &doors.vnfm);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_is_answered_without_a_gap_while_a_policy_file_is_replaced() {
    let files = tempfile::tempdir().expect("a folder");
    let policy = files.path().join("policy.wasm");
    std::fs::copy(artifact("vnflcm-v2.wasm"), &policy).expect("it is copied");
    let mut doors = Doors::start(&["--policy", policy.to_str().expect("it is UTF-8")]);
    let gate = doors.gate.server();
    under_load(doors.address, || {
        replace(&policy, b"no policy");
        wait_until(|| gate.said().contains("policies not replaced"));
    });
    std::fs::rename(hostile_policy(files.path()), &policy).expect("it is replaced");
    wait_until(|| gate.said().contains("policies replaced"));
    expect(&send(doors.address, &message("GET", "/hostile/panic", &[], "")), 500, "gate.policy-trap");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_turns_to_another_gate_while_one_is_restarted() {
    let second = free_address();
    let lame_duck = ["--lame-duck", "3s"];
    let mut doors = Doors::with(&lame_duck, &Changes { second: Some(second), ..Changes::default() });
    let mut other = Gate { address: second, arguments: doors.gate.arguments.clone(), server: None };
    other.start(doors.folder.path());
    // Envoy has to find it first.
    std::thread::sleep(Duration::from_secs(3));
    for gate in [&mut doors.gate, &mut other] {
        under_load(doors.address, || {
            gate.server().signal("TERM");
            let deadline = Instant::now() + Duration::from_secs(20);
            while gate.server().is_running() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(50));
            }
            gate.start(doors.folder.path());
            std::thread::sleep(Duration::from_secs(3));
        });
    }
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_refuses_everything_while_the_gate_is_down() {
    let mut doors = Doors::start(&[]);
    assert_eq!(send(doors.address, &good()).status, 202);
    doors.vnfm.forget();
    doors.gate.server().kill();
    for request in [good(), bad()] {
        let answer = send(doors.address, &request);
        expect(&answer, 503, "gateway.no-verdict");
        assert_eq!((answer.field("retry-after"), answer.field("version")), (Some("5"), Some("2.0.0")));
    }
    assert_eq!(doors.vnfm.received(), [], "nothing has passed");
    doors.gate.start(doors.folder.path());
    assert_eq!(send(doors.address, &good()).status, 202, "{}", doors.envoy.said());
    expect(&send(doors.address, &bad()), 400, "terminate.type.enum");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_says_when_the_vnfm_is_down() {
    let nobody = Some(free_address());
    let doors = Doors::with(&[], &Changes { upstream: nobody, ..Changes::default() });
    let answer = send(doors.address, &good());
    expect(&answer, 503, "upstream.unreachable");
    assert_eq!(answer.json()["instance"], "/vnflcm/v2/vnf_instances");
    assert_eq!(answer.field("retry-after"), Some("5"));
    expect(&send(doors.address, &bad()), 400, "terminate.type.enum");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_says_when_the_vnfm_breaks_off_or_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let upstream = Some(listener.local_addr().expect("it is bound"));
    let doors =
        Doors::with(&[], &Changes { upstream, edits: vec![("timeout: 60s", "timeout: 1s")], ..Changes::default() });
    std::thread::spawn(move || {
        let (mut first, _) = listener.accept().expect("Envoy connects");
        let _ = first.read(&mut [0; 4096]);
        drop(first);
        let (second, _) = listener.accept().expect("Envoy connects");
        std::thread::sleep(Duration::from_secs(30));
        drop(second);
    });
    let broken = send(doors.address, &good());
    expect(&broken, 502, "upstream.broken");
    assert_eq!(broken.field("retry-after"), None, "it may have been carried out");
    expect(&send(doors.address, &good()), 504, "upstream.timeout");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_passes_on_that_there_is_no_room_for_a_check() {
    let facts = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = facts.local_addr().expect("it is bound");
    let limits = Some("{ requests: 1 }");
    let doors = Doors::with(&[], &Changes { facts: Some(address), limits, ..Changes::default() });
    let gate = doors.address;
    let waiting = std::thread::spawn(move || send(gate, &needs_facts()));
    let asked = facts.accept().expect("the gate asks for a fact");
    for request in [good(), bad(), needs_facts()] {
        let refused = send(doors.address, &request);
        expect(&refused, 503, "gate.requests");
        assert_eq!(refused.field("retry-after"), Some("5"));
    }
    // The fact never comes.
    drop((asked, facts));
    expect(&waiting.join().expect("an answer"), 503, "gate.fact-unavailable");
    assert_eq!(send(doors.address, &good()).status, 202);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn what_envoy_itself_refuses_is_a_problem_too() {
    let doors = Doors::start(&[]);
    let head =
        "POST /vnflcm/v2/vnf_instances/i/terminate HTTP/1.1\r\nHost: a\r\nVersion: 2.0.0\r\nConnection: close\r\n";
    let fields: String = (0..110).map(|number| format!("X-{number}: 1\r\n")).collect();
    let table = [
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), 426, "gateway.refused"),
        (format!("{head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400, "gateway.refused"),
        (format!("{head}X-A: \u{1}\r\n\r\n"), 400, "gateway.refused"),
        (format!("{head}{fields}\r\n"), 431, "gateway.refused"),
        (head.replace("close", "upgrade") + "Upgrade: websocket\r\n\r\n", 403, "gateway.refused"),
        (format!("{head}Content-Length: 3000000\r\n\r\n{}", " ".repeat(3_000_000)), 413, "transport.body.size"),
    ];
    for (request, status, rule) in table {
        let answer = send(doors.address, request.as_bytes());
        expect(&answer, status, rule);
        assert_eq!(answer.field("version"), Some("2.0.0"));
    }
    assert_eq!(doors.vnfm.received(), [], "nothing has passed");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_says_when_the_vnfm_has_no_facts() {
    let nobody = Some(free_address());
    let doors = Doors::with(&[], &Changes { facts: nobody, ..Changes::default() });
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    let terminate =
        message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &fields, r#"{"terminationType":"FORCEFUL"}"#);
    expect(&send(doors.address, &terminate), 503, "gate.fact-unavailable");
    assert_eq!(send(doors.address, &good()).status, 202, "this one needs none");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_passes_warnings_and_logs_decisions() {
    let doors = Doors::start(&["--severity", "header.version.required=warn"]);
    let answer = send(doors.address, &message("GET", "/vnflcm/v2/vnf_instances", &["Accept: application/json"], ""));
    assert_eq!(answer.status, 202);
    let warning = answer.field("warning").expect("a warning");
    assert!(warning.starts_with("299 ") && warning.contains("header.version.required"), "{warning}");
    expect(&send(doors.address, &bad()), 400, "terminate.type.enum");
    let deadline = Instant::now() + Duration::from_secs(20);
    let logged = |said: &str| {
        let lines: Vec<serde_json::Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let of = |verdict: &str| lines.iter().find(|line| line["gate"]["verdict"] == verdict).cloned();
        Some((of("allow")?, of("deny")?))
    };
    let (allowed, denied) = loop {
        if let Some(found) = logged(&doors.envoy.said()) {
            break found;
        }
        assert!(Instant::now() < deadline, "{}", doors.envoy.said());
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(allowed["gate"]["operation"], "query_instances");
    assert_eq!((&denied["gate"]["rule"], &denied["status"]), (&"terminate.type.enum".into(), &400.into()));
}

/// `{"iss":"https://idp.example","sub":"nfvo","tenant":"blue"}`, signed with the key
/// in the guide.
pub const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIiwic3ViIjoibmZ2byIsInRlbmFudCI6ImJsdWUifQ.bQxo-v5lh4UffTysnwH5rCaaQqFqkR6pyThVRp9vpsY";

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_says_whose_token_it_has_verified() {
    let files = tempfile::tempdir().expect("a folder");
    let policy = files.path().join("policy.wasm");
    let rules = workspace().join("policies/example-operator");
    let built = solgate().arg("build").arg(&rules).arg("--output").arg(&policy).output().expect("it runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let policy = policy.to_str().expect("it is UTF-8");
    let doors = Doors::with(&["--policy", policy], &Changes { tokens: true, ..Changes::default() });
    let create = |token: &str, tenant: &str| {
        let token = format!("Authorization: Bearer {token}");
        let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json", &token];
        let body = format!(r#"{{"vnfdId":"vnfd-1","vnfInstanceName":"a","metadata":{{"tenant":"{tenant}"}}}}"#);
        send(doors.address, &message("POST", "/vnflcm/v2/vnf_instances", &fields, &body))
    };
    let answer = create(TOKEN, "blue");
    assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
    expect(&create(TOKEN, "red"), 403, "operator.create.tenant");
    // Envoy itself refuses a token that nobody has signed.
    let (unsigned, _) = TOKEN.rsplit_once('.').expect("a token has three parts");
    expect(&create(&format!("{unsigned}.AAAA"), "blue"), 401, "gateway.refused");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_hands_on_the_names_in_a_certificate() {
    let files = tempfile::tempdir().expect("a folder");
    let log = files.path().join("decisions.jsonl");
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    servers.server().write(files.path(), "gate");
    std::fs::write(files.path().join("clients.pem"), clients.pem()).expect("it is written");
    let changes = Changes { certificates: Some(files.path().to_owned()), ..Changes::default() };
    let doors = Doors::with(&["--decision-log", log.to_str().expect("it is UTF-8")], &changes);
    let table = named();
    for (params, _) in &table {
        let client = Client::new(&servers, Some(&clients.sign(params.clone())));
        let answer = client.send(doors.address, &good()).expect("an answer");
        assert_eq!(answer.status, 202, "{}", doors.envoy.said());
    }
    let read = || std::fs::read_to_string(&log).unwrap_or_default();
    wait_until(|| read().lines().count() >= table.len());
    for (line, (_, names)) in read().lines().zip(&table) {
        let record: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        // All of them: what Envoy calls the principal is among those that the gate reads.
        assert_eq!(record["context"]["caller"]["certificateNames"], serde_json::json!(names));
    }
    let nobody = Client::new(&servers, None);
    assert!(nobody.send(doors.address, &good()).is_none(), "there is nobody without a certificate");
}
