//! The templates of `solgate new` for other languages, with the toolchains that they name: what
//! their pages say is done, and what comes of it is used as any policy. `make test-languages`
//! installs the toolchains (tests/languages/install.sh) and runs this; it takes two minutes.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use solgate_tests::minimal::{Door, replace, terminate};
use solgate_tests::process::{binary, solgate};
use solgate_tests::vnfm::{Vnfm, send};
use solgate_tests::workspace;

/// A policy in another language, made as its author makes it.
struct Author {
    home: tempfile::TempDir,
}

impl Author {
    /// `solgate new --template LANGUAGE`, and what the page of the template has done once.
    fn begins(language: &str) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let made = solgate().current_dir(home.path()).args(["new", "my-policy", "--template", language]).output();
        assert!(made.expect("it runs").status.success());
        let author = Self { home };
        let installed = |name: &str| {
            let path = workspace().join("target/languages").join(name).canonicalize();
            path.unwrap_or_else(|_| panic!("{name} is missing: run tests/languages/install.sh"))
        };
        match language {
            "javascript" => symlink(installed("node_modules"), author.folder().join("node_modules")),
            "python" => symlink(installed("python"), author.folder().join(".venv")),
            // The versions that this workspace has fetched.
            _ => std::fs::copy(workspace().join("Cargo.lock"), author.folder().join("Cargo.lock")).map(drop),
        }
        .expect("it is there");
        author
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("my-policy")
    }

    /// Runs a line for the shell in the folder of the policy.
    fn does(&self, line: &str) -> Output {
        let path = std::env::var("PATH").expect("it is set");
        let path = format!("{}:{path}", binary().parent().expect("a folder").display());
        let mut command = Command::new("sh");
        command.args(["-ec", line]).current_dir(self.folder()).env("PATH", path).env("NO_COLOR", "1");
        command.env("SOLGATE_CACHE_DIR", workspace().join("target/solgate/cache"));
        command.output().expect("it runs")
    }

    /// The same, which goes well; what it prints.
    fn prints(&self, line: &str) -> String {
        let done = self.does(line);
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8(said).expect("it is text");
        assert!(done.status.success(), "{line}\n{said}");
        said
    }

    /// The commands after each change, as the template's page has them.
    fn commands(&self) -> String {
        let page = std::fs::read_to_string(self.folder().join("README.md")).expect("it has a page");
        let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().expect("a block"));
        blocks.last().expect("it shows how it is built").to_owned()
    }

    /// Builds and tests; the file of the policy.
    fn builds(&self) -> PathBuf {
        let said = self.prints(&self.commands());
        assert!(said.contains("my-policy 0.1.0: 8 passed, 0 failed"), "{said}");
        self.folder().join("my-policy.wasm")
    }
}

/// What each policy is asked, as any other: looked at, and judging one request. It is kept for
/// tests/languages/measure.py where that is asked for.
fn is_used(author: &Author, language: &str) {
    if let Some(folder) = std::env::var_os("SOLGATE_KEEP_POLICIES").map(|folder| workspace().join(folder)) {
        std::fs::create_dir_all(&folder).expect("it is made");
        let kept = folder.join(format!("{language}.wasm"));
        std::fs::copy(author.folder().join("my-policy.wasm"), kept).expect("it is copied");
    }
    let request = "POST /vnflcm/v2/vnf_instances/vnf%2D1/terminate HTTP/1.1\r\nContent-Type: application/json\r\n\r\n";
    let file = author.folder().join("forceful.http");
    std::fs::write(file, format!("{request}{{\"terminationType\":\"FORCEFUL\"}}")).expect("it is written");
    let facts = r#"{"vnfInstance": {"id": "vnf-1", "instantiationState": "NOT_INSTANTIATED"}}"#;
    std::fs::write(author.folder().join("facts.json"), facts).expect("it is written");

    let inspected = author.prints("solgate inspect my-policy.wasm --format json");
    let inspected: serde_json::Value = serde_json::from_str(&inspected).expect("JSON");
    assert_eq!(inspected["tests"][0], "tests/terminate.yaml", "{language}");
    assert_eq!(inspected["policy"]["digest"], inspected["sha256"], "{language}: it names no other");
    for (arguments, rule) in [
        ("", "terminate.forceful"),
        ("--set allowForceful=true", "terminate.state"),
        // The severity is the policy's own job.
        ("--severity terminate.forceful=warn", "terminate.state"),
        ("--set allowForceful=true --severity terminate.state=off", ""),
    ] {
        let line =
            format!("solgate check --policy my-policy.wasm --facts facts.json --format json {arguments} forceful.http");
        let done = author.does(&line);
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(
            done.status.success(),
            rule.is_empty(),
            "{language} {line}: {said}{}",
            String::from_utf8_lossy(&done.stderr)
        );
        assert!(said.contains(rule), "{language} {arguments}: {said}");
    }
    // From the cache.
    let begun = Instant::now();
    author.prints("solgate inspect my-policy.wasm");
    assert!(begun.elapsed() < Duration::from_secs(5), "{language}: {:?} from the cache", begun.elapsed());
    let bench = author.prints("solgate bench my-policy.wasm --rounds 3 --format json");
    assert!(bench.contains("memoryAtStartBytes"), "{language}: {bench}");
}

/// A file with WASI in it, refused before it is compiled.
fn is_refused(author: &Author, line: &str, hint: &str) {
    author.prints(line);
    let begun = Instant::now();
    let done = author.does("solgate build wasi.wasm -o refused.wasm");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("a policy imports nothing") && said.contains(hint), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{line}: {:?}", begun.elapsed());
}

#[test]
#[ignore = "it needs the toolchains of other languages: make test-languages"]
fn what_the_pages_of_the_templates_say_works() {
    let rust = Author::begins("rust");
    let in_rust = rust.builds();
    is_used(&rust, "rust");
    // A core module is not a policy yet, and that is said.
    let done = rust.does("solgate inspect target/wasm32-unknown-unknown/release/policy.wasm");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("`solgate build FILE.wasm -o POLICY.wasm`"), "{said}");

    let python = Author::begins("python");
    python.builds();
    is_used(&python, "python");
    let line = ".venv/bin/componentize-py -q -d wit -w policy componentize app -o wasi.wasm";
    is_refused(&python, line, "--stub-wasi");

    let javascript = Author::begins("javascript");
    let in_quickjs = javascript.builds();
    is_used(&javascript, "quickjs");
    let line = "npx componentize-qjs -w wit -n policy -j policy.js --sync -o wasi.wasm";
    is_refused(&javascript, line, "--stub-wasi --sync");
    javascript.prints("npx componentize-qjs -w wit -n policy -j policy.js --stub-wasi -o async.wasm");
    let said = String::from_utf8(javascript.does("solgate inspect async.wasm").stderr).expect("it is text");
    assert!(said.contains("it has asynchronous functions") && said.contains("`--sync`"), "{said}");
    clocks_stand_still(&javascript);

    serves(&in_rust, &std::fs::read(in_quickjs).expect("it is readable"));

    let said = javascript.prints(&javascript.commands().replace("npm run build", "npm run build:spidermonkey"));
    assert!(said.contains("my-policy 0.1.0: 8 passed, 0 failed"), "{said}");
    is_used(&javascript, "spidermonkey");
}

/// What the page says of clocks and random numbers with QuickJS: the first trap, and the
/// second are the same in each instance.
fn clocks_stand_still(javascript: &Author) {
    let script = javascript.folder().join("policy.js");
    let text = std::fs::read_to_string(&script).expect("it is readable");
    let detail = |expression: &str| {
        let changed = text.replace("Send GRACEFUL.'", &format!("Send GRACEFUL.' + {expression}"));
        assert_ne!(text, changed);
        std::fs::write(&script, changed).expect("it is written");
        javascript.prints("npm run build && solgate build built.wasm -o clock.wasm");
        let judged = || {
            let done = javascript.does("solgate check --policy clock.wasm --format json forceful.http");
            String::from_utf8(done.stdout).expect("text")
        };
        let (first, second) = (judged(), judged());
        assert_eq!(first, second);
        first
    };
    assert!(detail("Math.random()").contains("terminate.forceful"));
    assert!(detail("Date.now()").contains("gate.policy-trap"));
    std::fs::write(&script, &text).expect("it is written");
}

/// Behind a door: it judges, with a candidate as its shadow, and is replaced.
fn serves(live: &Path, candidate: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let (policy, shadow) = (folder.path().join("live.wasm"), folder.path().join("candidate.wasm"));
    std::fs::copy(live, &policy).expect("it is copied");
    std::fs::write(&shadow, candidate).expect("it is written");
    let vnfm = Vnfm::start();
    vnfm.instance("vnf-1", "NOT_INSTANTIATED", &serde_json::json!([]));
    let arguments = ["--shadow", shadow.to_str().expect("UTF-8")];
    let door = Door::open("serve", &vnfm.url(), folder.path(), &policy, &arguments);
    let denied = |kind: &str, status: u16, rule: &str| {
        let answer = send(door.address, &terminate("vnf-1", kind));
        assert_eq!((answer.status, answer.rules().concat().as_str()), (status, rule), "{}", door.server.said());
    };
    denied("FORCEFUL", 403, "terminate.forceful");
    denied("GRACEFUL", 409, "terminate.state");
    door.wait_for("solgate_shadow_total{outcome=\"agree\"}", 2);
    replace(&policy, candidate);
    door.wait("solgate_policy_reloads_total{outcome=\"swapped\"}", 1);
    denied("FORCEFUL", 403, "terminate.forceful");
}
