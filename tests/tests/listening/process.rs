//! A gate as a process that listens somewhere.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use solgate_tests::vnfm::{Answer, exchange};

/// Longer than anything takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running gate, which ends with this.
pub struct Gate {
    child: Child,
    said: PathBuf,
    lines: PathBuf,
}

impl Gate {
    /// Starts a command, and waits until it says that it listens. It writes into `folder`.
    pub fn start(mut command: Command, name: &str, folder: &Path) -> Self {
        let (said, lines) = (folder.join(format!("{name}.said")), folder.join(format!("{name}.lines")));
        let file = |path: &Path| std::fs::File::create(path).expect("it is made");
        let child = command.stdout(file(&lines)).stderr(file(&said)).spawn().expect("it starts");
        let mut gate = Self { child, said, lines };
        wait_until(|| gate.said().contains(" -> ") || gate.ended());
        assert!(!gate.ended(), "{}", gate.said());
        gate
    }

    fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// What it has said.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// The decision lines, once there are so many.
    pub fn lines(&self, count: usize) -> Vec<serde_json::Value> {
        let lines = solgate_tests::process::lines(&self.lines, count);
        lines.iter().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success(), "the process is gone");
    }

    /// Waits for its end. Returns its exit status.
    pub fn wait(&mut self) -> Option<i32> {
        wait_until(|| self.ended());
        self.child.wait().expect("it has ended").code()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn wait_until(mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "it does not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a request to a Unix socket, with what comes before it.
pub fn ask(socket: &Path, before: &[u8], request: &[u8]) -> Answer {
    let stream = UnixStream::connect(socket).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it is set");
    let answer = exchange(stream, &[before, request].concat());
    answer.unwrap_or_else(|received| panic!("no answer in {:?}", String::from_utf8_lossy(&received)))
}

/// Runs a command that is to fail. Returns its status and what it said.
pub fn refused(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}
