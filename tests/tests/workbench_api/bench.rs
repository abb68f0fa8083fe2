//! A running workbench, and a client that has been let in.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use solgate_tests::process::solgate;
use solgate_tests::vnfm::{Answer, exchange};
use solgate_tests::{copy_folder, workspace};
use tempfile::TempDir;

/// The engine is compiled by the first run on a machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// `solgate ui`, ended when it is dropped.
pub struct Bench {
    child: Child,
    pub address: SocketAddr,
    /// Of the address that it has printed.
    pub token: String,
    /// The field that lets a browser in.
    pub cookie: String,
}

/// The bundle that `solgate new --template minimal` makes, in a folder of its own.
pub fn bundle() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("my-policy");
    copy_folder(&workspace().join("host/bundle/templates/minimal"), &folder);
    (home, folder)
}

/// What a command prints.
pub fn printed(command: &mut Command) -> String {
    let done = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.code().is_some_and(|code| code < 2), "{command:?}: {said}");
    String::from_utf8(done.stdout).expect("it is UTF-8")
}

impl Bench {
    /// With these arguments; nobody has been let in.
    pub fn start(arguments: &[&Path]) -> Self {
        let mut child = solgate()
            .arg("ui")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it is readable");
        let Some((address, token)) =
            line.trim().strip_prefix("http://").and_then(|address| address.split_once("/?token="))
        else {
            let _ = child.kill();
            let mut said = String::new();
            let _ = child.stderr.take().expect("it is piped").read_to_string(&mut said);
            panic!("solgate ui {arguments:?} printed {line:?}: {said}");
        };
        Self { address: address.parse().expect("an address"), token: token.to_owned(), cookie: String::new(), child }
    }

    /// The same for a browser that has opened the address.
    pub fn open(arguments: &[&Path]) -> Self {
        let mut bench = Self::start(arguments);
        let answer = bench.enter();
        let set = answer.field("set-cookie").expect("it sets a cookie");
        bench.cookie = format!("Cookie: {}", set.split(';').next().expect("a pair"));
        bench
    }

    /// Opens the printed address.
    pub fn enter(&self) -> Answer {
        self.send("GET", &format!("/?token={}", self.token), &[&self.host()], "")
    }

    pub fn host(&self) -> String {
        format!("Host: {}", self.address)
    }

    /// Sends these fields and no others.
    pub fn send(&self, method: &str, target: &str, fields: &[&str], body: &str) -> Answer {
        let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        for field in fields {
            head.push_str(field);
            head.push_str("\r\n");
        }
        if !body.is_empty() {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
        let request = format!("{head}\r\n{body}");
        exchange(stream, request.as_bytes()).unwrap_or_else(|_| panic!("no answer to {method} {target}"))
    }

    pub fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[&self.host(), &self.cookie], "")
    }

    /// Sends JSON as the page does.
    pub fn ask(&self, method: &str, target: &str, body: &Value) -> Answer {
        let origin = format!("Origin: http://{}", self.address);
        let fields = [&self.host(), &self.cookie, &origin, "Content-Type: application/json"];
        self.send(method, target, &fields, &body.to_string())
    }

    /// A question that has an answer.
    pub fn post(&self, name: &str, body: &Value) -> Value {
        let answer = self.ask("POST", &format!("/api/{name}"), body);
        assert_eq!(answer.status, 200, "{name}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// The text of a file, as the page reads it.
    pub fn text(&self, file: &str) -> String {
        let answer = self.get(&format!("/api/files/{file}"));
        assert_eq!(answer.status, 200, "{file}");
        answer.json()["text"].as_str().expect("a text").to_owned()
    }

    /// A file with a stretch replaced, as the page holds it before it is saved.
    pub fn edited(&self, file: &str, from: &str, to: &str) -> Value {
        let text = self.text(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        json!({ file: text.replacen(from, to, 1) })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("its state is known").code()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
