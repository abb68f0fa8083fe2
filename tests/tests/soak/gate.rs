//! `solgate serve` as it is soaked: impatient, recording, and given other policies.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{message, send};
use solgate_tests::{copy_folder, workspace};

/// The gate, and the folder with its policy.
pub struct SoakedGate {
    server: Server,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    folder: tempfile::TempDir,
    /// They differ in the name of one rule.
    policies: [Vec<u8>; 2],
}

/// What a process has.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Bytes of memory.
    pub memory: u64,
    /// Open files, sockets among them.
    pub files: usize,
}

impl Usage {
    /// The larger of each.
    pub fn max(self, other: Self) -> Self {
        Self { memory: self.memory.max(other.memory), files: self.files.max(other.files) }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB and {} files", self.memory >> 20, self.files)
    }
}

impl SoakedGate {
    pub fn start(upstream: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let policies = [
            build(&folder, "one", ("terminate.type.enum", "terminate.type.enum")),
            build(&folder, "two", ("terminate.type.enum", "terminate.type.kind")),
        ];
        let policy = folder.path().join("policy.wasm");
        std::fs::write(&policy, &policies[0]).expect("it is written");
        let (address, admin) = (free_address(), free_address());
        let config = format!(
            "listen: {address}\nadmin: {admin}\nlog: 'off'\n\
             decisionLog: {{ file: decisions.jsonl, bodies: true }}\n\
             limits: {{ headTimeout: 2s, bodyTimeout: 2s, answerTimeout: 2s, connections: 400, requests: 200, \
             bodyMemoryBytes: 16777216, clientShare: 0.25 }}\n\
             upstreams:\n- url: {upstream}\n  policies: [policy.wasm]\n  facts: {{ timeout: 3s }}\n"
        );
        let file = folder.path().join("solgate.yaml");
        std::fs::write(&file, config).expect("it is written");
        let mut command = solgate();
        command.args(["serve", "--config"]).arg(file).current_dir(folder.path());
        let server = Server::start(command, address, folder.path());
        Self { server, address, admin, folder, policies }
    }

    /// Puts the other policy in the place of the one in use; now and then one that is
    /// none.
    pub fn replace_policy(&self, round: usize) {
        let policy: PathBuf = self.folder.path().join("policy.wasm");
        let beside = policy.with_extension("new");
        let bytes = match round % 4 {
            3 => b"no policy".as_slice(),
            even if even % 2 == 0 => &self.policies[0],
            _ => &self.policies[1],
        };
        std::fs::write(&beside, bytes).expect("it is written");
        std::fs::rename(beside, policy).expect("it is replaced");
        if round.is_multiple_of(5) {
            self.server.signal("HUP");
        }
        // Whoever keeps a decision log rotates it.
        let log = self.folder.path().join("decisions.jsonl");
        if std::fs::metadata(&log).is_ok_and(|log| log.len() > 64 << 20) {
            std::fs::remove_file(log).expect("it is removed");
        }
    }

    pub fn usage(&self) -> Usage {
        let process = PathBuf::from(format!("/proc/{}", self.server.pid()));
        let status = std::fs::read_to_string(process.join("status")).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
        let memory = line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10;
        let files = std::fs::read_dir(process.join("fd")).expect("it runs").count();
        Usage { memory, files }
    }

    /// The reloads with this outcome.
    pub fn reloads(&self, outcome: &str) -> usize {
        self.sum(&format!("solgate_policy_reloads_total{{outcome=\"{outcome}\"}} "))
    }

    /// The requests that the gate has counted.
    pub fn counted(&self) -> usize {
        self.sum("solgate_requests_total{")
    }

    /// The requests of clients that had their share.
    pub fn of_full_clients(&self) -> usize {
        let metrics = self.metrics();
        let lines = metrics.lines().filter(|line| line.contains("rule=\"gate.client-share\""));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok()).sum()
    }

    /// The connections of such clients that were refused.
    pub fn connections_refused(&self) -> usize {
        self.sum("solgate_client_connections_refused_total ")
    }

    fn metrics(&self) -> String {
        let answer = send(self.admin, &message("GET", "/metrics", &[], ""));
        String::from_utf8(answer.body).expect("it is text")
    }

    fn sum(&self, start: &str) -> usize {
        let text = self.metrics();
        let values = text.lines().filter(|line| line.starts_with(start)).filter_map(|line| line.rsplit(' ').next());
        values.map(|value| value.parse::<usize>().expect("a count")).sum()
    }

    pub fn said(&self) -> String {
        self.server.said()
    }
}

/// The default policy, with one text in it replaced by another.
fn build(folder: &tempfile::TempDir, name: &str, (from, to): (&str, &str)) -> Vec<u8> {
    let bundle = folder.path().join(name);
    copy_folder(&workspace().join("policies/vnflcm-v2"), &bundle);
    for file in [
        "openapi.yaml",
        "rules/terminate.yaml",
        "tests/terminate.yaml",
        "tests/later-versions.yaml",
        "tests/vendor.yaml",
    ] {
        let text = std::fs::read_to_string(bundle.join(file)).expect("it is a file of the bundle");
        std::fs::write(bundle.join(file), text.replace(from, to)).expect("it is written");
    }
    let policy = folder.path().join(format!("{name}.wasm"));
    let built = solgate().arg("build").arg(&bundle).arg("--output").arg(&policy).output().expect("it runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    // Compiled before the gate starts: what that takes is not to be counted.
    let check = ["serve", "--upstream", "http://127.0.0.1:1", "--check-config", "--policy"];
    let checked = solgate().args(check).arg(&policy).output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    std::fs::read(policy).expect("it is readable")
}
