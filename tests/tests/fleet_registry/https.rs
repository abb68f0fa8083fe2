//! Policies at https URLs: asked for on a condition, along redirections, within bounds, with
//! an authority of one's own, and through proxies.

use std::process::{Command, Output};

use solgate_tests::certificates::Authority;
use solgate_tests::file_server::{FileServer, Proxy};
use solgate_tests::minimal::terminate;
use solgate_tests::process::free_address;
use solgate_tests::registry::{Registry, respond};
use solgate_tests::vnfm::{Vnfm, send};

use super::desk::{Desk, RULES, policies};
use super::rollout::Gate;

const PATH: &str = "/team/p.wasm";

/// A desk, and a server whose authority it knows by the file `ca.pem`.
fn place() -> (Desk, FileServer) {
    let authority = Authority::new("ca");
    let (desk, server) = (Desk::new("127.0.0.1:1"), FileServer::start(&authority));
    std::fs::write(desk.path("ca.pem"), authority.pem()).expect("it is written");
    (desk, server)
}

/// The same command, where this authority is trusted.
fn trusting(desk: &Desk) -> Command {
    let mut command = desk.command();
    command.env("SOLGATE_REGISTRY_CA_FILE", desk.path("ca.pem"));
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
        command.env_remove(name);
    }
    command
}

fn pull(command: &mut Command, url: &str) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.args(["pull", url, "-o", "p.wasm"]).output().expect("it runs");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

#[test]
fn a_gate_asks_on_a_condition_and_takes_over_what_is_another() {
    let (desk, server) = place();
    let vnfm = Vnfm::start();
    server.put(PATH, Some("\"1\""), &policies().first);
    let url = server.url(PATH);
    let start = || {
        let (address, admin) = (free_address(), free_address());
        let mut command = trusting(&desk);
        command.args(["serve", "--listen", &address.to_string(), "--admin", &admin.to_string()]);
        command.args(["--upstream", &vnfm.url(), "--policy", &url, "--policy-poll", "200ms"]);
        Gate { server: solgate_tests::servers::Server::start(command, address, desk.folder()), address, admin }
    };
    let gate = start();
    assert_eq!(gate.rule(), RULES[0]);
    let first = gate.status()["sources"][0]["inForce"].as_str().expect("a digest").to_owned();
    // What is the same is not transferred again; so often it was asked, and for its signature once.
    let looks = |count: usize| {
        let _ = server.asked();
        let mut heads = Vec::new();
        while heads.len() < count {
            std::thread::sleep(std::time::Duration::from_millis(50));
            heads.extend(server.asked().into_iter().filter(|head| head.starts_with(&format!("GET {PATH} "))));
        }
        heads
    };
    let field = |head: &String| head.to_ascii_lowercase().contains("if-none-match: \"1\"");
    assert!(looks(3).iter().all(field), "{:?}", looks(1));
    let before = server.transferred();
    let _ = looks(3);
    let taken = server.transferred() - before;
    assert!(taken < 4 * 2048, "{taken} bytes for three looks");

    // The server gives the same file another mark: it is transferred once, and asked for by that.
    server.put(PATH, Some("\"2\""), &policies().first);
    let _ = looks(2);
    let before = server.transferred();
    assert!(looks(3).iter().all(|head| head.to_ascii_lowercase().contains("if-none-match: \"2\"")), "{:?}", looks(1));
    assert!(server.transferred() - before < 4 * 2048, "{} bytes", server.transferred() - before);

    server.put(PATH, Some("\"3\""), &policies().second);
    let status = gate.wait("another", |status| status["sources"][0]["inForce"] != first.as_str());
    assert_eq!(gate.rule(), RULES[1], "{status}");
    // A policy that must not judge, and no answer at all.
    server.put(PATH, Some("\"4\""), &policies().failing);
    gate.wait("refused", |status| status["sources"][0]["refused"].is_object());
    assert_eq!(gate.rule(), RULES[1]);
    server.put(PATH, None, &policies().second);
    gate.wait("good again", |status| status["sources"][0].get("refused").is_none());
    server.stop(true);
    gate.wait("away", |status| status["sources"][0]["away"].is_object());
    assert!(gate.is_ready() && gate.rule() == RULES[1]);
    drop(gate);
    let gate = start();
    assert!(gate.is_ready() && gate.rule() == RULES[1], "what was fetched is kept");
}

#[test]
fn a_signature_beside_the_file_counts() {
    let (desk, server) = place();
    desk.good(&["sign", "first.wasm", "--key", "team.key"]);
    server.put(PATH, Some("\"1\""), &policies().first);
    let verify_at = |url: &str| {
        let output = trusting(&desk).args(["verify", url, "--public-key", "team.key.pub"]).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let verify = || verify_at(&server.url(PATH));
    assert_eq!(verify().0, Some(1), "it is not signed yet");
    // It is signed later; the file stays.
    server.put(&format!("{PATH}.sig"), None, &std::fs::read(desk.path("first.wasm.sig")).expect("it is there"));
    let (code, said) = verify();
    assert_eq!(code, Some(0), "{said}");
    // More than any signature has is not read.
    server.put("/large.wasm", None, &policies().first);
    server.answer("/large.wasm.sig", b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n".as_slice());
    let (code, said) = verify_at(&server.url("/large.wasm"));
    assert!(code == Some(2) && said.contains("999999 bytes, and 1024 at most"), "{said}");
}

#[test]
fn redirections_are_followed_to_where_it_is_safe() {
    let (desk, server) = place();
    let plain = Registry::start();
    server.put("/files/p.wasm", None, &policies().first);
    let to = |target: &str| respond(302, &format!("Location: {target}\r\n"), b"");
    let port = server.address.port();
    let elsewhere = format!("//localhost:{port}/files/p.wasm");
    for (from, to) in ["/1", "/2", "/3", "/4", "/5"].into_iter().zip(["/2", "/3", "/4", "/5", "/files/p.wasm"]) {
        server.answer(from, respond(307, &format!("Location: {to}\r\n"), b""));
    }
    // The answer, and what is said of it; nothing is said of a good one.
    let table = [
        (to("/files/p.wasm"), ""),
        (to("../files/p.wasm"), ""),
        (to(&elsewhere), ""),
        (to(&format!("https:{elsewhere}")), ""),
        (respond(308, &format!("Location: https:{elsewhere}\r\n"), b""), ""),
        (to(&format!("http://{}/p.wasm", plain.address)), "the way there is not encrypted"),
        (to(&format!("https://user:hunter2@localhost:{port}/files/p.wasm")), "this is not a URL"),
        (to("ftp://localhost/p.wasm"), "this is not a URL"),
        (to("https://"), "this is not a URL"),
        (to("/2"), ""),
        (to("/1"), "there are too many redirections"),
        (to(PATH), "there are too many redirections"),
        (respond(302, "", b""), "the answer is 302"),
        (respond(300, "Location: /files/p.wasm\r\n", b""), "the answer is 300"),
    ];
    for (answer, expected) in table {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        server.answer(PATH, answer);
        let _ = std::fs::remove_file(desk.path("p.wasm"));
        let (code, said) = pull(&mut trusting(&desk), &server.url(PATH));
        if expected.is_empty() {
            assert_eq!(
                (code, std::fs::read(desk.path("p.wasm")).ok()),
                (Some(0), Some(policies().first.clone())),
                "{shown}: {said}"
            );
        } else {
            assert!(code == Some(2) && said.contains(expected), "{shown}: {said}");
            assert!(!desk.path("p.wasm").exists(), "{shown}");
        }
        std::fs::remove_dir_all(desk.path("store")).ok();
    }
    assert_eq!(plain.asked(), Vec::<String>::new());
}

#[test]
fn what_is_too_large_is_not_read_and_who_is_not_trusted_is_not_asked() {
    let (desk, server) = place();
    let url = server.url(PATH);
    server.answer(PATH, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".as_slice());
    let (code, said) = pull(&mut trusting(&desk), &url);
    assert!(code == Some(2) && said.contains("99999999999 bytes, and 268435456 at most"), "{said}");
    server.stop(true);
    let (code, said) = pull(&mut trusting(&desk), &url);
    assert!(code == Some(2) && said.contains("cannot be reached"), "{said}");
    server.stop(false);
    server.answer(PATH, respond(500, "", b"{\"errors\":[{\"message\":\"\x1b[31m\"}]}"));
    let (code, said) = pull(&mut trusting(&desk), &url);
    assert!(code == Some(2) && said.contains("500") && !said.contains('\u{1b}'), "{said}");
    server.answer(PATH, respond(200, "", &policies().first));
    let _ = server.asked();
    let (code, said) = pull(trusting(&desk).env_remove("SOLGATE_REGISTRY_CA_FILE"), &url);
    assert!(code == Some(2) && said.contains("cannot be reached"), "{said}");
    assert_eq!(server.asked(), Vec::<String>::new(), "no request leaves to one that is not trusted");
    let mut named = trusting(&desk);
    named.args(["pull", &url, "-o", "p.wasm", "--ca-file", "ca.pem"]).env_remove("SOLGATE_REGISTRY_CA_FILE");
    let output = named.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn proxies_of_the_environment_are_used() {
    let (desk, server) = place();
    server.put(PATH, None, &policies().first);
    let (url, target) = (server.url(PATH), format!("localhost:{}", server.address.port()));
    let (open, closed) = (Proxy::start(""), Proxy::start("gate:hunter2"));
    let nobody = free_address();
    let of = |proxy: &Proxy, user: &str| format!("http://{user}{}", proxy.address);
    // The variables, how it ends, what is said, and the tunnels through the first and the second.
    type Row<'a> = (Vec<(&'a str, String)>, i32, &'a str, usize, usize);
    let table: Vec<Row<'_>> = vec![
        (vec![("HTTPS_PROXY", of(&open, ""))], 0, "", 2, 0),
        (vec![("https_proxy", of(&open, ""))], 0, "", 2, 0),
        (vec![("ALL_PROXY", of(&open, ""))], 0, "", 2, 0),
        (vec![("HTTP_PROXY", of(&open, ""))], 0, "", 0, 0),
        (vec![("HTTPS_PROXY", of(&closed, "gate:hunter2@"))], 0, "", 0, 2),
        (vec![("HTTPS_PROXY", of(&closed, "gate:wrong-hunter@"))], 2, "proxy authorization required", 0, 1),
        (vec![("HTTPS_PROXY", of(&closed, ""))], 2, "proxy authorization required", 0, 1),
        (vec![("HTTPS_PROXY", of(&open, "")), ("NO_PROXY", "localhost".to_owned())], 0, "", 0, 0),
        (vec![("HTTPS_PROXY", of(&open, "")), ("NO_PROXY", "other.example".to_owned())], 0, "", 2, 0),
        (vec![("HTTPS_PROXY", format!("http://gate:hunter2@{nobody}"))], 2, "(by the proxy ", 0, 0),
        (
            vec![("HTTPS_PROXY", format!("http//gate:hunter2@{nobody}"))],
            2,
            "HTTPS_PROXY in the environment is not",
            0,
            0,
        ),
        (vec![("all_proxy", format!("htp://gate:hunter2@{nobody}"))], 2, "all_proxy in the environment is not", 0, 0),
        (vec![("HTTPS_PROXY", "http//proxy".to_owned()), ("NO_PROXY", "localhost".to_owned())], 0, "", 0, 0),
        (vec![("HTTPS_PROXY", String::new()), ("https_proxy", "http//proxy".to_owned())], 0, "", 0, 0),
        (
            vec![("HTTPS_PROXY", format!("socks5://gate:hunter2@{nobody}"))],
            2,
            "is socks5://; expected http://HOST",
            0,
            0,
        ),
    ];
    for (variables, status, expected, through_open, through_closed) in table {
        std::fs::remove_dir_all(desk.path("store")).ok();
        let mut command = trusting(&desk);
        command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
        let (code, said) = pull(&mut command, &url);
        assert!(code == Some(status) && said.contains(expected), "{variables:?}: {said}");
        assert!(!said.contains("hunter"), "{variables:?}: {said}");
        let tunnels = (open.asked(), closed.asked());
        assert_eq!((tunnels.0.len(), tunnels.1.len()), (through_open, through_closed), "{variables:?}");
        assert!(tunnels.0.iter().chain(&tunnels.1).all(|asked| *asked == target), "{variables:?}: {tunnels:?}");
    }
}

/// A gate whose policy came through a proxy judges with it.
#[test]
fn a_gate_follows_a_url_through_a_proxy() {
    let (desk, server) = place();
    let (vnfm, proxy) = (Vnfm::start(), Proxy::start(""));
    server.put(PATH, Some("\"1\""), &policies().first);
    let (address, admin) = (free_address(), free_address());
    let mut command = trusting(&desk);
    command.args(["serve", "--listen", &address.to_string(), "--admin", &admin.to_string()]);
    command.args(["--upstream", &vnfm.url(), "--policy", &server.url(PATH), "--policy-poll", "200ms"]);
    command.env("HTTPS_PROXY", format!("http://{}", proxy.address));
    let gate = Gate { server: solgate_tests::servers::Server::start(command, address, desk.folder()), address, admin };
    assert_eq!(send(address, &terminate("other", "soon")).rules().concat(), RULES[0]);
    server.put(PATH, Some("\"2\""), &policies().second);
    gate.wait("another", |_| gate.rule() == RULES[1]);
    assert!(proxy.asked().len() > 2);
}
