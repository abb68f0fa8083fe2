//! Servers of others, as processes of a test. `make test-doors` installs them.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::markdown::{Step, steps};
use crate::workspace;

/// How long a server may take to start, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that tests/doors/install.sh puts into target/doors.
///
/// # Panics
/// If it is missing.
#[must_use]
pub fn installed(path: &str) -> PathBuf {
    let path = workspace().join("target/doors").join(path);
    assert!(path.exists(), "{} is missing: run tests/doors/install.sh", path.display());
    path
}

/// A page of the documentation.
///
/// # Panics
/// If it is missing.
#[must_use]
pub fn guide(name: &str) -> String {
    let path = workspace().join("docs/doors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Writes the files that a guide shows (blocks with `file=NAME`) into a folder, with
/// the addresses and paths of a test in place of the guide's.
///
/// # Panics
/// If the guide has no files, or lacks a text that is to be replaced.
pub fn write_files(guide: &str, folder: &Path, replacements: &[(&str, &str)]) {
    let files = steps(guide).into_iter().filter_map(|step| match step {
        Step::File { name, text } => Some((name, text)),
        Step::Command { .. } => None,
    });
    let files: Vec<_> = files.collect();
    assert!(!files.is_empty(), "the guide shows no file");
    for (from, _) in replacements {
        assert!(files.iter().any(|(_, text)| text.contains(from)), "no file of the guide contains {from:?}");
    }
    for (name, text) in files {
        let text = replacements.iter().fold(text, |text, (from, to)| text.replace(from, to));
        std::fs::write(folder.join(name), text).expect("it is written");
    }
}

/// A running server, stopped by its process id when it is dropped.
pub struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts a program and waits until it listens on `address`. What it says goes
    /// into a file `NAME.log` in `folder`.
    ///
    /// # Panics
    /// If it ends, or does not listen within a minute; what it said is in the message.
    #[must_use]
    pub fn start(mut command: Command, address: SocketAddr, folder: &Path) -> Self {
        let name = Path::new(command.get_program()).file_name().and_then(|name| name.to_str()).unwrap_or("server");
        let log = folder.join(format!("{name}-{}.log", address.port()));
        let out = std::fs::File::create(&log).expect("it is made");
        let err = out.try_clone().expect("it is shared");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("it starts");
        let mut server = Self { child, log };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            let running = server.is_running() && Instant::now() < deadline;
            assert!(running, "{command:?} does not listen on {address}: {}", server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// How it has ended, if it has.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// What it has written to its outputs.
    #[must_use]
    pub fn said(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The same, once this text is in it: nobody in there waits for what is written.
    ///
    /// # Panics
    /// If it never is.
    #[must_use]
    pub fn said_with(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.said();
            if said.contains(text) {
                return said;
            }
            assert!(Instant::now() < deadline, "{text:?} is never said: {said}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal such as `HUP`.
    ///
    /// # Panics
    /// If `kill` cannot be run.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(status.expect("kill runs").success(), "the process is gone");
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        }
        let deadline = Instant::now() + Duration::from_secs(5);
        while self.is_running() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
    }
}
