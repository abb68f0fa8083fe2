//! The page of `solgate ui`, used as people use it, in a real browser (tests/pages). `make
//! test-workbench` installs the browser (tests/pages/install.sh) and runs this; it takes some
//! minutes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use solgate_tests::process::solgate;
use solgate_tests::workspace;

/// A running `solgate ui`, stopped when it is dropped.
struct Workbench {
    child: Child,
    /// Works once.
    address: String,
}

impl Workbench {
    fn open(opened: &Path, arguments: &[&str]) -> Self {
        let mut command = solgate();
        command.arg("ui").arg(opened).args(arguments).current_dir(workspace());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut address = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut address).expect("it is text");
        let address = address.trim().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "it prints {address:?} and no address");
        Self { child, address }
    }

    /// Has a person visit the page: a script of tests/pages/workbench. What the script prints.
    fn is_visited(&self, script: &str, arguments: &[(&str, &str)]) -> String {
        let mut command = Command::new("node");
        command.arg(workspace().join("tests/pages/workbench").join(script)).args(["--address", &self.address]);
        for (name, value) in arguments {
            command.args([&format!("--{name}"), *value]);
        }
        let done = command.output().expect("node is installed");
        assert!(done.status.success(), "{script} {arguments:?}\n{}", said(&done));
        String::from_utf8(done.stdout).expect("it is text")
    }
}

impl Drop for Workbench {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(done: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("it is text")
}

/// A copy of the example, which a test may change.
fn example() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("example-operator");
    let from = workspace().join("policies/example-operator");
    let done = Command::new("cp").arg("-r").args([&from, &folder]).status().expect("it runs");
    assert!(done.success(), "{} is copied", from.display());
    (home, folder)
}

/// All that the page can do is clicked in a window of this width.
fn every_view_works(width: &str) {
    let (_home, folder) = example();
    let workbench = Workbench::open(&folder, &["--log", "docs/examples/decisions.jsonl"]);
    workbench.is_visited("views.mjs", &[("folder", text(&folder)), ("width", width)]);
}

#[test]
#[ignore = "it needs a browser: make test-workbench"]
fn every_view_works_in_a_wide_window() {
    every_view_works("1440");
}

#[test]
#[ignore = "it needs a browser: make test-workbench"]
fn every_view_works_in_a_narrow_window() {
    every_view_works("390");
}

#[test]
#[ignore = "it needs a browser: make test-workbench"]
fn an_author_spends_a_quarter_of_an_hour_without_a_mouse() {
    let home = tempfile::tempdir().expect("a folder");
    let made = solgate().current_dir(home.path()).args(["new", "my-rules"]).output().expect("it runs");
    assert!(made.status.success(), "{}", said(&made));
    let (folder, exported) = (home.path().join("my-rules"), home.path().join("exported.wasm"));
    let workbench = Workbench::open(&folder, &[]);
    let digest = workbench.is_visited("first-quarter.mjs", &[("folder", text(&folder)), ("exported", text(&exported))]);

    // What was exported is what the command builds of the folder, and is a policy.
    let built = home.path().join("built.wasm");
    let done = solgate().arg("build").arg(&folder).arg("-o").arg(&built).output().expect("it runs");
    assert!(done.status.success(), "{}", said(&done));
    let read = |path: &Path| std::fs::read(path).expect("it is there");
    assert!(read(&exported) == read(&built), "the page exports other bytes than `solgate build` writes");
    let done = solgate().arg("inspect").arg(&exported).args(["--format", "json"]).output().expect("it runs");
    let inspected: serde_json::Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(inspected["policy"]["digest"], digest.trim(), "{inspected}");
}

#[test]
#[ignore = "it needs a browser: make test-workbench"]
fn a_policy_without_its_folder_is_shown_and_not_changed() {
    let workbench = Workbench::open(Path::new("vnflcm-v2"), &[]);
    workbench.is_visited("read-only.mjs", &[("policy", "vnflcm-v2")]);
}

/// With BLESS=1 in the environment, those in docs/images are written again.
#[test]
#[ignore = "it needs a browser: make test-workbench"]
fn the_pictures_of_the_page_can_be_taken() {
    let (home, folder) = example();
    let images = match std::env::var_os("BLESS") {
        Some(_) => workspace().join("docs/images"),
        None => home.path().to_owned(),
    };
    std::fs::create_dir_all(&images).expect("it is made");
    Workbench::open(&folder, &[]).is_visited("pictures.mjs", &[("images", text(&images))]);
}

#[test]
#[ignore = "it needs Node and npm: make test-workbench"]
fn what_is_checked_in_is_what_the_sources_give() {
    let built = tempfile::tempdir().expect("a folder");
    let done = Command::new(workspace().join("host/page/build.sh")).arg(built.path()).output().expect("it runs");
    assert!(done.status.success(), "{}", said(&done));
    let kept = workspace().join("host/page/built");
    let done = Command::new("diff").args(["--recursive", "--brief"]).args([&kept, built.path()]).output();
    let done = done.expect("it runs");
    assert!(done.status.success(), "run host/page/build.sh and commit what it writes\n{}", said(&done));
}
