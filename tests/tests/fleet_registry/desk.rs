//! A folder with policies and keys, in which commands run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use solgate_cases::{Source, embed};
use solgate_tests::process::solgate;
use solgate_tests::{hostile_policy, minimal};

/// Two policies that differ in the name of a rule, and one whose cases fail.
pub struct Policies {
    pub first: Vec<u8>,
    pub second: Vec<u8>,
    pub failing: Vec<u8>,
}

/// The rule that denies a termination of a wrong type: by the first, and by the second.
pub const RULES: [&str; 2] = ["terminate.type", "terminate.kind"];

pub fn policies() -> &'static Policies {
    static POLICIES: OnceLock<Policies> = OnceLock::new();
    POLICIES.get_or_init(|| {
        let second = minimal::policy(&[(RULES[0], RULES[1])]);
        let elsewhere = tempfile::tempdir().expect("a folder");
        let mut failing = std::fs::read(hostile_policy(elsewhere.path())).expect("it is readable");
        let text = "cases:\n  - { name: a fine request is refused, path: /fine, expect: { status: 400 } }\n";
        let case = Source { name: "tests/wrong.yaml".to_owned(), text: text.to_owned() };
        embed(&mut failing, [&case]).expect("it is small");
        Policies { first: minimal::policy(&[]), second, failing }
    })
}

pub struct Desk {
    folder: tempfile::TempDir,
    host: String,
}

impl Desk {
    /// For a registry at this `HOST:PORT`.
    pub fn new(host: &str) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder"), host: host.to_owned() };
        for (name, bytes) in [
            ("first.wasm", &policies().first),
            ("second.wasm", &policies().second),
            ("failing.wasm", &policies().failing),
        ] {
            std::fs::write(desk.path(name), bytes).expect("it is written");
        }
        for key in ["team.key", "other.key"] {
            desk.good(&["keygen", key]);
        }
        desk
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The name of an artefact in the registry.
    pub fn name(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.host)
    }

    /// A command of solgate's, in an environment of its own.
    pub fn command(&self) -> Command {
        let mut command = solgate();
        command
            .current_dir(self.folder())
            .env("HOME", self.folder())
            .env("SOLGATE_CACHE_DIR", self.path("cache"))
            .env("SOLGATE_POLICY_FOLDER", self.path("store"))
            .env("SOLGATE_REGISTRY_PLAIN_HTTP", &self.host)
            .env_remove("SOURCE_DATE_EPOCH");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("it runs")
    }

    /// What a command prints that works.
    pub fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("it is text")
    }

    /// What a command says that ends with this status.
    pub fn bad(&self, status: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        said
    }

    /// Stores a policy; returns its digest.
    pub fn push(&self, file: &str, name: &str, more: &[&str]) -> String {
        let said = self.good(&[&["push", file, &self.name(name), "--format", "json"], more].concat());
        let said: serde_json::Value = serde_json::from_str(&said).expect("it is JSON");
        said["digest"].as_str().expect("a digest").to_owned()
    }
}
