//! Sockets that a service manager has opened. The test is the manager: it keeps the socket
//! open while one gate follows another.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use solgate_tests::minimal::HEAD;
use solgate_tests::process::{binary, solgate};
use solgate_tests::vnfm::{Reply, Vnfm, message, send};

use crate::process::{Gate, PATIENCE, ask, refused};

/// `solgate serve` with this socket as descriptor 3, for its own process id. A shell gives
/// it both, as nobody else can between fork and exec without unsafe code.
fn serve(socket: &OwnedFd, names: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" serve \"$@\"";
    command.arg("-c").arg(script).arg(binary()).args(arguments);
    command.env("LISTEN_FDNAMES", names).envs(solgate().get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::from(socket.try_clone().expect("it is shared")));
    command
}

fn get() -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances", &HEAD[..2], "")
}

fn vnfm() -> Vnfm {
    let vnfm = Vnfm::start();
    vnfm.reply("GET", "/vnflcm/v2/vnf_instances", Reply::json(&json!([])));
    vnfm
}

fn tcp() -> (OwnedFd, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener.into(), address)
}

#[test]
fn a_socket_that_is_handed_over_takes_the_place_of_the_address() {
    let (folder, vnfm, (socket, address)) = (tempfile::tempdir().expect("a folder"), vnfm(), tcp());
    let told = UnixDatagram::bind(folder.path().join("manager")).expect("it is bound");
    told.set_read_timeout(Some(PATIENCE)).expect("it is set");
    let state = || {
        let mut state = [0; 64];
        let length = told.recv(&mut state).expect("it is told");
        String::from_utf8_lossy(&state[..length]).into_owned()
    };
    let mut command = serve(&socket, "listen", &["--listen", "127.0.0.1:1", "--upstream", &vnfm.url()]);
    command.env("NOTIFY_SOCKET", folder.path().join("manager"));
    let mut gate = Gate::start(command, "gate", folder.path());
    let said =
        format!("the service manager has opened {address} (listen); 127.0.0.1:1 of the configuration does not count");
    assert!(gate.said().contains(&said), "{}", gate.said());
    assert_eq!(send(address, &get()).status, 200);
    assert_eq!(state(), "READY=1");
    gate.signal("TERM");
    assert_eq!(state(), "STOPPING=1");
    assert_eq!(gate.wait(), Some(0));
    TcpStream::connect(address).expect("the socket is still there");
}

#[test]
fn a_unix_socket_that_is_handed_over_stays() {
    let (folder, vnfm) = (tempfile::tempdir().expect("a folder"), vnfm());
    let path = folder.path().join("admin");
    let socket: OwnedFd = UnixListener::bind(&path).expect("it is bound").into();
    let arguments = ["--listen", "127.0.0.1:0", "--upstream", &vnfm.url()];
    let mut gate = Gate::start(serve(&socket, "admin", &arguments), "gate", folder.path());
    assert_eq!(ask(&path, b"", &message("GET", "/readyz", &[], "")).status, 200);
    gate.signal("TERM");
    assert_eq!(gate.wait(), Some(0));
    assert!(path.exists(), "it is the manager's");
}

#[test]
fn only_a_socket_that_listens_is_taken() {
    let (vnfm, folder) = (vnfm(), tempfile::tempdir().expect("a folder"));
    let (listening, address) = tcp();
    let plain: OwnedFd = std::fs::File::create(folder.path().join("plain")).expect("it is made").into();
    let connected: OwnedFd = TcpStream::connect(address).expect("it listens").into();
    let datagrams: OwnedFd = UdpSocket::bind("127.0.0.1:0").expect("a free port").into();
    for (socket, said) in [
        (&plain, "descriptor 3 is not a stream socket"),
        (&datagrams, "descriptor 3 is not a stream socket"),
        (&connected, "it does not listen"),
    ] {
        let (status, text) = refused(serve(socket, "listen", &["--upstream", &vnfm.url()]));
        assert!(status == Some(2) && text.contains(said), "{text}");
    }
    // It is for another process.
    let mut other = serve(&listening, "listen", &["--listen", "127.0.0.1:0", "--upstream", &vnfm.url()]);
    let script = "exec 3<&0 </dev/null; LISTEN_PID=1 LISTEN_FDS=1 exec \"$0\" serve \"$@\"";
    let arguments: Vec<_> = other.get_args().skip(2).map(std::ffi::OsStr::to_owned).collect();
    let envs: Vec<_> =
        other.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    other = Command::new("sh");
    other.arg("-c").arg(script).args(arguments).envs(envs).stdin(Stdio::from(listening));
    let gate = Gate::start(other, "gate", folder.path());
    assert!(!gate.said().contains("service manager"), "{}", gate.said());
}

/// Asks again and again over new connections. Returns how often, and what went wrong.
fn under_load(address: SocketAddr, stop: &AtomicBool, asked: &AtomicUsize) -> Vec<String> {
    let mut wrong = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let answer = (|| {
            let mut stream = TcpStream::connect(address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(&get())?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).map(|_| answer)
        })();
        match answer {
            Ok(answer) if answer.starts_with(b"HTTP/1.1 200 ") => {}
            Ok(answer) => wrong.push(answer.escape_ascii().to_string()),
            Err(error) => wrong.push(error.to_string()),
        }
        asked.fetch_add(1, Ordering::Relaxed);
    }
    wrong
}

fn next(socket: &OwnedFd, vnfm: &str, turn: usize, folder: &Path) -> Gate {
    Gate::start(serve(socket, "", &["--upstream", vnfm, "--log", "off"]), &format!("gate-{turn}"), folder)
}

#[test]
fn one_gate_follows_another_and_nothing_is_lost() {
    let (folder, vnfm, (socket, address)) = (tempfile::tempdir().expect("a folder"), vnfm(), tcp());
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let wrong = std::thread::scope(|threads| {
        let mut gate = next(&socket, &vnfm.url(), 0, folder.path());
        let clients: Vec<_> = (0..8).map(|_| threads.spawn(|| under_load(address, &stop, &asked))).collect();
        for turn in 1..4 {
            let before = asked.load(Ordering::Relaxed);
            crate::process::wait_until(|| asked.load(Ordering::Relaxed) >= before + 200);
            // As systemd restarts a service: one ends before the other begins.
            gate.signal("TERM");
            assert_eq!(gate.wait(), Some(0));
            std::thread::sleep(Duration::from_millis(200));
            gate = next(&socket, &vnfm.url(), turn, folder.path());
        }
        let before = asked.load(Ordering::Relaxed);
        crate::process::wait_until(|| asked.load(Ordering::Relaxed) >= before + 200);
        stop.store(true, Ordering::Relaxed);
        clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect::<Vec<_>>()
    });
    let asked = asked.load(Ordering::Relaxed);
    assert!(wrong.is_empty(), "{} of {asked}: {:?}", wrong.len(), wrong.first());
}
