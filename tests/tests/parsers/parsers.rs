//! The parsers: small servers that answer with what they read, each behind a gate of
//! its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use solgate_tests::process::{Serving, free_address};
use solgate_tests::servers::{Server, installed};
use solgate_tests::vnfm::{Answer, send};
use solgate_tests::workspace;

/// How long a parser may wait for more of a request that it takes for half of one.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Parser {
    pub name: &'static str,
    address: SocketAddr,
    gate: Serving,
    _server: Server,
}

pub struct Parsers {
    pub all: [Parser; 3],
    /// What the servers say.
    _folder: tempfile::TempDir,
}

impl Parsers {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let source = |name: &str| workspace().join("tests/parsers").join(name);
        let mut webob = Command::new(installed("tacker/bin/python"));
        webob.arg(source("webob_json.py"));
        let mut node = Command::new("node");
        node.arg(source("node_http.mjs"));
        let mut java = Command::new("java");
        let jars = ["core", "databind", "annotations"].map(|name| format!("/usr/share/java/jackson-{name}.jar"));
        java.args(["-cp", &jars.join(":")]).arg(source("JdkJackson.java"));
        let start = |name, mut command: Command| {
            let address = free_address();
            command.arg(address.port().to_string());
            let server = Server::start(command, address, folder.path());
            let gate = Serving::start(&["--upstream", &format!("http://{address}")]);
            Parser { name, address, gate, _server: server }
        };
        let all = [start("WebOb", webob), start("Node", node), start("Jackson", java)];
        Self { all, _folder: folder }
    }
}

impl Parser {
    /// Sends a request through the gate.
    pub fn gated(&self, request: &[u8]) -> Answer {
        send(self.gate.address, request)
    }

    /// Sends a request past the gate; none if there is no answer with 200.
    pub fn direct(&self, request: &[u8]) -> Option<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
        let is_report = answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.0 200");
        is_report.then(|| answer.split_off(at + 4))
    }
}
