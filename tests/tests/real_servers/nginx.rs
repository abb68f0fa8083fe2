//! nginx with the configuration of its guide, and our Lua modules on the C library.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_tests::doors::gateway::Gateway;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::{Server, guide, write_files};
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::{artifact, hostile_policy, workspace};

use crate::faults;

/// A running nginx and the VNFM behind it.
struct Nginx {
    address: SocketAddr,
    vnfm: Vnfm,
    server: Server,
    folder: tempfile::TempDir,
}

/// What a test has other than the guide.
#[derive(Default)]
struct Other<'a> {
    /// The content of gate.yaml.
    configuration: Option<&'a str>,
    /// A text of nginx.conf, and what stands there instead.
    line: Option<(&'a str, &'a str)>,
    /// Another one.
    stated: Option<(&'a str, &'a str)>,
    /// Where nginx expects the VNFM.
    vnfm: Option<&'a str>,
}

impl Nginx {
    fn start(other: &Other<'_>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (address, vnfm) = (free_address(), Vnfm::start());
        let below = |path: &str| workspace().join(path).display().to_string();
        let here = format!("{}/", folder.path().display());
        let there = vnfm.url().replace("http://", "");
        write_files(
            &guide("nginx.md"),
            folder.path(),
            &[
                ("127.0.0.1:8080", &address.to_string()),
                ("127.0.0.1:9890", other.vnfm.unwrap_or(&there)),
                ("/usr/lib/solgate/libsolgate.so", &below("target/release/libsolgate.so")),
                ("/usr/share/solgate/", &below("adapters/nginx/")),
                ("/var/cache/solgate", &below("target/solgate/cache")),
                ("/etc/solgate/", &here),
                ("/var/log/nginx/", &here),
                ("/run/nginx.pid", &format!("{here}nginx.pid")),
            ],
        );
        let conf = folder.path().join("nginx.conf");
        for (from, to) in other.line.into_iter().chain(other.stated) {
            let text = std::fs::read_to_string(&conf).expect("it is readable");
            assert!(text.contains(from), "the guide has no {from:?}");
            std::fs::write(&conf, text.replace(from, to)).expect("it is written");
        }
        if let Some(configuration) = other.configuration {
            std::fs::write(folder.path().join("gate.yaml"), configuration).expect("it is written");
        }
        let mut command = Command::new("nginx");
        // The workers read files of this user. nginx ignores that if it is not root.
        command.args(["-g", "daemon off; user root;", "-e"]).arg(folder.path().join("early.log"));
        command.arg("-c").arg(conf);
        let server = Server::start(command, address, folder.path());
        Self { address, vnfm, server, folder }
    }

    /// The start of the decision log, when it has a line.
    fn decision(&self) -> Value {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let log = std::fs::read_to_string(self.folder.path().join("decisions.log")).unwrap_or_default();
            if let Some((line, _)) = log.split_once('\n') {
                return serde_json::from_str(line).expect("it is JSON");
            }
            assert!(Instant::now() < deadline, "there is no decision");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default()
    }

    /// Makes it read its configuration again, and waits until only workers that have
    /// done so answer: `arrived` must hold some times in a row.
    fn reload(&self, configuration: &str, arrived: impl Fn() -> bool) {
        std::fs::write(self.folder.path().join("gate.yaml"), configuration).expect("it is written");
        self.server.signal("HUP");
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut in_a_row = 0;
        while in_a_row < 20 {
            in_a_row = if arrived() { in_a_row + 1 } else { 0 };
            assert!(Instant::now() < deadline, "it has not read its configuration: {}", self.errors());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn policy(path: &Path) -> String {
    format!("policies: [{}]", path.display())
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn answers_as_the_library() {
    let nginx = Nginx::start(&Other::default());
    Gateway { address: nginx.address, vnfm: &nginx.vnfm, guide: &guide("nginx.md") }.compare();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn keeps_a_client_s_connection_when_the_gate_refuses() {
    faults::keeps_connections(Nginx::start(&Other::default()).address);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn states_the_limit_that_nginx_has() {
    let create = |size: usize| {
        let fields = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
        message("POST", "/vnflcm/v2/vnf_instances", &fields, &" ".repeat(size))
    };
    let nginx = Nginx::start(&Other::default());
    faults::expect(&send(nginx.address, &create(1_048_577)), 413, "body.size");
    let both = ("client_max_body_size 1m;", "client_max_body_size 20k;");
    let nginx = Nginx::start(&Other {
        line: Some(both),
        stated: Some(("[413] = 1048576", "[413] = 20480")),
        ..Other::default()
    });
    let answer = send(nginx.address, &create(20_481));
    faults::expect(&answer, 413, "transport.body.size");
    let detail = answer.json()["detail"].as_str().expect("a text").to_owned();
    assert!(detail.contains("larger than 20480 bytes"), "{detail}");
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn a_question_carries_nothing_of_the_request_but_credentials() {
    let nginx = Nginx::start(&Other::default());
    let fields = [
        "Version: 2.0.0",
        "Accept: application/json",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        "Authorization: Bearer t",
        "Cookie: c",
        "If-Match: \"1\"",
    ];
    let body = r#"{"terminationType":"FORCEFUL"}"#;
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let head = message("POST", "/vnflcm/v2/vnf_instances/i/terminate", &fields, "");
    nginx.vnfm.instance("i", "INSTANTIATED", &serde_json::json!([]));
    let answer = send(nginx.address, &[head.as_slice(), chunked.as_bytes()].concat());
    assert_eq!(answer.status, 202, "{}", String::from_utf8_lossy(&answer.body));
    let received = nginx.vnfm.received();
    let (asked, [passed]) = received.split_at(received.len() - 1) else { panic!("{received:?}") };
    assert_eq!((passed.body.as_slice(), passed.field("cookie")), (body.as_bytes(), Some("c")));
    assert_eq!(asked.len(), 2, "{asked:?}");
    for question in asked {
        let mut names: Vec<_> = question.fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "authorization", "host", "user-agent", "version"]);
        assert_eq!(question.body, b"");
    }
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn what_nginx_refuses_itself_is_problem_details() {
    let nginx = Nginx::start(&Other::default());
    let long = "a".repeat(20_000);
    let field = format!("X-Long: {long}");
    let target = format!("/{long}");
    let table = [
        (message("GET", &target, &[], ""), 414, "transport.target.size"),
        (message("GET", "/", &[&field], ""), 431, "transport.head.size"),
        (message("GET", "/", &["no field"], ""), 400, "transport.head.malformed"),
        (b"WHAT\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (message("CONNECT", "vnfm.example:443", &[], ""), 400, "transport.head.malformed"),
        (message("GET", "/solgate-facts", &["Version: 2.0.0"], ""), 404, "route.unknown"),
        (b"GET / HTTP/2.5\r\nHost: a\r\n\r\n".to_vec(), 505, "transport.version"),
    ];
    for (request, status, rule) in table {
        faults::expect(&send(nginx.address, &request), status, rule);
    }
    assert!(nginx.vnfm.received().is_empty());
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn the_caller_is_what_nginx_says_and_the_log_says_what_was_decided() {
    let decision = r#"decision = "solgate_decision","#;
    let caller = |said: &str| format!("{decision} caller = function() return '{said}' end,");
    let judged = |said: &str| {
        let caller = caller(said);
        let nginx = Nginx::start(&Other { line: Some((decision, &caller)), ..Other::default() });
        let answer = send(nginx.address, &faults::good());
        (answer.status, nginx.decision())
    };
    let (status, decision) = judged(r#"{"roles": ["operator"]}"#);
    assert_eq!(
        (status, &decision["verdict"], &decision["operation"]),
        (202, &"allow".into(), &"query_instances".into())
    );
    // What the gate cannot read does not make a caller of nobody.
    let (status, decision) = judged("operator");
    assert_eq!((status, &decision["verdict"], &decision["rule"]), (500, &"fault".into(), &"gate.internal".into()));
}

/// Without the line that makes a question of a subrequest, anything may answer it.
#[test]
#[ignore = "needs the servers of make test-doors"]
fn only_the_location_for_facts_answers_questions() {
    let line = (r#"rewrite_by_lua_block { require("solgate").question() }"#, "return 404;");
    let nginx = Nginx::start(&Other { line: Some(line), ..Other::default() });
    faults::expect(&send(nginx.address, &faults::needs_facts()), 500, "gate.internal");
    assert!(nginx.errors().contains("the location /solgate-facts does not call question()"), "{}", nginx.errors());
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_a_policy_that_misbehaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut nginx =
        Nginx::start(&Other { configuration: Some(&policy(&hostile_policy(folder.path()))), ..Other::default() });
    faults::policy_that_misbehaves(nginx.address, &nginx.vnfm);
    assert!(nginx.server.is_running());
    assert!(!nginx.errors().contains("exited on signal"), "{}", nginx.errors());
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_a_reload_and_a_policy_that_goes_under_load() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("policy.wasm");
    std::fs::copy(artifact("vnflcm-v2.wasm"), &file).expect("it is copied");
    let nginx = Nginx::start(&Other { configuration: Some(&policy(&file)), ..Other::default() });
    faults::under_load(nginx.address, || {
        // By one that denies nothing, and then by none.
        std::fs::rename(hostile_policy(folder.path()), &file).expect("it is replaced");
        std::fs::remove_file(&file).expect("it is removed");
        std::thread::sleep(Duration::from_millis(200));
    });
    std::fs::copy(artifact("vnflcm-v2.wasm"), &file).expect("it is copied");
    faults::under_load(nginx.address, || {
        for _ in 0..3 {
            nginx.server.signal("HUP");
            std::thread::sleep(Duration::from_millis(500));
        }
    });

    // A gate that cannot be made lets nothing through, until it can be made.
    let status = || send(nginx.address, &faults::good()).status;
    nginx.reload("mode: strict", || status() == 500);
    nginx.vnfm.forget();
    faults::expect(&send(nginx.address, &faults::good()), 500, "gate.internal");
    faults::expect(&send(nginx.address, &faults::bad()), 500, "gate.internal");
    assert!(nginx.vnfm.received().is_empty(), "nothing passes unjudged");
    let why = "configuration:1:7: expected enforce, monitor or off, found a different value";
    assert!(nginx.errors().contains(why), "{}", nginx.errors());
    nginx.reload("", || status() == 202);
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_a_vnfm_that_is_down() {
    // Nobody listens on a port that is reserved for a service of the past.
    let nginx = Nginx::start(&Other { vnfm: Some("127.0.0.1:1"), ..Other::default() });
    faults::expect(&send(nginx.address, &faults::good()), 502, "upstream.broken");
    faults::expect(&send(nginx.address, &faults::needs_facts()), 503, "gate.fact-unavailable");
    faults::expect(&send(nginx.address, &faults::bad()), 400, "terminate.type.enum");
}

/// What docs/access.md shows.
#[test]
#[ignore = "needs the servers of make test-doors"]
fn it_reaches_the_gate_at_a_unix_socket() {
    let page = std::fs::read_to_string(workspace().join("docs/access.md")).expect("it is readable");
    let (_, rest) = page.split_once("```nginx\n").expect("a snippet");
    let (snippet, _) = rest.split_once("```").expect("its end");
    let (folder, vnfm, address) = (tempfile::tempdir().expect("a folder"), Vnfm::start(), free_address());
    let socket = folder.path().join("gate.sock");
    let lines = std::fs::File::create(folder.path().join("lines")).expect("it is made");
    let listen = format!("unix:{}", socket.display());
    let mut gate = solgate();
    gate.args(["serve", "--listen", &listen, "--trusted-hop", "unix", "--upstream", &vnfm.url()]);
    let mut gate = gate.stdout(lines).spawn().expect("it starts");
    faults::wait_until(|| socket.exists());
    let here = folder.path().display();
    let snippet = snippet.replace("/run/solgate/gate.sock", &socket.display().to_string());
    let conf = format!(
        "pid {here}/nginx.pid;\nevents {{}}\nhttp {{\naccess_log off;\nserver {{\nlisten {address};\n{snippet}}}\n}}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), conf).expect("it is written");
    let mut command = Command::new("nginx");
    command.args(["-g", "daemon off; user root;", "-e"]).arg(folder.path().join("error.log"));
    command.arg("-c").arg(folder.path().join("nginx.conf"));
    let _nginx = Server::start(command, address, folder.path());
    let answer = send(address, &faults::good());
    let line = solgate_tests::process::lines(&folder.path().join("lines"), 1);
    let _ = gate.kill();
    let _ = gate.wait();
    let line: Value = serde_json::from_str(&line[0]).expect("it is JSON");
    assert_eq!((answer.status, &line["peer"]), (202, &"127.0.0.1".into()), "{line}");
}
