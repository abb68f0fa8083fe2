//! Servers that ask `solgate forward-auth`, and what each of them must bear.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use solgate_tests::doors::gateway::Gateway;
use solgate_tests::markdown::rows;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::{Server, guide, write_files};
use solgate_tests::vnfm::{Answer, Vnfm, message, send};
use solgate_tests::{artifact, hostile_policy};

use crate::faults;

/// Looks at what a client got.
pub type Look = fn(&Answer);

/// A server that asks.
pub struct Asking {
    /// The page of its guide.
    pub guide: &'static str,
    /// Starts it with the guide's files, which lie in the folder.
    pub launch: fn(&Path, SocketAddr) -> Server,
    /// What a client gets while the gate is down.
    pub without_gate: Look,
}

/// A server, the gate that it asks, and the VNFM behind both.
struct Setup {
    address: SocketAddr,
    gate_address: SocketAddr,
    vnfm: Vnfm,
    gate: Server,
    server: Server,
    folder: tempfile::TempDir,
}

fn gate(address: SocketAddr, vnfm: &str, policy: Option<&Path>, folder: &Path) -> Server {
    let mut command = solgate();
    command.args(["forward-auth", "--listen", &address.to_string(), "--facts", vnfm]);
    if let Some(policy) = policy {
        command.arg("--policy").arg(policy);
    }
    Server::start(command, address, folder)
}

impl Asking {
    fn start(&self, policy: Option<&Path>) -> Setup {
        let folder = tempfile::tempdir().expect("a folder");
        let vnfm = Vnfm::start();
        let (address, gate_address) = (free_address(), free_address());
        let gate = gate(gate_address, &vnfm.url(), policy, folder.path());
        let vnfm_address = vnfm.url().replace("http://", "");
        let here = format!("{}/", folder.path().display());
        write_files(
            &guide(self.guide),
            folder.path(),
            &[
                ("127.0.0.1:8080", &address.to_string()),
                ("127.0.0.1:9192", &gate_address.to_string()),
                ("127.0.0.1:9890", &vnfm_address),
                ("/etc/solgate/", &here),
            ],
        );
        let server = (self.launch)(folder.path(), address);
        // It may listen before it has read its routes.
        let deadline = Instant::now() + Duration::from_secs(30);
        while send(address, &faults::good()).status == 404 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        Setup { address, gate_address, vnfm, gate, server, folder }
    }

    /// It answers as the library, except where its guide says otherwise.
    pub fn answers_as_the_library(&self) {
        let setup = self.start(None);
        Gateway { address: setup.address, vnfm: &setup.vnfm, guide: &guide(self.guide) }.compare();
    }

    /// A refusal does not end the connection that it came over.
    pub fn keeps_connections(&self) {
        faults::keeps_connections(self.start(None).address);
    }

    /// What the VNFM gets of a body that was announced with Expect has nothing left to wait for.
    pub fn waits_for_no_interim_answer(&self) {
        let setup = self.start(None);
        let fields =
            ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json", "Expect: 100-continue"];
        let body = r#"{"vnfdId":"b1bb0ce7-ebca-4fa7-95ed-4840d70a1177"}"#;
        setup.vnfm.forget();
        assert_eq!(send(setup.address, &message("POST", "/vnflcm/v2/vnf_instances", &fields, body)).status, 202);
        let received = setup.vnfm.received();
        let [request] = received.as_slice() else { panic!("{received:?}") };
        assert_eq!((request.field("expect"), request.body.as_slice()), (None, body.as_bytes()));
    }

    /// The guide's table of what the server answers by itself, below this heading.
    pub fn answers_itself(&self, requests: &[(&str, Vec<u8>)]) {
        let rows = rows(&guide(self.guide), "What the gate does not see").into_iter();
        let mut rows: BTreeMap<String, String> = rows.map(|cells| (cells[0].clone(), cells[1].clone())).collect();
        let setup = self.start(None);
        for (name, request) in requests {
            setup.vnfm.forget();
            let row = rows.remove(*name).unwrap_or_else(|| panic!("{name} is not in the guide"));
            let said = row.split([' ', ',']).next().and_then(|status| status.parse::<u16>().ok());
            let answer = send(setup.address, request);
            assert_eq!(Some(answer.status), said, "{name}");
            assert!(answer.field("content-type") != Some("application/problem+json"), "{name}: not by the gate");
            assert_eq!(setup.vnfm.received(), [], "{name}");
        }
        assert!(rows.is_empty(), "the guide has more: {rows:?}");
    }

    /// Each request gets its answer, and reaches the VNFM only if that is the VNFM's.
    pub fn decides(&self, requests: &[(Vec<u8>, Look)]) {
        let setup = self.start(None);
        for (request, look) in requests {
            setup.vnfm.forget();
            let answer = send(setup.address, request);
            look(&answer);
            assert_eq!(setup.vnfm.received().is_empty(), answer.status != 202, "{}", answer.status);
        }
    }

    /// A policy that traps and loops costs the requests that make it do so.
    pub fn bears_a_policy_that_misbehaves(&self) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut setup = self.start(Some(&hostile_policy(folder.path())));
        faults::policy_that_misbehaves(setup.address, &setup.vnfm);
        assert!(setup.server.is_running() && setup.gate.is_running());
    }

    /// The policy's file is replaced under load, the gate is killed and comes back,
    /// the VNFM is down.
    pub fn bears_failures_around_it(&self) {
        let folder = tempfile::tempdir().expect("a folder");
        let policy = folder.path().join("policy.wasm");
        std::fs::copy(artifact("vnflcm-v2.wasm"), &policy).expect("it is copied");
        let mut setup = self.start(Some(&policy));

        // By what is no policy, and then by nothing: the one before goes on.
        let refused = |times| setup.gate.said().matches("policies not replaced").count() == times;
        faults::under_load(setup.address, || {
            faults::replace(&policy, b"no policy");
            faults::wait_until(|| refused(1));
            std::fs::remove_file(&policy).expect("it is removed");
            faults::wait_until(|| refused(2));
        });
        // By one that denies what the other allows.
        std::fs::rename(hostile_policy(folder.path()), &policy).expect("it is replaced");
        faults::wait_until(|| setup.gate.said().contains("policies replaced"));
        faults::expect(&send(setup.address, &message("GET", "/hostile/panic", &[], "")), 500, "gate.policy-trap");

        setup.gate.kill();
        setup.vnfm.forget();
        for request in [faults::good(), faults::bad()] {
            (self.without_gate)(&send(setup.address, &request));
        }
        assert!(setup.vnfm.received().is_empty(), "nothing passes unjudged");
        setup.gate = gate(setup.gate_address, &setup.vnfm.url(), None, setup.folder.path());
        faults::expect(&send(setup.address, &faults::bad()), 400, "terminate.type.enum");
        assert_eq!(send(setup.address, &faults::good()).status, 202);

        // What needs a fact is refused, the rest judged as ever.
        setup.gate.kill();
        let nobody = format!("http://{}", free_address());
        setup.gate = gate(setup.gate_address, &nobody, None, setup.folder.path());
        faults::expect(&send(setup.address, &faults::needs_facts()), 503, "gate.fact-unavailable");
        faults::expect(&send(setup.address, &faults::bad()), 400, "terminate.type.enum");
        assert!(setup.server.is_running());
    }
}

/// A target that the default policy knows.
pub const INSTANCES: &str = "/vnflcm/v2/vnf_instances";

/// A request whose head ends with these lines.
pub fn odd(method: &str, target: &str, lines: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nVersion: 2.0.0\r\n{lines}\r\n").into_bytes()
}
