//! The gate as these tests run it: with time limits that a test can wait for.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, exchange, message, send};
use tempfile::TempDir;

/// Time limits, in the gate, of what must happen here.
pub const SHORT: Duration = Duration::from_millis(1500);
/// Longer than anything takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const HEAD: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];

/// A running gate.
pub struct Gate {
    pub server: Server,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub folder: TempDir,
}

impl Gate {
    /// In front of a VNFM. `limits` and `upstream` are lines of the configuration
    /// beside the usual ones.
    #[must_use]
    pub fn start(vnfm: &str, limits: &[&str], upstream: &[&str]) -> Self {
        Self::run("serve", vnfm, limits, upstream, |command| command)
    }

    /// The same with another door, or in other circumstances: `change` gets the command
    /// and may wrap it.
    #[must_use]
    pub fn run(
        door: &str,
        vnfm: &str,
        limits: &[&str],
        upstream: &[&str],
        change: impl FnOnce(Command) -> Command,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (address, admin) = (free_address(), free_address());
        let short = format!("{}ms", SHORT.as_millis());
        let mut text = format!("listen: {address}\nadmin: {admin}\nlimits:\n");
        let usual = ["headTimeout", "bodyTimeout", "connectTimeout", "answerTimeout"];
        for name in usual.into_iter().filter(|name| !limits.iter().any(|line| line.starts_with(name))) {
            let _ = writeln!(text, "  {name}: {short}");
        }
        for line in limits {
            let _ = writeln!(text, "  {line}");
        }
        let _ = writeln!(text, "upstreams:\n  - url: {vnfm}");
        if !upstream.iter().any(|line| line.starts_with("facts")) {
            let _ = writeln!(text, "    facts: {{ timeout: {short}, maxBytes: 20000 }}");
        }
        for line in upstream {
            let _ = writeln!(text, "    {line}");
        }
        let file = folder.path().join("solgate.yaml");
        std::fs::write(&file, text).expect("it is written");
        let mut command = solgate();
        command.arg(door).arg("--config").arg(&file);
        let server = Server::start(change(command), address, folder.path());
        Self { server, address, admin, folder }
    }

    /// Waits until no connection is open. A connection that only asked whether the gate
    /// listens may wait to be taken: it has gone when a later one has its answer.
    pub fn wait_until_empty(&self) {
        let later = TcpStream::connect(self.address).expect("it listens");
        later.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
        // Whatever it answers: not every door speaks HTTP/1.1.
        let _ = exchange(later, b"GET / HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n");
        wait_until("nobody is there", || self.count("solgate_open_connections") == 0);
    }

    /// The value of a metric, with its labels; 0 if there is none.
    #[must_use]
    pub fn count(&self, metric: &str) -> u64 {
        let start = format!("{metric} ");
        let metrics = self.metrics();
        metrics.lines().find_map(|line| line.strip_prefix(&start)).map_or(0, |value| value.parse().expect("a number"))
    }

    /// The requests that ended with this status and rule.
    #[must_use]
    pub fn requests(&self, status: u16, rule: &str) -> u64 {
        let wanted = [format!("status=\"{status}\""), format!("rule=\"{rule}\"")];
        let metrics = self.metrics();
        let lines = metrics.lines().filter(|line| line.starts_with("solgate_requests_total{"));
        let found = lines.filter(|line| wanted.iter().all(|label| line.contains(label)));
        found.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum()
    }

    #[must_use]
    pub fn metrics(&self) -> String {
        String::from_utf8(send(self.admin, &message("GET", "/metrics", &[], "")).body).expect("it is text")
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        send(self.admin, &message("GET", "/readyz", &[], "")).status == 200
    }

    /// Bytes of memory that the process has.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most that it ever had.
    #[must_use]
    pub fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux says so");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }

    /// File descriptors that it has open.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(Path::new("/proc").join(self.server.pid().to_string()).join("fd")).expect("it runs").count()
    }
}

/// A request that is forwarded without a question to the VNFM.
#[must_use]
pub fn subscribe() -> Vec<u8> {
    message("POST", "/vnflcm/v2/subscriptions", &HEAD, r#"{"callbackUri":"http://nfvo.example/cb"}"#)
}

/// A request whose verdict rests on facts.
#[must_use]
pub fn terminate(instance: &str) -> Vec<u8> {
    let target = format!("/vnflcm/v2/vnf_instances/{instance}/terminate");
    message("POST", &target, &HEAD, r#"{"terminationType":"FORCEFUL"}"#)
}

/// The answer is ProblemDetails with this status and rule.
#[track_caller]
pub fn expect_problem(answer: &Answer, status: u16, rule: &str, why: &str) {
    assert_eq!(answer.status, status, "{why}: {}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.rules(), [rule], "{why}");
    assert_eq!(answer.field("content-type"), Some("application/problem+json"), "{why}");
    assert_eq!(answer.field("retry-after").is_some(), matches!(status, 429 | 503), "{why}");
}

/// Waits for what the gate does in its own time.
#[track_caller]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The command, run by a shell after `before`, with its output redirected.
#[must_use]
pub fn wrapped(command: &Command, before: &str, redirection: &str) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("{before}; exec \"$0\" \"$@\" {redirection}");
    shell.args(["-c", &script]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}
