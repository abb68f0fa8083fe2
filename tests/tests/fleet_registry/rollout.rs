//! A gate follows a tag: what takes over, what is refused, and what holds when nobody answers.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_tests::minimal::terminate;
use solgate_tests::process::free_address;
use solgate_tests::registry::Registry;
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Vnfm, message, send};

use super::cosign::{Key, simple};
use super::desk::{Desk, RULES};

const PATIENCE: Duration = Duration::from_secs(60);

/// A gate that follows tags.
pub struct Gate {
    pub server: Server,
    pub address: SocketAddr,
    pub admin: SocketAddr,
}

impl Gate {
    pub fn start(desk: &Desk, vnfm: &Vnfm, arguments: &[&str]) -> Self {
        let (address, admin) = (free_address(), free_address());
        let mut command = desk.command();
        command.args([
            "serve",
            "--listen",
            &address.to_string(),
            "--admin",
            &admin.to_string(),
            "--upstream",
            &vnfm.url(),
        ]);
        command.args(["--policy-poll", "200ms"]).args(arguments);
        Self { server: Server::start(command, address, desk.folder()), address, admin }
    }

    /// The rule that refuses a termination of a wrong type now.
    pub fn rule(&self) -> String {
        send(self.address, &terminate("other", "soon")).rules().concat()
    }

    pub fn status(&self) -> Value {
        let answer = send(self.admin, &message("GET", "/status", &[], ""));
        assert_eq!(answer.field("content-type"), Some("application/json"));
        serde_json::from_slice(&answer.body).expect("it is JSON")
    }

    /// Waits until `/status` is so.
    pub fn wait(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if is_so(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "never {what}: {status:#}\n{}", self.server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the first source has this digest in force.
    pub fn wait_for(&self, digest: &str) -> Value {
        self.wait(digest, |status| {
            status["sources"][0]["inForce"] == digest && status["sources"][0].get("away").is_none()
        })
    }

    pub fn is_ready(&self) -> bool {
        send(self.admin, &message("GET", "/readyz", &[], "")).status == 200
    }

    pub fn metrics(&self) -> String {
        String::from_utf8(send(self.admin, &message("GET", "/metrics", &[], "")).body).expect("it is text")
    }
}

#[test]
fn a_gate_takes_over_what_the_tag_names_and_keeps_what_was_good() {
    let (registry, vnfm) = (Registry::start(), Vnfm::start());
    let desk = Desk::new(&registry.address.to_string());
    let first = desk.push("first.wasm", "p:1", &["--tag", "stable"]);
    let second = desk.push("second.wasm", "p:2", &[]);
    let failing = desk.push("failing.wasm", "p:3", &[]);
    let stable = registry.name("p:stable");
    let gate = Gate::start(&desk, &vnfm, &["--policy", &stable]);
    assert_eq!(gate.rule(), RULES[0]);
    let status = gate.wait_for(&first);
    assert_eq!(status["gates"][0]["policies"][0]["source"], stable);

    // Promoted, and what an unchanged tag takes.
    desk.good(&["tag", &registry.name("p:2"), "stable"]);
    gate.wait_for(&second);
    assert_eq!(gate.rule(), RULES[1]);
    let _ = registry.asked();
    std::thread::sleep(Duration::from_millis(700));
    let asked = registry.asked();
    assert!(!asked.is_empty() && asked.iter().all(|one| one == "HEAD /v2/p/manifests/stable"), "{asked:?}");

    // Refused, and said once.
    desk.good(&["tag", &registry.name("p:3"), "stable"]);
    let status = gate.wait("refused", |status| status["sources"][0]["refused"]["digest"] == failing.as_str());
    assert_eq!(
        (&status["sources"][0]["inForce"], &status["sources"][0]["offered"]),
        (&second.as_str().into(), &failing.as_str().into())
    );
    assert!(
        status["sources"][0]["refused"]["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("a fine request is refused"))
    );
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(gate.server.said().matches("policies not replaced").count(), 1, "{}", gate.server.said());
    assert!(
        gate.metrics().contains(&format!("solgate_policy_source_refused{{source=\"{stable}\"}} 1")),
        "{}",
        gate.metrics()
    );
    assert_eq!(gate.rule(), RULES[1]);
    drop(gate);

    // Started again: what has judged last is used, and that is said.
    let gate = Gate::start(&desk, &vnfm, &["--policy", &stable]);
    assert_eq!(gate.rule(), RULES[1]);
    assert!(gate.server.said().contains("the one that has judged last is used"), "{}", gate.server.said());
    let status = gate.status();
    assert_eq!(status["sources"][0]["refused"]["digest"], failing.as_str());
    assert_eq!(status["sources"][0]["inForce"], second.as_str());
    // Rolled back.
    desk.good(&["tag", &registry.name("p:1"), "stable"]);
    let status = gate.wait_for(&first);
    assert!(status["sources"][0].get("refused").is_none(), "{status}");
    assert_eq!(gate.rule(), RULES[0]);

    // The registry is away.
    registry.stop(true);
    let status = gate.wait("away", |status| status["sources"][0]["away"].is_object());
    assert_eq!(status["sources"][0]["inForce"], first.as_str());
    assert!(gate.is_ready() && gate.rule() == RULES[0]);
    assert!(
        gate.metrics().contains(&format!("solgate_policy_source_reached{{source=\"{stable}\"}} 0")),
        "{}",
        gate.metrics()
    );
    drop(gate);
    let gate = Gate::start(&desk, &vnfm, &["--policy", &stable]);
    assert!(gate.status()["sources"][0]["away"].is_object() && gate.is_ready() && gate.rule() == RULES[0]);
    assert!(gate.server.said().contains("the one of the last time is used"), "{}", gate.server.said());
    registry.stop(false);
    desk.good(&["tag", &registry.name("p:2"), "stable"]);
    gate.wait_for(&second);
    assert_eq!(gate.rule(), RULES[1]);
}

#[test]
fn a_policy_waits_for_its_signature_and_labels_choose_the_tag() {
    let (registry, vnfm) = (Registry::start(), Vnfm::start());
    let desk = Desk::new(&registry.address.to_string());
    let key = Key::new(&desk.path("cosign.pub"));
    desk.good(&["sign", "first.wasm", "--key", "team.key"]);
    let first = desk.push("first.wasm", "p:berlin", &[]);
    let config = format!(
        "upstreams:\n  - url: {}\n    policies: [\"oci://{}/p:{{site}}\"]\n    shadow: [\"oci://{}/p:candidate\"]\n    requireSignature: [team.key.pub, cosign.pub]\nlabels: {{ site: berlin }}\nregistry: {{ poll: 200ms, folder: kept, plainHttp: [\"{}\"] }}\n",
        vnfm.url(),
        registry.address,
        registry.address,
        registry.address,
    );
    std::fs::write(desk.path("gate.yaml"), config).expect("it is written");
    let (address, admin) = (free_address(), free_address());
    let start = || {
        let mut command = desk.command();
        command.args([
            "serve",
            "--config",
            "gate.yaml",
            "--listen",
            &address.to_string(),
            "--admin",
            &admin.to_string(),
        ]);
        command.env_remove("SOLGATE_REGISTRY_PLAIN_HTTP");
        command
    };
    // There is no candidate yet, and none was fetched before.
    let missing = start().output().expect("it runs");
    let said = String::from_utf8_lossy(&missing.stderr);
    assert!(missing.status.code() == Some(2) && said.contains("p:candidate is not there"), "{said}");
    desk.good(&["tag", &registry.name("p:berlin"), "candidate"]);
    let gate = Gate { server: Server::start(start(), address, desk.folder()), address, admin };
    gate.wait("all", |status| status["sources"].as_array().is_some_and(|all| all.len() == 2));
    let in_force = |status: &Value, tag: &str| {
        let name = registry.name(&format!("p:{tag}"));
        let sources = status["sources"].as_array().expect("a list").clone();
        sources.into_iter().find(|one| one["source"] == name.as_str()).expect("it is there")
    };
    assert_eq!(in_force(&gate.status(), "berlin")["inForce"], first.as_str());
    assert_eq!(gate.status()["labels"]["site"], "berlin");

    // It is not signed, and then it is: by cosign.
    let second = desk.push("second.wasm", "p:2", &["--tag", "candidate"]);
    let refused = gate.wait("refused", |status| in_force(status, "candidate")["refused"].is_object());
    assert_eq!(in_force(&refused, "candidate")["inForce"], first.as_str());
    simple(&registry, "p", &second, &key, &second, "cosign container image signature");
    gate.wait("signed", |status| in_force(status, "candidate")["inForce"] == second.as_str());

    // Both judge, and one has no effect.
    assert_eq!(gate.rule(), RULES[0]);
    let status = gate.wait("compared", |status| status["compared"]["differs"] == 1);
    let roles: Vec<&Value> = status["gates"].as_array().expect("a list").iter().map(|gate| &gate["role"]).collect();
    assert_eq!(roles, ["live", "shadow"]);
    desk.good(&["tag", &registry.name("p:candidate"), "berlin"]);
    gate.wait("promoted", |status| in_force(status, "berlin")["inForce"] == second.as_str());
    assert_eq!(gate.rule(), RULES[1]);
}

#[test]
fn a_policy_that_is_followed_into_a_file_is_replaced_when_it_is_good() {
    let registry = Registry::start();
    let desk = Desk::new(&registry.address.to_string());
    desk.push("first.wasm", "p:1", &["--tag", "stable"]);
    desk.push("second.wasm", "p:2", &[]);
    desk.push("failing.wasm", "p:3", &[]);
    let mut command = desk.command();
    command.args(["pull", &registry.name("p:stable"), "-o", "p.wasm", "--follow", "--poll", "100ms"]);
    let out = std::fs::File::create(desk.path("said")).expect("it is made");
    let mut following = command.stderr(out.try_clone().expect("shared")).stdout(out).spawn().expect("it starts");
    let wait = |what: &dyn Fn() -> bool| {
        let deadline = Instant::now() + PATIENCE;
        while !what() {
            assert!(Instant::now() < deadline, "{}", std::fs::read_to_string(desk.path("said")).unwrap_or_default());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let holds = |name: &str| std::fs::read(desk.path("p.wasm")).ok() == std::fs::read(desk.path(name)).ok();
    wait(&|| holds("first.wasm"));
    desk.good(&["tag", &registry.name("p:2"), "stable"]);
    wait(&|| holds("second.wasm"));
    desk.good(&["tag", &registry.name("p:3"), "stable"]);
    let said = || std::fs::read_to_string(desk.path("said")).unwrap_or_default();
    wait(&|| said().contains("the file stays as it is"));
    assert!(holds("second.wasm"));
    // As a container is stopped, whose first process has no signals but those that it takes.
    let told = Command::new("kill").args(["-TERM", &following.id().to_string()]).status();
    assert!(told.expect("kill runs").success());
    assert_eq!(following.wait().expect("it ends").code(), Some(0), "{}", said());
}
