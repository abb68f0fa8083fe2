//! How a gate begins, what it does when nobody asks, and how it ends.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::json;
use solgate_tests::kept::Kept;
use solgate_tests::minimal::HEAD;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, Vnfm, exchange, message, send};
use solgate_tests::{hostile_policy, workspace};
use tempfile::TempDir;

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running gate.
struct Gate {
    server: Server,
    address: SocketAddr,
    admin: SocketAddr,
    _folder: TempDir,
}

impl Gate {
    fn start(vnfm: &str, arguments: &[&str]) -> Self {
        Self::start_at(free_address(), vnfm, arguments)
    }

    fn start_at(address: SocketAddr, vnfm: &str, arguments: &[&str]) -> Self {
        Self::start_door(("serve", "--upstream"), address, vnfm, arguments)
    }

    fn of_door(door: &str, vnfm: &str, arguments: &[&str]) -> Self {
        let upstream = if door == "serve" { "--upstream" } else { "--facts" };
        Self::start_door((door, upstream), free_address(), vnfm, arguments)
    }

    fn start_door((door, upstream): (&str, &str), address: SocketAddr, vnfm: &str, arguments: &[&str]) -> Self {
        let (folder, admin) = (tempfile::tempdir().expect("a folder"), free_address());
        let mut command = solgate();
        command.args([door, "--listen", &address.to_string(), "--admin", &admin.to_string(), upstream, vnfm]);
        command.args(arguments);
        let server = Server::start(command, address, folder.path());
        Self { server, address, admin, _folder: folder }
    }

    fn ask(&self) -> Answer {
        send(self.address, &get())
    }

    fn is_ready(&self) -> bool {
        send(self.admin, &message("GET", "/readyz", &[], "")).status == 200
    }

    /// How often the threads of this name have gone to sleep so far.
    fn sleeps(&self, thread: &str) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.server.pid())).expect("it runs");
        let statuses = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
        let named = statuses.filter(|status| status.lines().next().is_some_and(|line| line.ends_with(thread)));
        let count = |status: String| {
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            line.trim().parse::<u64>().ok()
        };
        named.filter_map(count).sum()
    }

    fn wait_for_end(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while self.server.is_running() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server.status().expect("it ends").code()
    }
}

fn get() -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances/on", &HEAD[..2], "")
}

fn vnfm() -> Vnfm {
    let vnfm = Vnfm::start();
    vnfm.instance("on", "INSTANTIATED", &json!([]));
    vnfm
}

#[test]
fn the_clock_of_deadlines_stands_still_while_nothing_is_judged() {
    let vnfm = vnfm();
    let files = tempfile::tempdir().expect("a folder");
    let hostile = hostile_policy(files.path());
    let gate = Gate::start(&vnfm.url(), &["--policy", hostile.to_str().expect("it is text")]);
    // Until what the start has taken is over.
    std::thread::sleep(Duration::from_secs(1));
    let before = gate.sleeps("solgate-clock");
    std::thread::sleep(Duration::from_secs(2));
    let slept = gate.sleeps("solgate-clock") - before;
    assert!(slept < 20, "it woke {slept} times in two seconds");
    // Whoever comes then is cut off all the same.
    let answer = send(gate.address, &message("GET", "/hostile/loop", &HEAD[..2], ""));
    assert_eq!((answer.status, answer.rules()), (503, vec!["gate.policy-deadline".to_owned()]));
}

#[test]
fn a_gate_that_is_its_own_upstream_asks_itself_once() {
    let address = free_address();
    // Its own address would be refused. That of a balancer before it says nothing.
    let relay = relay_to(address);
    let gate = Gate::start_at(address, &format!("http://{relay}"), &[]);
    let answer = gate.ask();
    assert_eq!((answer.status, answer.rules()), (508, vec!["gate.loop".to_owned()]));
    let metrics = send(gate.admin, &message("GET", "/metrics", &[], ""));
    let metrics = String::from_utf8(metrics.body).expect("it is text");
    let answered: u64 = metrics
        .lines()
        .filter(|line| line.starts_with("solgate_requests_total{"))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
        .sum();
    assert_eq!(answered, 2, "{metrics}");
    let page = std::fs::read_to_string(workspace().join("docs/gateway-operators.md")).expect("it is readable");
    assert!(page.contains("508 `gate.loop`"));
}

/// An address at which everything is passed on to another one.
fn relay_to(address: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let local = listener.local_addr().expect("it has one");
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(address) else { continue };
            for (mut from, mut to) in [
                (client.try_clone().expect("it is shared"), server.try_clone().expect("it is shared")),
                (server, client),
            ] {
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    local
}

#[test]
fn gates_in_a_row_add_themselves_to_via() {
    let vnfm = vnfm();
    let second = Gate::start(&vnfm.url(), &[]);
    let first = Gate::start(&format!("http://{}", second.address), &[]);
    let request =
        message("GET", "/vnflcm/v2/vnf_instances/on", &[HEAD[0], HEAD[1], "Via: 1.1 proxy (Apache, 2.4)"], "");
    assert_eq!(send(first.address, &request).status, 200);
    let received = vnfm.received();
    let received = received.last().expect("it is forwarded");
    let via: Vec<&str> = received
        .fields
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("via"))
        .map(|(_, value)| value.as_str())
        .collect();
    let [client, one, other] = via.as_slice() else { panic!("{via:?}") };
    assert_eq!(*client, "1.1 proxy (Apache, 2.4)");
    assert!([one, other].iter().all(|element| element.starts_with("1.1 solgate-")) && one != other, "{via:?}");
}

#[test]
fn a_lame_duck_takes_connections_until_others_have_taken_over() {
    let vnfm = vnfm();
    let mut gate = Gate::start(&vnfm.url(), &["--lame-duck", "2s"]);
    assert!(gate.is_ready());
    gate.server.signal("TERM");
    let told = Instant::now();
    let _ = gate.server.said_with("stopping; connections are taken for 2s more; then requests in flight have 10s");
    assert!(!gate.is_ready(), "whoever looks after it sends clients elsewhere");
    while told.elapsed() < Duration::from_secs(1) {
        assert_eq!(gate.ask().status, 200, "a new connection is served");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(gate.wait_for_end(), Some(0));
    assert!(told.elapsed() >= Duration::from_secs(2), "{:?}", told.elapsed());
    assert!(TcpStream::connect(gate.address).is_err());
}

/// Or a client could send the next request just when the gate ends the connection.
#[test]
fn a_lame_duck_ends_each_connection_with_the_next_answer() {
    let vnfm = vnfm();
    let request = String::from_utf8_lossy(&get()).replace("Connection: close\r\n", "");
    for door in ["serve", "forward-auth"] {
        let gate = Gate::of_door(door, &vnfm.url(), &["--lame-duck", "2s"]);
        let asked = match door {
            "serve" => request.clone(),
            _ => request
                .replace("Host:", "X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /vnflcm/v2/vnf_instances/on\r\nHost:"),
        };
        let mut client = Kept::new(gate.address);
        for _ in 0..2 {
            assert_eq!(client.send(asked.as_bytes()).expect("an answer").field("connection"), None, "{door}");
        }
        gate.server.signal("TERM");
        let _ = gate.server.said_with("stopping");
        let last = client.send(asked.as_bytes()).expect("an answer");
        assert_eq!((last.status, last.field("connection")), (200, Some("close")), "{door}");
        assert_eq!(client.send(asked.as_bytes()).expect("an answer").status, 200, "{door}");
        assert_eq!(client.opened(), 2, "{door}");
    }
}

/// Whoever gets a connection gets an answer on it, up to the moment at which the address
/// closes.
#[test]
fn no_connection_that_has_begun_is_cut_when_the_address_closes() {
    let vnfm = vnfm();
    let (mut served, mut cut) = (0, Vec::new());
    for _ in 0..4 {
        let mut gate = Gate::start(&vnfm.url(), &["--lame-duck", "1s", "--log", "off"]);
        let address = gate.address;
        gate.server.signal("TERM");
        let clients = [(); 8].map(|()| std::thread::spawn(move || until_nobody_listens(address)));
        for client in clients {
            let (answers, failures) = client.join().expect("it ends");
            served += answers;
            cut.extend(failures);
        }
        assert_eq!(gate.wait_for_end(), Some(0));
    }
    assert!(cut.is_empty(), "{} of {served}: {cut:?}", cut.len());
    assert!(served > 100, "{served}");
}

/// Sends requests, each over a connection of its own, as long as one can be opened. How many
/// were answered, and what became of the others.
fn until_nobody_listens(address: SocketAddr) -> (usize, Vec<String>) {
    let (mut answers, mut failures) = (0, Vec::new());
    while let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) {
        stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
        match exchange(stream, &get()) {
            Ok(answer) if answer.status == 200 => answers += 1,
            Ok(answer) => failures.push(format!("{answer:?}")),
            Err(received) => failures.push(format!("{:?}", String::from_utf8_lossy(&received))),
        }
    }
    (answers, failures)
}

#[test]
fn sigquit_ends_a_gate_as_sigterm_does() {
    for signal in ["TERM", "INT", "QUIT"] {
        let (vnfm, asked) = slow_vnfm(Duration::from_secs(1));
        let mut gate = Gate::start(&vnfm, &[]);
        let address = gate.address;
        let answer = std::thread::spawn(move || send(address, &get()));
        asked.recv_timeout(PATIENCE).expect("it is asked");
        gate.server.signal(signal);
        assert_eq!(answer.join().expect("it is answered").status, 200, "{signal}");
        assert_eq!(gate.wait_for_end(), Some(0), "{signal}: {}", gate.server.said());
    }
}

#[test]
fn a_second_signal_ends_a_gate_at_once() {
    let mut gate = Gate::start(&vnfm().url(), &["--lame-duck", "30s"]);
    gate.server.signal("TERM");
    let _ = gate.server.said_with("stopping");
    gate.server.signal("TERM");
    assert_eq!(gate.wait_for_end(), Some(130));
}

#[test]
fn signals_of_other_servers_end_nothing() {
    let vnfm = vnfm();
    let mut gate = Gate::start(&vnfm.url(), &[]);
    for signal in ["USR1", "USR2", "ALRM"] {
        gate.server.signal(signal);
        let said = gate.server.said_with(&format!("signal=\"SIG{signal}\""));
        assert!(said.contains("the signal has no effect"), "{said}");
    }
    assert_eq!(gate.ask().status, 200);
    assert!(gate.server.is_running());
}

/// What a configuration or an argument names is never read without end.
#[test]
fn what_is_not_a_file_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("it is text").to_owned();
    symlink("/dev/zero", path("device")).expect("it is linked");
    assert!(Command::new("mkfifo").arg(path("pipe")).status().expect("it runs").success());
    for (name, kind) in [("device", "a device"), ("pipe", "a pipe")] {
        let file = path(name);
        let upstream = ["--upstream", "https://vnfm"];
        let table: [Vec<&str>; 8] = [
            vec!["serve", "--config", &file],
            vec!["serve", upstream[0], upstream[1], "--policy", &file],
            vec!["serve", upstream[0], upstream[1], "--upstream-ca", &file],
            vec!["serve", upstream[0], upstream[1], "--jwks", &file],
            vec!["serve", upstream[0], upstream[1], "--tls-cert", &file, "--tls-key", &file],
            vec!["serve", upstream[0], upstream[1], "--policy", &file, "--require-signature", &file],
            vec!["serve", upstream[0], upstream[1], "--otlp", "https://collector", "--otlp-ca", &file],
            vec!["inspect", &file],
        ];
        for arguments in table {
            let said = said_at_the_start(folder.path(), &arguments);
            assert!(said.contains(&format!("it is {kind}; expected a regular file")), "{arguments:?}: {said}");
        }
    }
}

/// What a command says that does not start, with little memory.
fn said_at_the_start(folder: &Path, arguments: &[&str]) -> String {
    let mut command = solgate();
    command.current_dir(folder).args(arguments);
    if arguments.first() == Some(&"serve") {
        command.arg("--check-config");
    }
    let output = command.output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Addresses are reserved for each evaluation that there may be at a time.
#[test]
fn with_fewer_evaluations_fewer_addresses_do() {
    let limited = |evaluations: &str| {
        let binary = solgate();
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 41943040; exec \"$@\"", "sh"]).arg(binary.get_program());
        command.args(["serve", "--upstream", "http://vnfm", "--check-config", "--evaluations", evaluations]);
        command.envs(binary.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.output().expect("it runs")
    };
    let refused = limited("256");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("256 evaluations at a time") && said.contains("--evaluations"), "{said}");
    let started = limited("4");
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
}

/// The URL of a VNFM that thinks before it answers, and a word for each request.
fn slow_vnfm(pause: Duration) -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it has one");
    let (asked, word) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let asked = asked.clone();
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                if stream.read(&mut request).is_ok_and(|length| length > 0) {
                    let _ = asked.send(());
                    std::thread::sleep(pause);
                    let _ = stream
                        .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
                }
            });
        }
    });
    (format!("http://{address}"), word)
}
