//! The APIs as `solgate docs --format openapi` describes them, and `solgate serve --demo`
//! as Schemathesis finds it: every answer is one that is described, and none is a
//! failure. `make test-doors` installs Schemathesis and runs this.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use solgate_tests::process::{Serving, solgate};
use solgate_tests::servers::installed;
use solgate_tests::workspace;

/// Tried for every operation, beside what its parameters and schemas suggest.
const EXAMPLES: &str = "25";
/// What is tried is the same every time.
const SEED: &str = "6";
/// What does not hold, and need not: a rule of the policy may refuse what the schema
/// allows (an instance in another state, a field that another field rules out), and the
/// schemas say nothing of strings that JSON readers differ in.
const EXCLUDED: &str = "positive_data_acceptance";

/// What is described is one release; in others are operations that this one has not.
const ONE_RELEASE: &str = "supportedVersions=2.3.0";

/// Resources of the demo, so that not every request asks for what is not there. Instances
/// and occurrences have the same identifiers in both APIs.
const SETTINGS: &str = r#"
[parameters]
"path.vnfInstanceId" = ["a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000003"]
"path.vnfLcmOpOccId" = ["b0000000-0000-4000-8000-000000000003", "b0000000-0000-4000-8000-000000000004", "b0000000-0000-4000-8000-000000000005"]
"path.nsInstanceId" = ["a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000003"]
"path.nsLcmOpOccId" = ["b0000000-0000-4000-8000-000000000003", "b0000000-0000-4000-8000-000000000004", "b0000000-0000-4000-8000-000000000005"]
"path.vnfSnapshotInfoId" = ["d0000000-0000-4000-8000-000000000001"]
"#;

#[test]
#[ignore = "it needs Schemathesis; `make test-doors` runs it"]
fn every_answer_is_one_that_is_described() {
    let folder = tempfile::tempdir().expect("a folder");
    let description = folder.path().join("api.json");
    let written = solgate().args(["docs", "--format", "openapi", "-o"]).arg(&description).status();
    assert!(written.expect("it runs").success());
    let serving = Serving::start(&["--demo"]);
    no_issues(folder.path(), &description, &format!("http://{}/vnflcm/v2", serving.address));
}

#[test]
#[ignore = "it needs Schemathesis; `make test-doors` runs it"]
fn every_answer_of_the_nfvo_is_one_that_is_described() {
    let folder = tempfile::tempdir().expect("a folder");
    let (description, policy) = (folder.path().join("api.json"), folder.path().join("nslcm-v2.wasm"));
    let bundle = workspace().join("policies/nslcm-v2");
    for arguments in [["docs", "--format", "openapi", "-o"].as_slice(), &["build", "-o"]] {
        let file = if arguments.contains(&"docs") { &description } else { &policy };
        let written = solgate().args(arguments).arg(file).args(["--set", ONE_RELEASE]).arg(&bundle).status();
        assert!(written.expect("it runs").success(), "{arguments:?}");
    }
    let serving = Serving::start(&["--demo", "--policy", &policy.display().to_string()]);
    no_issues(folder.path(), &description, &format!("http://{}/nslcm/v2", serving.address));
}

fn no_issues(folder: &Path, description: &Path, url: &str) {
    let output = schemathesis(folder, description, url);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("No issues found"), "{said}");
}

fn schemathesis(folder: &Path, description: &Path, url: &str) -> Output {
    let settings = folder.join("schemathesis.toml");
    std::fs::write(&settings, SETTINGS).expect("it is written");
    Command::new(installed("schemathesis/bin/schemathesis"))
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .arg("--config-file")
        .arg(settings)
        .arg("run")
        .arg(description)
        .args(["--url", url, "--seed", SEED, "--max-examples", EXAMPLES])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", "all", "--exclude-checks", EXCLUDED])
        .args(["--generation-database", "none", "--warnings", "off"])
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}
