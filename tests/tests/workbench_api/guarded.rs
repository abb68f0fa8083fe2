//! Who is let in, and what a request must have.

use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::json;

use crate::bench::{Bench, bundle};

#[test]
fn the_token_works_once_and_the_cookie_from_then_on() {
    let (_home, folder) = bundle();
    let bench = Bench::start(&[&folder]);
    let before = bench.send("GET", "/", &[&bench.host()], "");
    assert_eq!(before.status, 403);
    assert!(String::from_utf8_lossy(&before.body).contains("has printed"), "{before:?}");
    assert_eq!(bench.send("GET", "/?token=guessed", &[&bench.host()], "").status, 403);

    let entered = bench.enter();
    assert_eq!((entered.status, entered.field("location")), (303, Some("/")));
    let set = entered.field("set-cookie").expect("a cookie");
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
    let again = bench.enter();
    assert_eq!((again.status, again.field("set-cookie")), (403, None));
    assert!(String::from_utf8_lossy(&again.body).contains("works once"), "{again:?}");
    // The browser that has it may go back.
    let cookie = format!("Cookie: {}", set.split(';').next().expect("a pair"));
    let back = bench.send("GET", &format!("/?token={}", bench.token), &[&bench.host(), &cookie], "");
    assert_eq!((back.status, back.field("set-cookie")), (303, None));

    let page = bench.send("GET", "/", &[&bench.host(), &cookie], "");
    assert_eq!((page.status, page.field("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.field("content-security-policy").expect("it has a policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
    assert!(!policy.contains("http:") && !policy.contains('*') && !policy.contains("unsafe"), "{policy}");
    for file in ["/workbench.js", "/workbench.css", "/icon.svg", "/licences.txt"] {
        assert_eq!(bench.send("GET", file, &[&bench.host(), &cookie], "").status, 200, "{file}");
        assert_eq!(bench.send("GET", file, &[&bench.host()], "").status, 403, "{file}");
    }
    assert_eq!(bench.send("GET", "/elsewhere", &[&bench.host(), &cookie], "").status, 404);
}

#[test]
fn other_hosts_pages_and_forms_are_refused() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let (host, json_type) = (bench.host(), "Content-Type: application/json");
    let port = bench.address.port();
    let own = format!("Origin: http://{}", bench.address);
    let (local_host, local) = (format!("Host: localhost:{port}"), format!("Origin: http://localhost:{port}"));
    let post = |fields: &[&str]| bench.send("POST", "/api/compile", fields, "{}").status;
    assert_eq!(post(&[&host, &bench.cookie, &own, json_type]), 200);
    assert_eq!(post(&[&host, &bench.cookie, json_type]), 200, "what is not a browser sends no Origin");
    assert_eq!(post(&[&local_host, &bench.cookie, &local, json_type]), 200);
    assert_eq!(post(&[&host, &own, json_type]), 403, "no cookie");
    for other in ["Host: evil.example", "Host: 127.0.0.1", "Host: 127.0.0.1:1", "Host: 127.0.0.1.evil.example:80"] {
        assert_eq!(post(&[other, &bench.cookie, &own, json_type]), 403, "{other}");
        assert_eq!(bench.send("GET", "/", &[other, &bench.cookie], "").status, 403, "{other}");
        assert_eq!(bench.send("GET", &format!("/?token={}", bench.token), &[other], "").status, 403, "{other}");
    }
    let with_port = format!("Origin: https://{}", bench.address);
    for other in ["Origin: http://evil.example", "Origin: null", "Origin: http://127.0.0.1:1", &with_port] {
        assert_eq!(post(&[&host, &bench.cookie, other, json_type]), 403, "{other}");
    }
    assert_eq!(post(&[&host, &bench.cookie, json_type, "Sec-Fetch-Site: cross-site"]), 403);
    for other in ["Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "X: y"] {
        assert_eq!(post(&[&host, &bench.cookie, &own, other]), 415, "{other}");
    }
    assert_eq!(bench.send("DELETE", "/api/compile", &[&host, &bench.cookie, json_type], "").status, 405);
    assert_eq!(bench.get("/api/compile").status, 405);
    let answer = bench.ask("POST", "/api/compile", &json!({ "file": {} }));
    assert_eq!((answer.status, answer.field("content-type")), (400, Some("application/problem+json")));
    assert_eq!(bench.ask("POST", "/api/nothing", &json!({})).status, 404);
}

#[test]
fn only_files_of_the_bundle_are_read_and_written() {
    let (home, folder) = bundle();
    std::fs::write(home.path().join("secret.yaml"), "secret").expect("it is written");
    symlink(home.path().join("secret.yaml"), folder.join("rules/out.yaml")).expect("it is linked");
    symlink(home.path(), folder.join("up")).expect("it is linked");
    let bench = Bench::open(&[&folder]);
    let listed = bench.get("/api/workbench").json();
    let paths: Vec<&str> =
        listed["files"].as_array().expect("files").iter().filter_map(|file| file["path"].as_str()).collect();
    assert_eq!(paths, ["openapi.yaml", "policy.yaml", "rules/terminate.yaml", "tests/terminate.yaml"]);
    for path in [
        "../secret.yaml",
        "%2e%2e/secret.yaml",
        "rules/%2E%2E/%2E%2E/secret.yaml",
        "..%2fsecret.yaml",
        "%2fetc%2fhosts.txt",
        "rules/out.yaml",
        "up/secret.yaml",
        "rules%00.yaml",
        "%zz.yaml",
    ] {
        let target = format!("/api/files/{path}");
        assert_eq!(bench.get(&target).status, 400, "{path}");
        let answer = bench.ask("PUT", &target, &json!({ "text": "x", "was": "secret" }));
        assert_eq!(answer.status, 400, "{path}");
    }
    let held = bench.ask("POST", "/api/compile", &json!({ "files": { "../secret.yaml": "x" } }));
    assert_eq!(held.status, 400);
    assert_eq!(std::fs::read_to_string(home.path().join("secret.yaml")).expect("it is there"), "secret");
    assert_eq!(bench.get("/api/files/rules/none.yaml").status, 404);
}

#[test]
fn a_workbench_ends_by_an_interrupt_and_says_what_it_cannot_open() {
    let (home, folder) = bundle();
    let mut bench = Bench::open(&[&folder]);
    let told = Command::new("kill").args(["-INT", &bench.pid().to_string()]).status().expect("it runs");
    assert!(told.success());
    assert_eq!(bench.wait(), Some(0));

    let other = Bench::start(&[&folder]);
    let port = other.address.port().to_string();
    for (arguments, said) in [
        (vec![home.path().to_str().expect("a path")], "has no policy.yaml; name the folder of a bundle"),
        (vec!["nowhere.wasm"], "nowhere.wasm"),
        (vec![folder.to_str().expect("a path"), "--port", &port], "choose another port with --port"),
        (vec![folder.to_str().expect("a path"), "--log", "nowhere.jsonl"], "nowhere.jsonl is not a file"),
    ] {
        let done = solgate_tests::process::solgate().arg("ui").args(&arguments).output().expect("it runs");
        let error = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}
