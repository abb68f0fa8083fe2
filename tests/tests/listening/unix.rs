//! Unix sockets: who may connect, what stands in their place, and who the client is.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use solgate_tests::minimal::HEAD;
use solgate_tests::process::solgate;
use solgate_tests::vnfm::{Vnfm, message};

use crate::process::{Gate, ask, refused, wait_until};

fn serve(listen: &Path, vnfm: &str, arguments: &[&str]) -> Command {
    let mut command = solgate();
    command.args(["serve", "--listen", &format!("unix:{}", listen.display()), "--upstream", vnfm]).args(arguments);
    command
}

fn get(fields: &[&str]) -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances", &[&HEAD[..2], fields].concat(), "")
}

fn vnfm() -> Vnfm {
    let vnfm = Vnfm::start();
    vnfm.reply("GET", "/vnflcm/v2/vnf_instances", solgate_tests::vnfm::Reply::json(&json!([])));
    vnfm
}

#[test]
fn clients_and_operators_are_answered_at_sockets() {
    let (folder, vnfm) = (tempfile::tempdir().expect("a folder"), vnfm());
    let (socket, admin) = (folder.path().join("gate"), folder.path().join("admin"));
    let at = format!("unix:{},mode=640", admin.display());
    let mut gate = Gate::start(serve(&socket, &vnfm.url(), &["--admin", &at]), "gate", folder.path());
    let mode = |path: &Path| path.symlink_metadata().expect("it is there").mode() & 0o7777;
    assert_eq!((mode(&socket), mode(&admin)), (0o600, 0o640));
    assert_eq!(ask(&socket, b"", &get(&[])).status, 200);
    assert_eq!(ask(&admin, b"", &message("GET", "/readyz", &[], "")).status, 200);
    // Somebody on this machine, as at a loopback address.
    assert_eq!(ask(&admin, b"", &message("PUT", "/log-level", &[], "debug")).status, 200);
    let config = ask(&admin, b"", &message("GET", "/config", &[], "")).json();
    assert_eq!((&config["listen"], &config["admin"]), (&json!(format!("unix:{}", socket.display())), &json!(at)));
    // The client has no address, and what it says of one counts for nothing.
    assert_eq!(ask(&socket, b"", &get(&["X-Forwarded-For: 192.0.2.7"])).status, 200);
    let lines = gate.lines(2);
    assert!(lines.iter().all(|line| line["peer"] == Value::Null), "{lines:?}");
    assert!(vnfm.received().iter().all(|request| request.field("x-forwarded-for").is_none()));
    gate.signal("TERM");
    assert_eq!(gate.wait(), Some(0));
    assert!(!socket.exists() && !admin.exists(), "they are removed");
}

#[test]
fn only_a_socket_of_nobody_is_replaced() {
    let (folder, vnfm) = (tempfile::tempdir().expect("a folder"), vnfm());
    let below = |name: &str| folder.path().join(name);
    drop(UnixListener::bind(below("stale")).expect("it is bound"));
    let gate = Gate::start(serve(&below("stale"), &vnfm.url(), &[]), "gate", folder.path());
    assert_eq!(ask(&below("stale"), b"", &get(&[])).status, 200);

    std::fs::write(below("plain"), "kept").expect("it is written");
    let none = format!("{},group=no-such-group", below("other").display());
    for (path, said) in [
        (below("stale"), "another process listens there; stop that process"),
        (below("plain"), "something else than a socket is there, which the gate does not remove"),
        (below("no/folder"), "No such file or directory"),
        (none.into(), "no group is named \"no-such-group\" in /etc/group"),
    ] {
        let (status, text) = refused(serve(&path, &vnfm.url(), &[]));
        assert!(status == Some(2) && text.contains(said), "{}: {text}", path.display());
    }
    assert_eq!(std::fs::read_to_string(below("plain")).expect("it is there"), "kept");
    // It is still there for those who have it.
    assert_eq!(ask(&below("stale"), b"", &get(&[])).status, 200);
    drop(gate);
}

#[test]
fn a_server_at_a_socket_is_believed_if_a_setting_says_so() {
    let (folder, vnfm) = (tempfile::tempdir().expect("a folder"), vnfm());
    let socket = folder.path().join("gate");
    let arguments = ["--trusted-hop", "unix", "--client-fields"];
    let gate = Gate::start(serve(&socket, &vnfm.url(), &arguments), "gate", folder.path());
    assert_eq!(ask(&socket, b"", &get(&["X-Forwarded-For: 10.0.0.1, 192.0.2.7"])).status, 200);
    assert_eq!(ask(&socket, b"", &get(&[])).status, 200);
    let lines = gate.lines(2);
    assert_eq!((&lines[0]["peer"], &lines[1]["peer"]), (&json!("192.0.2.7"), &Value::Null));
    let told: Vec<_> = vnfm.received().iter().map(|one| one.field("forwarded").map(str::to_owned)).collect();
    assert!(told[0].as_deref().is_some_and(|text| text.starts_with("for=192.0.2.7;")), "{told:?}");
    assert!(told[1].as_deref().is_some_and(|text| text.starts_with("for=unknown;")), "{told:?}");
}

#[test]
fn the_proxy_protocol_says_for_whom() {
    let (folder, vnfm) = (tempfile::tempdir().expect("a folder"), vnfm());
    let socket = folder.path().join("gate");
    let arguments = ["--trusted-hop", "unix", "--proxy-protocol"];
    let gate = Gate::start(serve(&socket, &vnfm.url(), &arguments), "gate", folder.path());
    for header in [&b"PROXY TCP4 192.0.2.9 10.0.0.1 5555 80\r\n"[..], b"PROXY UNKNOWN\r\n"] {
        assert_eq!(ask(&socket, header, &get(&[])).status, 200);
    }
    let lines = gate.lines(2);
    assert_eq!((&lines[0]["peer"], &lines[1]["peer"]), (&json!("192.0.2.9"), &Value::Null));
    let mut without = UnixStream::connect(&socket).expect("it listens");
    without.write_all(&get(&[])).expect("it is sent");
    let mut answer = Vec::new();
    let _ = without.read_to_end(&mut answer);
    assert_eq!(answer, b"", "it is closed");
    wait_until(|| gate.said().contains("does not begin with a header of the PROXY protocol"));
    assert!(gate.said().contains("a Unix socket"), "{}", gate.said());
}

/// The clients of a socket are not one client, which would have its share only.
#[test]
fn there_is_no_share_of_those_without_an_address() {
    let (folder, vnfm) = (tempfile::tempdir().expect("a folder"), vnfm());
    let (socket, file) = (folder.path().join("gate"), folder.path().join("gate.yaml"));
    let text = format!(
        "listen: unix:{}\nlimits: {{ connections: 16, clientShare: 0.1 }}\nupstreams: [{{ url: {} }}]\n",
        socket.display(),
        vnfm.url()
    );
    std::fs::write(&file, text).expect("it is written");
    let mut command = solgate();
    command.arg("serve").arg("--config").arg(&file);
    let _gate = Gate::start(command, "gate", folder.path());
    let held: Vec<UnixStream> = (0..15).map(|_| UnixStream::connect(&socket).expect("it listens")).collect();
    assert_eq!(ask(&socket, b"", &get(&[])).status, 200);
    drop(held);
}

#[test]
fn forward_auth_asks_who_may_ask() {
    let (folder, vnfm) = (tempfile::tempdir().expect("a folder"), vnfm());
    let socket = folder.path().join("gate");
    let request =
        get(&["X-Forwarded-Method: GET", "X-Forwarded-Uri: /vnflcm/v2/vnf_instances", "X-Forwarded-For: 192.0.2.7"]);
    for (trust, status) in [(&[][..], 403), (&["--trust", "unix"], 200)] {
        let mut command = solgate();
        let listen = format!("unix:{}", socket.display());
        command.args(["forward-auth", "--listen", &listen, "--facts", &vnfm.url()]).args(trust);
        let child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn();
        let mut child = child.expect("it starts");
        wait_until(|| UnixStream::connect(&socket).is_ok());
        let answer = ask(&socket, b"", &request);
        let _ = child.kill();
        let _ = child.wait();
        assert_eq!(answer.status, status, "{trust:?}");
    }
}
