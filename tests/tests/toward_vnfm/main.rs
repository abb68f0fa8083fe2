//! The way to the VNFM: paths that begin otherwise there, and several addresses.

mod addresses;
mod health;
mod prefixes;
mod servers;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use solgate_tests::minimal::replace;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, message, send};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);
const HEAD: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];

/// `solgate serve` with a configuration file.
struct Gate {
    server: Server,
    address: SocketAddr,
    admin: SocketAddr,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Gate {
    /// With these upstreams.
    fn before(upstreams: &Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (address, admin) = (free_address(), free_address());
        let file = folder.path().join("solgate.yaml");
        let config = json!({"listen": address.to_string(), "admin": admin.to_string(), "upstreams": upstreams});
        std::fs::write(&file, config.to_string()).expect("it is written");
        let mut command = solgate();
        command.args(["serve", "--config"]).arg(&file);
        let server = Server::start(command, address, folder.path());
        Self { server, address, admin, file, _folder: folder }
    }

    /// The same with other upstreams, from when that is applied.
    fn reconfigure(&self, upstreams: &Value) {
        const SWAPPED: &str = "solgate_config_reloads_total{outcome=\"swapped\"}";
        let before = self.metric(SWAPPED);
        let (listen, admin) = (self.address.to_string(), self.admin.to_string());
        let config = json!({"listen": listen, "admin": admin, "upstreams": upstreams});
        replace(&self.file, config.to_string().as_bytes());
        self.server.signal("HUP");
        self.wait("the configuration is applied", |gate| gate.metric(SWAPPED) > before);
    }

    fn send(&self, method: &str, target: &str, body: &str) -> Answer {
        send(self.address, &message(method, target, &HEAD, body))
    }

    /// The value of a metric; `None` if it has none.
    fn metric(&self, name: &str) -> Option<u64> {
        let answer = send(self.admin, &message("GET", "/metrics", &[], ""));
        let text = String::from_utf8(answer.body).expect("it is text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map(|value| value.parse().expect("it is a number"))
    }

    /// Waits until something is so.
    fn wait(&self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !so(self) {
            assert!(Instant::now() < deadline, "in time: {what}\n{}", self.server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
