//! Two gates behind nginx, restarted one after the other under load, as
//! docs/reliability.md says. No request may be lost.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use solgate_tests::kept::Kept;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::{Server, guide, write_files};
use solgate_tests::vnfm::{Answer, Vnfm, exchange, message};
use tempfile::TempDir;

use crate::faults::StopWhenDropped;

/// Clients that send without a pause.
const CLIENTS: usize = 8;
const FIELDS: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];

/// How many requests there are at least.
fn wanted() -> usize {
    std::env::var("SOLGATE_ROLLING_REQUESTS").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000)
}

/// A gate with addresses that it keeps.
struct Gate {
    address: SocketAddr,
    admin: SocketAddr,
    server: Server,
}

impl Gate {
    fn start(vnfm: &str, folder: &TempDir) -> Self {
        // Connections of nginx begin at 127.0.0.1: there one of them could take the port of a
        // gate while the gate is down, or connect to itself.
        let [address, admin] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 2], free_address().port())));
        let server = Self::launch(address, admin, vnfm, folder);
        Self { address, admin, server }
    }

    fn launch(address: SocketAddr, admin: SocketAddr, vnfm: &str, folder: &TempDir) -> Server {
        let mut command = solgate();
        command.args(["serve", "--listen", &address.to_string(), "--admin", &admin.to_string()]);
        command.args(["--upstream", vnfm, "--log", "off", "--lame-duck", "3s"]);
        Server::start(command, address, folder.path())
    }

    /// As an operator does it.
    fn restart(&mut self, vnfm: &str, folder: &TempDir) {
        self.server.signal("TERM");
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.server.is_running() {
            assert!(Instant::now() < deadline, "it does not end: {}", self.server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
        let code = self.server.status().and_then(|status| status.code());
        assert_eq!(code, Some(0), "{}", self.server.said());
        self.server = Self::launch(self.address, self.admin, vnfm, folder);
        while !self.is_ready() {
            assert!(self.server.is_running() && Instant::now() < deadline, "it is not ready: {}", self.server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        let asked = TcpStream::connect(self.admin).map(|stream| exchange(stream, &message("GET", "/readyz", &[], "")));
        matches!(asked, Ok(Ok(answer)) if answer.status == 200)
    }
}

/// What the clients have seen.
#[derive(Default)]
struct Traffic {
    stop: AtomicBool,
    numbers: AtomicUsize,
    created: AtomicUsize,
    wrong: Mutex<Vec<String>>,
}

impl Traffic {
    /// Sends requests over kept connections until told to stop.
    fn run(&self, nginx: SocketAddr) {
        let mut client = Kept::new(nginx);
        while !self.stop.load(Ordering::Relaxed) {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let (request, status) = match number % 4 {
                0 => (create(number), 202),
                1 => (terminate(number), 400),
                _ => (message("GET", &format!("/vnflcm/v2/vnf_instances/{number}"), &FIELDS[..2], ""), 202),
            };
            self.created.fetch_add(usize::from(number.is_multiple_of(4)), Ordering::Relaxed);
            let request = String::from_utf8_lossy(&request).replace("Connection: close\r\n", "");
            let wrong = match client.send(request.as_bytes()) {
                Ok(answer) => mistake(&answer, status),
                Err(error) => Some(format!("no answer: {error}")),
            };
            if let Some(wrong) = wrong {
                let request = request.lines().next().unwrap_or_default();
                self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{request}: {wrong}"));
            }
        }
    }
}

fn create(number: usize) -> Vec<u8> {
    let body = format!(r#"{{"vnfdId":"vnfd-1","vnfInstanceName":"{number}"}}"#);
    message("POST", "/vnflcm/v2/vnf_instances", &FIELDS, &body)
}

/// One that is refused.
fn terminate(number: usize) -> Vec<u8> {
    let target = format!("/vnflcm/v2/vnf_instances/{number}/terminate");
    message("POST", &target, &FIELDS, r#"{"terminationType":"soon"}"#)
}

fn mistake(answer: &Answer, status: u16) -> Option<String> {
    let right = answer.status == status && (status != 400 || answer.rules() == ["terminate.type.enum"]);
    (!right).then(|| format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)))
}

fn nginx(address: SocketAddr, gates: [SocketAddr; 2], folder: &TempDir) -> Server {
    let here = format!("{}/", folder.path().display());
    write_files(
        &guide("../reliability.md"),
        folder.path(),
        &[
            ("127.0.0.1:8080", &address.to_string()),
            ("127.0.0.1:9881", &gates[0].to_string()),
            ("127.0.0.1:9882", &gates[1].to_string()),
            ("/var/log/nginx/", &here),
            ("/run/nginx.pid", &format!("{here}nginx.pid")),
        ],
    );
    let mut command = Command::new("nginx");
    command.args(["-g", "daemon off; user root;", "-e"]).arg(folder.path().join("early.log"));
    command.arg("-c").arg(folder.path().join("balancer.conf"));
    Server::start(command, address, folder.path())
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn no_request_is_lost_while_two_gates_are_restarted_in_turn() {
    let (folder, vnfm, address) = (tempfile::tempdir().expect("a folder"), Vnfm::start(), free_address());
    let mut gates = [(); 2].map(|()| Gate::start(&vnfm.url(), &folder));
    let _nginx = nginx(address, [gates[0].address, gates[1].address], &folder);
    let (traffic, began) = (Traffic::default(), Instant::now());
    let (mut restarts, mut arrived) = (0, BTreeMap::<Vec<u8>, usize>::new());
    let mut collect = || {
        for request in vnfm.received().into_iter().filter(|request| request.line.starts_with("POST")) {
            *arrived.entry(request.body).or_default() += 1;
        }
    };
    std::thread::scope(|threads| {
        for _ in 0..CLIENTS {
            threads.spawn(|| traffic.run(address));
        }
        let _stop = StopWhenDropped(&traffic.stop);
        while restarts < 2 || traffic.numbers.load(Ordering::Relaxed) < wanted() {
            for gate in &mut gates {
                gate.restart(&vnfm.url(), &folder);
                restarts += 1;
                collect();
            }
        }
    });
    collect();
    let sent = traffic.numbers.into_inner();
    println!(
        "{sent} requests, {restarts} restarts, {} requests a second",
        sent as u64 / began.elapsed().as_secs().max(1)
    );
    let wrong = traffic.wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    let errors = std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
    let other = errors.lines().filter(|line| !line.contains("Connection refused")).take(20).collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{} of {sent}: {:#?}\n{other:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    let twice = arrived.values().filter(|count| **count > 1).count();
    assert_eq!((arrived.len(), twice), (traffic.created.into_inner(), 0), "each POST arrives once");
}
