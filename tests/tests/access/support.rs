//! A door as a process, and what it reports.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, Vnfm, message, send};

/// Longer than anything takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A door with health and metrics, that records its decisions.
pub struct Gate {
    pub server: Server,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub vnfm: Vnfm,
    folder: tempfile::TempDir,
}

impl Gate {
    pub fn serve(arguments: &[&str]) -> Self {
        Self::open("serve", arguments)
    }

    pub fn open(door: &str, arguments: &[&str]) -> Self {
        let vnfm = Vnfm::start();
        let upstream = if door == "serve" { "--upstream" } else { "--facts" };
        let url = vnfm.url();
        Self::start(door, vnfm, &[&[upstream, &url], arguments].concat())
    }

    /// With `tls`, `jwt` and whatever else is for the configuration file.
    pub fn configured(door: &str, members: &Value) -> Self {
        let vnfm = Vnfm::start();
        let mut config = members.clone();
        config["upstreams"] = serde_json::json!([{"url": vnfm.url()}]);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("solgate.yaml");
        std::fs::write(&file, config.to_string()).expect("it is written");
        Self::start(door, vnfm, &["--config", text(&file)])
    }

    fn start(door: &str, vnfm: Vnfm, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (address, admin) = (free_address(), free_address());
        let mut command = solgate();
        command.args([door, "--listen", &address.to_string(), "--admin", &admin.to_string()]);
        command.arg("--decision-log").arg(folder.path().join("decisions.jsonl")).args(arguments);
        command.env("SOLGATE_LOG", "debug");
        let server = Server::start(command, address, folder.path());
        Self { server, address, admin, vnfm, folder }
    }

    /// The value of a metric; 0 if it has none.
    pub fn metric(&self, name: &str) -> u64 {
        let answer = send(self.admin, &message("GET", "/metrics", &[], ""));
        let text = String::from_utf8(answer.body).expect("it is text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().expect("it is a number"))
    }

    pub fn is_ready(&self) -> bool {
        send(self.admin, &message("GET", "/readyz", &[], "")).status == 200
    }

    /// Waits until something is so.
    pub fn wait(&self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !so(self) {
            assert!(Instant::now() < deadline, "in time: {what}\n{}", self.server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The callers of the first so many requests that were judged.
    pub fn callers(&self, count: usize) -> Vec<Value> {
        let read = || {
            let text = std::fs::read_to_string(self.folder.path().join("decisions.jsonl")).unwrap_or_default();
            let whole = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            whole.map(|record| record["context"]["caller"].clone()).collect::<Vec<_>>()
        };
        self.wait("decisions are recorded", |_| read().len() >= count);
        read()
    }
}

/// A request that the default policy allows.
pub fn read(fields: &[&str]) -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances", &[&["Version: 2.0.0", "Accept: application/json"], fields].concat(), "")
}

/// Status and rule of an answer; the VNFM of these tests answers 202.
pub fn said(answer: &Answer) -> (u16, String) {
    let rule = if answer.status < 400 { String::new() } else { answer.rules().concat() };
    (answer.status, rule)
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("it is UTF-8")
}
