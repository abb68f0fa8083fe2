//! The API as `solgate docs --format openapi` describes it, and `solgate serve --demo`
//! as Schemathesis finds it: every answer is one that is described, and none is a
//! failure. `make test-doors` installs Schemathesis and runs this.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use solgate_tests::process::{Serving, solgate};
use solgate_tests::servers::installed;

/// Tried for every operation, beside what its parameters and schemas suggest.
const EXAMPLES: &str = "25";
/// What is tried is the same every time.
const SEED: &str = "6";
/// What does not hold, and need not: a rule of the policy may refuse what the schema
/// allows (an instance in another state, a field that another field rules out), and the
/// schemas say nothing of strings that JSON readers differ in.
const EXCLUDED: &str = "positive_data_acceptance";

/// Resources of the demo, so that not every request asks for what is not there.
const SETTINGS: &str = r#"
[parameters]
"path.vnfInstanceId" = ["a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002", "a0000000-0000-4000-8000-000000000003"]
"path.vnfLcmOpOccId" = ["b0000000-0000-4000-8000-000000000003", "b0000000-0000-4000-8000-000000000004", "b0000000-0000-4000-8000-000000000005"]
"#;

#[test]
#[ignore = "it needs Schemathesis; `make test-doors` runs it"]
fn every_answer_is_one_that_is_described() {
    let folder = tempfile::tempdir().expect("a folder");
    let description = folder.path().join("api.json");
    let written = solgate().args(["docs", "--format", "openapi", "-o"]).arg(&description).status();
    assert!(written.expect("it runs").success());
    let serving = Serving::start(&["--demo"]);
    let url = format!("http://{}/vnflcm/v2", serving.address);
    let output = schemathesis(folder.path(), &description, &url);
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
