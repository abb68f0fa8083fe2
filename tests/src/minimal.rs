//! The policy that `solgate new` makes, variants of it, and a door that loads such
//! files.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::process::{free_address, solgate};
use crate::servers::Server;
use crate::vnfm::{message, send};
use crate::{copy_folder, workspace};

/// How long a door may take to notice something.
const PATIENCE: Duration = Duration::from_secs(120);

/// The fields of a request with a body.
pub const HEAD: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];

/// The template as a component, with texts of it replaced by others.
///
/// # Panics
/// If it cannot be built, or a text is not in it.
#[must_use]
pub fn policy(changes: &[(&str, &str)]) -> Vec<u8> {
    const FILES: [&str; 4] = ["openapi.yaml", "policy.yaml", "rules/terminate.yaml", "tests/terminate.yaml"];
    let folder = tempfile::tempdir().expect("a folder");
    let bundle = folder.path().join("bundle");
    copy_folder(&workspace().join("host/bundle/templates/minimal"), &bundle);
    let mut texts = FILES.map(|file| std::fs::read_to_string(bundle.join(file)).expect("it is a file of the template"));
    for (from, to) in changes {
        assert!(texts.iter().any(|text| text.contains(from)), "the template has no {from:?}");
        texts = texts.map(|text| text.replace(from, to));
    }
    for (file, text) in FILES.iter().zip(texts) {
        std::fs::write(bundle.join(file), text).expect("it is written");
    }
    let policy = folder.path().join("policy.wasm");
    let built = solgate().arg("build").arg(&bundle).arg("--output").arg(&policy).output().expect("it runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    std::fs::read(policy).expect("it is readable")
}

/// A termination of this type.
#[must_use]
pub fn terminate(instance: &str, kind: &str) -> Vec<u8> {
    let body = format!(r#"{{"terminationType":"{kind}"}}"#);
    message("POST", &format!("/vnflcm/v2/vnf_instances/{instance}/terminate"), &HEAD, &body)
}

/// Puts another file in the place of one, in one step.
///
/// # Panics
/// If it cannot be written.
pub fn replace(policy: &Path, bytes: &[u8]) {
    let beside = policy.with_extension("new");
    std::fs::write(&beside, bytes).expect("it is written");
    std::fs::rename(beside, policy).expect("it is replaced");
}

/// A door that loads its policy from a file, and what it says.
pub struct Door {
    pub server: Server,
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it has its metrics.
    pub admin: SocketAddr,
}

impl Door {
    /// Opens `serve`, `ext-authz` or `forward-auth`; it writes its log to `folder`.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn open(door: &str, vnfm: &str, folder: &Path, policy: &Path, arguments: &[&str]) -> Self {
        let (address, admin) = (free_address(), free_address());
        let upstream = if door == "serve" { "--upstream" } else { "--facts" };
        let mut command = solgate();
        command.args([door, "--listen", &address.to_string(), "--admin", &admin.to_string(), upstream, vnfm]);
        command.arg("--policy").arg(policy).args(arguments);
        let server = Server::start(command, address, folder);
        Self { server, address, admin }
    }

    /// A counter, by its name and labels as they are written.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn count(&self, counter: &str) -> usize {
        let metrics = self.metrics();
        let value = metrics.lines().find_map(|line| line.strip_prefix(counter)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {counter}: {metrics}")).parse().expect("a number")
    }

    /// Waits until a counter has come to `count`, or beyond.
    ///
    /// # Panics
    /// If it does not.
    pub fn wait_for(&self, counter: &str, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.count(counter) < count {
            assert!(Instant::now() < deadline, "{counter} is not {count}: {}", self.server.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until a counter has come to `count`.
    ///
    /// # Panics
    /// If it does not, or goes beyond.
    pub fn wait(&self, counter: &str, count: usize) {
        self.wait_for(counter, count);
        assert_eq!(self.count(counter), count, "{counter}: {}", self.server.said());
    }

    /// All metrics as text.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn metrics(&self) -> String {
        let answer = send(self.admin, &message("GET", "/metrics", &[], ""));
        String::from_utf8(answer.body).expect("it is text")
    }

    /// Whether it says that it can be asked.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        send(self.admin, &message("GET", "/readyz", &[], "")).status == 200
    }
}
