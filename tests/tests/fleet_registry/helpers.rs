//! Programs that keep credentials for Docker.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use solgate_tests::registry::Registry;

use super::desk::Desk;

/// Puts a program `docker-credential-NAME` into the folder `bin`: a script of the shell.
fn program(desk: &Desk, name: &str, script: &str) {
    let folder = desk.path("bin");
    std::fs::create_dir_all(&folder).expect("it is made");
    let path = folder.join(format!("docker-credential-{name}"));
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it is written");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).expect("it is ours");
}

/// What `pull` comes to with this file of credentials: the status, and what it says.
fn pull(desk: &Desk, name: &str, file: &str) -> (Option<i32>, String) {
    std::fs::create_dir_all(desk.path(".docker")).expect("it is made");
    std::fs::write(desk.path(".docker/config.json"), file).expect("it is written");
    std::fs::remove_dir_all(desk.path("store")).ok();
    let path = format!("{}:{}", desk.path("bin").display(), std::env::var("PATH").expect("it is set"));
    let mut command = desk.command();
    command.args(["pull", name, "-o", "p.wasm"]).env("PATH", path).env("SOLGATE_LOG", "trace");
    let output = command.output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The end of a program that has the right answer.
const GOOD: &str = r#"printf '{"ServerURL":"x","Username":"gate","Secret":"hunter2"}'"#;

#[test]
fn a_program_of_docker_tells_who_we_are() {
    let registry = Registry::with_user("gate:hunter2");
    let host = registry.address.to_string();
    let desk = Desk::new(&host);
    let mut push = desk.command();
    push.args(["push", "first.wasm", &registry.name("p:1")]);
    push.env("SOLGATE_REGISTRY_USERNAME", "gate").env("SOLGATE_REGISTRY_PASSWORD", "hunter2");
    assert!(push.status().expect("it runs").success());

    // It is asked with the name of the server on its standard input.
    program(&desk, "good", &format!("echo \"$*\" > asked; cat >> asked; {GOOD}"));
    program(&desk, "none", "cat > /dev/null; echo credentials not found in native keychain; exit 1");
    program(&desk, "wrong", r#"printf '{"Username":"gate","Secret":"wrong-hunter"}'"#);
    program(&desk, "fails", "echo hunter2 is locked; echo hunter2 >&2; exit 3");
    program(&desk, "text", "echo hunter2");
    program(&desk, "token", r#"printf '{"Username":"<token>","Secret":"hunter2"}'"#);
    program(&desk, "long", "yes hunter2 | head -c 1000000");
    let own = data_encoding::BASE64.encode(b"gate:hunter2");
    let entry = format!(r#""auths": {{"{host}": {{"auth": "{own}"}}}}"#);
    let of = |name: &str| format!(r#""credHelpers": {{"{host}": "{name}"}}"#);
    let table: [(String, i32, &str); 13] = [
        (format!("{{{}}}", of("good")), 0, ""),
        (r#"{"credsStore": "good"}"#.to_owned(), 0, ""),
        (format!(r#"{{"credsStore": "fails", {}}}"#, of("good")), 0, ""),
        (format!(r#"{{"credsStore": "good", "auths": {{"{host}": {{}}}}}}"#), 0, ""),
        // It has none: what the file itself has counts.
        (format!("{{{}, {entry}}}", of("none")), 0, ""),
        (r#"{"credsStore": "none"}"#.to_owned(), 2, "access is denied"),
        (format!("{{{}, {entry}}}", of("wrong")), 2, "access is denied"),
        (
            format!("{{{}, {entry}}}", of("fails")),
            2,
            "docker-credential-fails, which a file of credentials names: it failed (exit status: 3)",
        ),
        (format!("{{{}}}", of("text")), 2, "expected a JSON object with Username and Secret"),
        (format!("{{{}}}", of("token")), 2, "it has an identity token"),
        (format!("{{{}}}", of("long")), 2, "its answer has 65536 bytes or more"),
        (format!("{{{}}}", of("absent")), 2, "docker-credential-absent is not installed"),
        (format!("{{{}}}", of("../bin/docker-credential-good")), 2, "this is not the name of a program"),
    ];
    for (file, status, expected) in table {
        let (code, said) = pull(&desk, &registry.name("p:1"), &file);
        assert!(code == Some(status) && said.contains(expected), "{file}: {said}");
        assert!(!said.contains("hunter"), "a secret is never shown: {file}: {said}");
    }
    let asked = std::fs::read_to_string(desk.path("asked")).expect("it was asked");
    assert_eq!(asked, format!("get\n{host}"));
}

#[test]
fn a_program_is_not_run_where_nobody_asks_and_is_not_waited_for_for_ever() {
    let registry = Registry::start();
    let desk = Desk::new(&registry.address.to_string());
    desk.push("first.wasm", "p:1", &[]);
    program(&desk, "slow", "echo $$ > slow.pid; sleep 600 & echo $! > child.pid; wait");
    let file = r#"{"credsStore": "slow"}"#;
    let (code, said) = pull(&desk, &registry.name("p:1"), file);
    assert!(code == Some(0) && !desk.path("slow.pid").exists(), "this registry asks nobody: {said}");

    let registry = Registry::with_user("gate:hunter2");
    let begun = Instant::now();
    let config = format!(
        "upstreams: [{{ url: \"http://127.0.0.1:1\", policies: [\"oci://{0}/p:1\"] }}]\nregistry: {{ plainHttp: [\"{0}\"], timeout: 1s }}\n",
        registry.address
    );
    std::fs::write(desk.path("gate.yaml"), config).expect("it is written");
    let path = format!("{}:{}", desk.path("bin").display(), std::env::var("PATH").expect("it is set"));
    let mut command = desk.command();
    command.args(["serve", "--config", "gate.yaml", "--check-config"]).env("PATH", path);
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("it does not answer within 1s"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    // Nor is what it has started left behind.
    for name in ["slow.pid", "child.pid"] {
        let id = std::fs::read_to_string(desk.path(name)).expect("it was written");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(") Z "), "{name}: {stat}");
    }
}
