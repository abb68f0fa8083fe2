//! The `solgate` binary as a process of a test.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::workspace;

/// The binary that `make build` leaves.
///
/// # Panics
/// If it is missing.
#[must_use]
pub fn binary() -> PathBuf {
    let path = workspace().join("target/release/solgate");
    assert!(path.is_file(), "{} is missing: run `make build`", path.display());
    path
}

/// A command that runs the binary with a cache beside the build products.
#[must_use]
pub fn solgate() -> Command {
    let mut command = Command::new(binary());
    command.env("SOLGATE_CACHE_DIR", workspace().join("target/solgate/cache")).env("NO_COLOR", "1");
    command
}

/// The decision lines of a running `solgate serve`.
pub struct DecisionLines(BufReader<ChildStdout>);

impl DecisionLines {
    /// Waits for the next line.
    ///
    /// # Panics
    /// If it is no JSON, or the server ends.
    pub fn next_line(&mut self) -> serde_json::Value {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("it is readable");
        serde_json::from_str(&line).expect("it is JSON")
    }
}

/// A running door of solgate, stopped when it is dropped.
pub struct Serving {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Serving {
    /// Starts `solgate serve` on a free port and waits until it listens.
    ///
    /// # Panics
    /// If it does not start within a minute; what it said is in the message.
    #[must_use]
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_door("serve", arguments)
    }

    /// Starts another door that listens, such as `ext-authz`.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_door(door: &str, arguments: &[&str]) -> Self {
        Self::launch(door, arguments, Stdio::null()).0
    }

    /// As [`start`](Self::start); the decision lines can be read.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_with_log(arguments: &[&str]) -> (Self, DecisionLines) {
        Self::start_door_with_log("serve", arguments)
    }

    /// The same of another door.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn start_door_with_log(door: &str, arguments: &[&str]) -> (Self, DecisionLines) {
        let (serving, output) = Self::launch(door, arguments, Stdio::piped());
        (serving, DecisionLines(BufReader::new(output.expect("it is piped"))))
    }

    fn launch(door: &str, arguments: &[&str], output: Stdio) -> (Self, Option<ChildStdout>) {
        let address = free_address();
        let mut child = solgate()
            .arg(door)
            .args(["--listen", &address.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(address).is_err() {
            let ended = child.try_wait().expect("its state is known").is_some();
            if ended || Instant::now() > deadline {
                let _ = child.kill();
                let mut said = String::new();
                let _ = child.stderr.take().expect("it is piped").read_to_string(&mut said);
                panic!("solgate {door} {arguments:?} did not start: {said}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // Keeps the pipe from filling up.
        let errors = BufReader::new(child.stderr.take().expect("it is piped"));
        std::thread::spawn(move || errors.lines().map_while(Result::ok).for_each(drop));
        let output = child.stdout.take();
        (Self { child, address }, output)
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a file that somebody writes, once there are that many.
#[must_use]
pub fn lines(file: &Path, count: usize) -> Vec<String> {
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        if text.lines().count() >= count && text.ends_with('\n') || Instant::now() > patience {
            return text.lines().map(str::to_owned).collect();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An address on loopback that was free a moment ago.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port")
}
