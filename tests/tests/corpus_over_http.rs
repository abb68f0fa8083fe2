//! The corpus of cases, driven over plain HTTP through `solgate serve`, in each of
//! its profiles.
//!
//! The corpus and its driver are not part of this repository: without them the
//! test says so and passes.

use std::process::Command;

use solgate_engine::verdict::Setting;
use solgate_tests::domain::{self, PROFILES};
use solgate_tests::process::{binary, solgate};
use solgate_tests::workspace;

#[test]
fn the_gate_answers_the_corpus_as_expected_in_every_profile() {
    let folder = domain::folder();
    let driver = folder.join("drive.py");
    if !driver.is_file() {
        println!("skipped: there is no corpus at {}", folder.display());
        return;
    }
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: the corpus' driver needs python3");
        return;
    }
    let built = tempfile::tempdir().expect("a folder");
    for profile in PROFILES {
        let mut driven = Command::new("python3");
        driven.arg(&driver).arg(folder.join("cases.jsonl")).arg("--solgate").arg(binary());
        driven.args(["-v", "--profile", profile]).env("SOLGATE_CACHE_DIR", workspace().join("target/solgate/cache"));
        let settings = domain::settings(profile);
        if !settings.is_empty() {
            let policy = built.path().join(format!("{profile}.wasm"));
            let mut build = solgate();
            build.arg("build").arg(workspace().join("policies/vnflcm-v2")).arg("-o").arg(&policy);
            for setting in settings {
                let Setting::Option { name, value } = setting else { panic!("a profile is made of options") };
                build.args(["--set", &format!("{name}={value}")]);
            }
            let done = build.output().expect("it runs");
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
            driven.arg("--policy").arg(policy);
        }
        let driven = driven.output().expect("python3 runs");
        let said = String::from_utf8_lossy(&driven.stdout);
        println!("{said}");
        assert!(driven.status.success(), "{said}{}", String::from_utf8_lossy(&driven.stderr));
    }
}
