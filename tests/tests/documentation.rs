//! Every command that the documentation shows prints what is shown. With BLESS=1
//! in the environment the pages are rewritten.

use std::os::unix::fs::symlink;

use solgate_tests::process::{Serving, binary};
use solgate_tests::{markdown, workspace};

/// The address that pages use; the test's own gateway listens elsewhere.
const SHOWN: &str = "127.0.0.1:8080";

fn page(name: &str) {
    let text = std::fs::read_to_string(workspace().join(name)).expect("the page exists");
    let folder = tempfile::tempdir().expect("a folder");
    for entry in ["policies", "docs", "wit"] {
        symlink(workspace().join(entry).canonicalize().expect("it exists"), folder.path().join(entry)).expect("linked");
    }
    let cache = workspace().join("target/solgate/cache");
    let demo = text.contains(SHOWN).then(|| Serving::start(&["--demo"]));
    let path =
        format!("{}:{}", binary().parent().expect("a folder").display(), std::env::var("PATH").expect("it is set"));
    let listens = demo.as_ref().map(|demo| demo.address.to_string());
    let outcome = markdown::run(
        &text,
        folder.path(),
        &path,
        |command| {
            let command = command.replace("target/release/solgate", "solgate");
            let command = listens.as_ref().map_or(command.clone(), |address| command.replace(SHOWN, address));
            format!("export SOLGATE_CACHE_DIR={}\n{command}", cache.display())
        },
        |printed| listens.as_ref().map_or(printed.to_owned(), |address| printed.replace(address, SHOWN)),
    );
    assert!(outcome.steps > 0, "{name} shows nothing");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(workspace().join(name), outcome.blessed).expect("the page is writable");
    } else {
        assert!(outcome.reports.is_empty(), "{name}: {}", outcome.reports.join("\n"));
    }
}

#[test]
fn the_readme_shows_what_happens() {
    page("README.md");
}

#[test]
fn the_page_for_gateway_operators_shows_what_happens() {
    page("docs/gateway-operators.md");
}

#[test]
fn the_page_on_callers_shows_what_happens() {
    page("docs/access.md");
}

#[test]
fn the_page_for_those_on_call_shows_what_happens() {
    page("docs/operating.md");
}

#[test]
fn the_page_for_policy_authors_shows_what_happens() {
    page("docs/writing-policies.md");
}

#[test]
fn the_page_on_the_workbench_shows_what_happens() {
    page("docs/workbench.md");
}

#[test]
fn the_page_on_importing_shows_what_happens() {
    page("docs/importing.md");
}

#[test]
fn the_page_on_apis_shows_what_happens() {
    page("docs/apis.md");
}

#[test]
fn the_page_on_what_fits_a_vnfm_shows_what_happens() {
    page("docs/doctor.md");
}

#[test]
fn the_page_on_tests_shows_what_happens() {
    page("docs/policy-tests.md");
}

#[test]
fn the_page_on_other_languages_shows_what_happens() {
    page("docs/other-languages.md");
}

#[test]
fn the_page_on_policies_in_a_browser_shows_what_happens() {
    page("docs/playground.md");
}

#[test]
fn the_programs_that_are_shown_are_the_examples_that_compile() {
    for (page, example) in [("README.md", "layer.rs"), ("docs/library.md", "judge.rs")] {
        let text = std::fs::read_to_string(workspace().join(page)).expect("the page exists");
        let program =
            std::fs::read_to_string(workspace().join("host/gate/examples").join(example)).expect("the example exists");
        assert!(text.contains(&format!("```rust\n{program}```")), "{page} does not show host/gate/examples/{example}");
    }
}
