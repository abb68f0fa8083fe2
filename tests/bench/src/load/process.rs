//! What the load run starts, and stops again.

use std::fs::File;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// For a process to listen: Prism is slow to start.
const START: Duration = Duration::from_secs(30);

/// A server of the load run, stopped when it is dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// Ends it, if to kill it is not enough.
    stop: Option<Command>,
    /// Another one that it needs, stopped after it.
    _beside: Option<Box<Process>>,
}

impl Process {
    /// Starts `command` and waits until it listens on `address`. What it says
    /// goes to `NAME.out` and `NAME.err` in `folder`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(name: &str, mut command: Command, address: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        let file = |kind: &str| File::create(folder.join(format!("{name}.{kind}")));
        let child = command
            .stdin(Stdio::null())
            .stdout(file("out")?)
            .stderr(file("err")?)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        let mut process = Self { child, address, stop: None, _beside: None };
        let deadline = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            if process.child.try_wait()?.is_some() || Instant::now() > deadline {
                let said = std::fs::read_to_string(folder.join(format!("{name}.err"))).unwrap_or_default();
                bail!("{name} does not listen on {address}: {}", said.trim());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(process)
    }

    /// Keeps another process for as long as this one.
    pub fn beside(mut self, other: Self) -> Self {
        self._beside = Some(Box::new(other));
        self
    }

    /// Ends it with this command.
    pub fn stopped_by(mut self, command: Command) -> Self {
        self.stop = Some(command);
        self
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let asked = self.stop.as_mut().is_some_and(|stop| {
            stop.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
        });
        if !asked {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
