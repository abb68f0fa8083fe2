//! Every command that the documentation shows prints what is shown.

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
    let steps = markdown::run(&text, folder.path(), &path, |command| {
        let command = command.replace("target/release/solgate", "solgate");
        let command = match &demo {
            Some(demo) => command.replace(SHOWN, &demo.address.to_string()),
            None => command,
        };
        format!("export SOLGATE_CACHE_DIR={}\n{command}", cache.display())
    });
    match steps {
        Ok(steps) => assert!(steps > 0, "{name} shows nothing"),
        Err(report) => panic!("{name}: {report}"),
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
fn the_page_for_policy_authors_shows_what_happens() {
    page("docs/policy-authors.md");
}
