//! Servers that ask `solgate forward-auth`, and what each of them must bear.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use solgate_tests::doors::gateway::Gateway;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::{Server, guide, write_files};
use solgate_tests::vnfm::{Answer, Vnfm, send};
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

        // By one that denies nothing, and then by none.
        faults::under_load(setup.address, || {
            std::fs::rename(hostile_policy(folder.path()), &policy).expect("it is replaced");
            std::fs::remove_file(&policy).expect("it is removed");
        });

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
