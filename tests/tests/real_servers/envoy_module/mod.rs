//! Envoy with the gate as a module, configured as docs/doors/envoy-module.md says.

mod facts;

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use solgate_tests::certificates::{Authority, named};
use solgate_tests::doors::gateway::Gateway;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::{Server, guide, installed, write_files};
use solgate_tests::tls::Client;
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::{artifact, hostile_policy, workspace};

use super::envoy::{TOKEN, add_certificates, add_filter};
use super::faults::{bad, expect, good, needs_facts, policy_that_misbehaves, replace, under_load, wait_until};

const GUIDE: &str = "envoy-module.md";

/// Where the guide says what the gate is.
const GATE: &str = "mode: enforce";
/// And which cluster has the facts.
const CLUSTER: &str = "cluster: vnfm\n";

/// Envoy with the gate in it, and the VNFM behind it.
struct Envoy {
    address: SocketAddr,
    admin: SocketAddr,
    vnfm: Vnfm,
    server: Server,
    folder: tempfile::TempDir,
}

/// What is not as in the guide.
#[derive(Default)]
struct Other {
    /// Members of the gate, beside its mode.
    gate: Vec<String>,
    /// Texts of the configuration, and what stands there instead.
    replaced: Vec<(&'static str, String)>,
    /// Where the VNFM is.
    upstream: Option<SocketAddr>,
    /// Envoy verifies tokens.
    tokens: bool,
    /// Envoy verifies certificates with the files in this folder.
    certificates: Option<PathBuf>,
    /// The route has the gate of its own that the guide shows.
    route: bool,
}

impl Other {
    fn gate(members: &[&str]) -> Self {
        Self { gate: members.iter().map(|member| (*member).to_owned()).collect(), ..Self::default() }
    }
}

/// Writes the guide's configuration into `folder`, and says how Envoy is started with it.
fn configured(folder: &Path, address: SocketAddr, admin: SocketAddr, vnfm: &Vnfm, other: &Other) -> Command {
    let listen = format!("address: 127.0.0.1, port_value: {}", address.port());
    let upstream = other.upstream.map_or_else(|| vnfm.url(), |address| format!("http://{address}"));
    let forwarded = upstream.replace("http://127.0.0.1:", "address: 127.0.0.1, port_value: ");
    let members: String = other.gate.iter().map(|member| format!("\n                          {member}")).collect();
    let gate = if other.gate.iter().any(|member| member.starts_with("mode:")) {
        members.trim_start().to_owned()
    } else {
        format!("{GATE}{members}")
    };
    let mut replacements = vec![
        ("address: 0.0.0.0, port_value: 8080", listen.as_str()),
        ("address: vnfm.example, port_value: 9890", forwarded.as_str()),
        (GATE, gate.as_str()),
    ];
    replacements.extend(other.replaced.iter().map(|(from, to)| (*from, to.as_str())));
    write_files(&guide(GUIDE), folder, &replacements);
    let file = folder.join("envoy.yaml");
    if other.tokens {
        add_filter(&file, &folder.join("jwt_authn.yaml"));
    }
    if let Some(certificates) = &other.certificates {
        add_certificates(&file, &folder.join("client_certificates.yaml"), certificates);
        add_filter(&file, &folder.join("certificate.yaml"));
    }
    let mut text = std::fs::read_to_string(&file).expect("the guide shows it");
    if other.route {
        let route = std::fs::read_to_string(folder.join("route.yaml")).expect("the guide shows it");
        let route: String = route.lines().map(|line| format!("                          {line}\n")).collect();
        let routes = "                      routes:\n";
        let open = format!(
            "{routes}                        - match: {{ path: /vnflcm/v2/vnf_instances/open/terminate }}\n                          route: {{ cluster: vnfm }}\n{route}"
        );
        assert!(text.contains(routes), "the guide has routes");
        text = text.replacen(routes, &open, 1);
    }
    let port = admin.port();
    text.insert_str(
        0,
        &format!("admin: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }}\n"),
    );
    std::fs::write(&file, text).expect("it is written");
    let mut command = Command::new(installed("bin/envoy"));
    command.arg("--config-path").arg(&file);
    command.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning"]);
    command.args(["--file-flush-interval-msec", "100"]);
    command.env("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", workspace().join("target/release"));
    command
}

impl Envoy {
    fn start(gate: &[&str]) -> Self {
        Self::with(&Other::gate(gate))
    }

    fn with(other: &Other) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (address, admin, vnfm) = (free_address(), free_address(), Vnfm::start());
        let command = configured(folder.path(), address, admin, &vnfm, other);
        let server = Server::start(command, address, folder.path());
        Self { address, admin, vnfm, server, folder }
    }

    /// A counter of the module's.
    fn counter(&self, name: &str) -> u64 {
        let answer = send(self.admin, &message("GET", &format!("/stats?filter={name}$"), &[], ""));
        let text = String::from_utf8(answer.body).expect("it is text");
        text.trim().rsplit_once(": ").and_then(|(_, value)| value.parse().ok()).unwrap_or_default()
    }

    /// The metadata of the first decision in the access log that has this verdict.
    fn logged(&self, verdict: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let said = self.server.said();
            let mut lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(line) = lines.find(|line| line["gate"]["verdict"] == verdict) {
                return line;
            }
            assert!(Instant::now() < deadline, "{said}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn policies(file: &Path) -> String {
    format!("policies: [{}]", file.display())
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_answers_as_the_library_does() {
    let envoy = Envoy::start(&[]);
    Gateway { address: envoy.address, vnfm: &envoy.vnfm, guide: &guide(GUIDE) }.compare();
}

/// What lies on the way between a worker and a thread of the module's own.
#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_judges_large_requests_aside() {
    let envoy = Envoy::start(&[]);
    envoy.vnfm.instance("i", "INSTANTIATED", &json!([]));
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    let ask = |kind: &str, size: usize| {
        let body = format!("{}{{\"terminationType\":\"{kind}\"}}", " ".repeat(size));
        send(envoy.address, &message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &fields, &body))
    };
    for size in [0, 60 << 10, 70 << 10, 200 << 10, 1_000_000] {
        envoy.vnfm.forget();
        envoy.vnfm.instance("i", "INSTANTIATED", &json!([]));
        expect(&ask("soon", size), 400, "terminate.type.enum");
        assert_eq!(envoy.vnfm.received().len(), 0);
        assert_eq!(ask("FORCEFUL", size).status, 202, "{size}");
        let received = envoy.vnfm.received();
        assert_eq!(received.len(), 3, "two facts and the request: {received:?}");
        assert_eq!(received[2].body.len(), size + r#"{"terminationType":"FORCEFUL"}"#.len());
    }
    expect(&ask("FORCEFUL", 3_000_000), 413, "body.size");
    assert!(envoy.counter("solgate_judged_aside") >= 9);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_lives_on_when_a_policy_misbehaves() {
    let files = tempfile::tempdir().expect("a folder");
    let (cache, policy) = (files.path().join("cache"), hostile_policy(files.path()));
    // It is in no release, so it has to be compiled beforehand.
    let inspected = solgate().arg("inspect").arg(&policy).env("SOLGATE_CACHE_DIR", &cache).output().expect("it runs");
    assert!(inspected.status.success(), "{}", String::from_utf8_lossy(&inspected.stderr));
    let folder = tempfile::tempdir().expect("a folder");
    let (address, admin, vnfm) = (free_address(), free_address(), Vnfm::start());
    let other = Other::gate(&[&policies(&policy)]);
    let mut command = configured(folder.path(), address, admin, &vnfm, &other);
    command.env("SOLGATE_CACHE_DIR", &cache);
    let mut server = Server::start(command, address, folder.path());
    policy_that_misbehaves(address, &vnfm);
    // While a policy loops on a thread of the module's own, the one worker serves others.
    std::thread::scope(|threads| {
        let looping = threads.spawn(|| send(address, &message("GET", "/hostile/loop", &[], "")));
        while !looping.is_finished() {
            assert_eq!(send(address, &message("GET", "/hostile/fine", &[], "")).status, 202);
        }
        expect(&looping.join().expect("an answer"), 503, "gate.policy-deadline");
    });
    assert!(server.is_running());
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_follows_a_policy_file_without_a_gap() {
    let files = tempfile::tempdir().expect("a folder");
    let policy = files.path().join("policy.wasm");
    std::fs::copy(artifact("vnflcm-v2.wasm"), &policy).expect("it is copied");
    let envoy = Envoy::start(&[&policies(&policy)]);
    under_load(envoy.address, || {
        replace(&policy, b"no policy");
        wait_until(|| envoy.server.said().contains("policies not replaced"));
    });
    let rules = workspace().join("policies/example-operator");
    let other = files.path().join("other.wasm");
    let built = solgate().arg("build").arg(rules).arg("--output").arg(&other).output().expect("it runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    std::fs::rename(other, &policy).expect("it is replaced");
    wait_until(|| envoy.server.said().contains("policies replaced"));
    assert_eq!(send(envoy.address, &good()).status, 202);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn envoy_says_what_is_wrong_with_the_configuration() {
    let files = tempfile::tempdir().expect("a folder");
    let policy = hostile_policy(files.path());
    let foreign = policies(&policy);
    let table = [
        (&["mode: strict"][..], "expected enforce, monitor or off"),
        (&["moode: off"], "moode"),
        (&["facts: { ttl: 1s }"], "facts.ttl has no meaning here"),
        (&["set: { no-such: true }"], "no-such"),
        (&["policies: [/no/such.wasm]"], "/no/such.wasm"),
        // Envoy's main thread is not for compiling.
        (&[foreign.as_str()], "there is no native code for it, and nothing is compiled here"),
    ];
    for (gate, said) in table {
        let folder = tempfile::tempdir().expect("a folder");
        let vnfm = Vnfm::start();
        let mut command = configured(folder.path(), free_address(), free_address(), &vnfm, &Other::gate(gate));
        // What other programs have compiled would be at hand in the usual folder.
        command.env("SOLGATE_CACHE_DIR", folder.path().join("cache"));
        let output = command.args(["--mode", "validate"]).output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{gate:?}");
        assert!(text.contains("solgate: ") && text.contains(said), "{gate:?}: {text}");
    }
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_bears_clients_that_leave() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let upstream = Some(silent.local_addr().expect("it is bound"));
    let mut envoy = Envoy::with(&Other { upstream, ..Other::gate(&["facts: { timeout: 500ms }"]) });
    for _ in 0..20 {
        for request in [needs_facts(), large_request()] {
            let mut client = TcpStream::connect(envoy.address).expect("Envoy listens");
            client.write_all(&request).expect("it is sent");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    std::thread::sleep(Duration::from_secs(1));
    assert!(envoy.server.is_running(), "{}", envoy.server.said());
    expect(&send(envoy.address, &bad()), 400, "terminate.type.enum");
    assert!(envoy.counter("solgate_requests_abandoned") > 0);
}

/// One that is judged aside.
fn large_request() -> Vec<u8> {
    let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
    let body = format!("{}{{\"terminationType\":\"FORCEFUL\"}}", " ".repeat(500_000));
    message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &fields, &body)
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_says_when_the_vnfm_is_down() {
    let envoy = Envoy::with(&Other { upstream: Some(free_address()), ..Other::default() });
    expect(&send(envoy.address, &good()), 503, "upstream.unreachable");
    expect(&send(envoy.address, &bad()), 400, "terminate.type.enum");
    expect(&send(envoy.address, &needs_facts()), 503, "gate.fact-unavailable");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn what_envoy_refuses_beside_the_module_is_a_problem_too() {
    let envoy = Envoy::start(&[]);
    let head =
        "POST /vnflcm/v2/vnf_instances/i/terminate HTTP/1.1\r\nHost: a\r\nVersion: 2.0.0\r\nConnection: close\r\n";
    let fields: String = (0..110).map(|number| format!("X-{number}: 1\r\n")).collect();
    let table = [
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), 426, "gateway.refused"),
        (format!("{head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400, "gateway.refused"),
        (format!("{head}X-A: \u{1}\r\n\r\n"), 400, "gateway.refused"),
        (format!("{head}{fields}\r\n"), 431, "gateway.refused"),
        (head.replace("close", "upgrade") + "Upgrade: websocket\r\n\r\n", 403, "gateway.refused"),
        (format!("{head}Content-Length: 3000000\r\n\r\n{}", " ".repeat(3_000_000)), 413, "body.size"),
    ];
    for (request, status, rule) in table {
        let answer = send(envoy.address, request.as_bytes());
        expect(&answer, status, rule);
        assert_eq!(answer.field("version"), Some("2.0.0"));
    }
    assert_eq!(envoy.vnfm.received(), [], "nothing has passed");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_warns_counts_and_writes_down_what_was_decided() {
    let files = tempfile::tempdir().expect("a folder");
    let records = files.path().join("records.jsonl");
    let relaxed = "severity: { header.version.required: { severity: warn, reason: a test } }";
    let recorded = format!("decisionLog: {{ file: {} }}", records.display());
    let envoy = Envoy::start(&[relaxed, &recorded, "log: json"]);
    let unversioned = message("GET", "/vnflcm/v2/vnf_instances", &["Accept: application/json"], "");
    let answer = send(envoy.address, &unversioned);
    assert_eq!(answer.status, 202);
    let warning = answer.field("warning").expect("a warning");
    assert!(warning.starts_with("299 ") && warning.contains("header.version.required"), "{warning}");
    expect(&send(envoy.address, &bad()), 400, "terminate.type.enum");

    let (allowed, denied) = (envoy.logged("allow"), envoy.logged("deny"));
    assert_eq!(allowed["gate"]["operation"], "query_instances");
    assert_eq!(allowed["gate"]["findings"], json!(["warn header.version.required Version"]));
    assert_eq!((&denied["gate"]["rule"], &denied["status"]), (&json!("terminate.type.enum"), &json!(400)));
    assert_eq!(envoy.counter("solgate_requests_allow"), 1);
    assert_eq!(envoy.counter("solgate_requests_deny"), 1);

    let id = allowed["gate"]["id"].as_str().expect("a text");
    wait_until(|| envoy.server.said().lines().filter(|line| line.contains("\"settingsDigest\"")).count() == 2);
    let said = envoy.server.said();
    let line = said.lines().find(|line| line.contains("\"settingsDigest\"") && line.contains(id)).expect("its line");
    let line: Value = serde_json::from_str(line).expect("it is JSON");
    assert_eq!((&line["status"], &line["verdict"], &line["peer"]), (&json!(202), &json!("allow"), &json!("127.0.0.1")));
    assert_eq!(line["overrides"][0]["reason"], "a test");
    let read = || std::fs::read_to_string(&records).unwrap_or_default();
    wait_until(|| read().lines().count() == 2);
    let record: Value = serde_json::from_str(read().lines().next().expect("a record")).expect("it is JSON");
    assert_eq!((&record["id"], &record["request"]["method"]), (&json!(id), &json!("GET")));
    let replayed = solgate().arg("replay").arg(&records).output().expect("it runs");
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stdout));
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn a_route_has_a_gate_of_its_own_and_modes_hold() {
    let envoy = Envoy::with(&Other { route: true, ..Other::default() });
    let terminate = |id: &str| {
        let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
        let target = format!("/vnflcm/v2/vnf_instances/{id}/terminate");
        send(envoy.address, &message("POST", &target, &fields, r#"{"terminationType":"soon"}"#))
    };
    expect(&terminate("i"), 400, "terminate.type.enum");
    assert_eq!(terminate("open").status, 202);
    assert_eq!(envoy.logged("unjudged")["gate"]["operation"], "terminate");

    let monitoring = Envoy::start(&["mode: monitor"]);
    monitoring.vnfm.instance("i", "INSTANTIATED", &json!([]));
    assert_eq!(send(monitoring.address, &bad()).status, 202);
    let findings = monitoring.logged("allow")["gate"]["findings"].clone();
    assert_eq!(findings, json!(["deny terminate.type.enum /terminationType"]));
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_knows_whose_token_envoy_has_verified() {
    let files = tempfile::tempdir().expect("a folder");
    let policy = files.path().join("policy.wasm");
    let rules = workspace().join("policies/example-operator");
    let built = solgate().arg("build").arg(&rules).arg("--output").arg(&policy).output().expect("it runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let envoy = Envoy::with(&Other { tokens: true, ..Other::gate(&[&policies(&policy)]) });
    let create = |token: &str, tenant: &str| {
        let token = format!("Authorization: Bearer {token}");
        let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json", &token];
        let body = format!(r#"{{"vnfdId":"vnfd-1","vnfInstanceName":"a","metadata":{{"tenant":"{tenant}"}}}}"#);
        send(envoy.address, &message("POST", "/vnflcm/v2/vnf_instances", &fields, &body))
    };
    let answer = create(TOKEN, "blue");
    assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
    expect(&create(TOKEN, "red"), 403, "operator.create.tenant");
    let (unsigned, _) = TOKEN.rsplit_once('.').expect("a token has three parts");
    expect(&create(&format!("{unsigned}.AAAA"), "blue"), 401, "gateway.refused");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_module_knows_the_names_in_a_certificate() {
    let files = tempfile::tempdir().expect("a folder");
    let log = files.path().join("decisions.jsonl");
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    servers.server().write(files.path(), "gate");
    std::fs::write(files.path().join("clients.pem"), clients.pem()).expect("it is written");
    let recorded = format!("decisionLog: {{ file: {} }}", log.display());
    let envoy =
        Envoy::with(&Other { certificates: Some(files.path().to_owned()), ..Other::gate(&[recorded.as_str()]) });
    let table = named();
    for (params, _) in &table {
        let client = Client::new(&servers, Some(&clients.sign(params.clone())));
        let answer = client.send(envoy.address, &good()).expect("an answer");
        assert_eq!(answer.status, 202, "{}", envoy.server.said());
    }
    let read = || std::fs::read_to_string(&log).unwrap_or_default();
    wait_until(|| read().lines().count() >= table.len());
    for (line, (_, names)) in read().lines().zip(&table) {
        let record: Value = serde_json::from_str(line).expect("it is JSON");
        assert_eq!(record["context"]["caller"]["certificateNames"], json!(names));
    }
    let nobody = Client::new(&servers, None);
    assert!(nobody.send(envoy.address, &good()).is_none(), "there is nobody without a certificate");
    drop(envoy.folder);
}
