//! The corpus of cases, driven over plain HTTP through `solgate serve`.
//!
//! The corpus and its driver are not part of this repository: without them the
//! test says so and passes.

use std::path::PathBuf;
use std::process::Command;

use solgate_tests::process::binary;
use solgate_tests::workspace;

/// The operations of the vendor's pages.
const OPERATIONS: [&str; 5] = ["terminate", "retry", "rollback", "delete", "subscribe"];

#[test]
fn the_gate_answers_the_corpus_as_expected() {
    let domain = std::env::var_os("SOLGATE_DOMAIN").map_or_else(|| workspace().join("../shared/domain"), PathBuf::from);
    let driver = domain.join("drive.py");
    if !driver.is_file() {
        println!("skipped: there is no corpus at {}", domain.display());
        return;
    }
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: the corpus' driver needs python3");
        return;
    }
    let all = std::fs::read_to_string(domain.join("cases.jsonl")).expect("the corpus is readable");
    let cases: String = all
        .lines()
        .filter(|line| {
            let case: serde_json::Value = serde_json::from_str(line).expect("a case is JSON");
            OPERATIONS.iter().any(|operation| case["operation"] == *operation)
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cases.jsonl");
    std::fs::write(&file, cases).expect("it is written");
    let driven = Command::new("python3")
        .arg(driver)
        .arg(file)
        .arg("--solgate")
        .arg(binary())
        .arg("-v")
        .env("SOLGATE_CACHE_DIR", workspace().join("target/solgate/cache"))
        .output()
        .expect("python3 runs");
    let said = String::from_utf8_lossy(&driven.stdout);
    println!("{said}");
    assert!(driven.status.success(), "{said}{}", String::from_utf8_lossy(&driven.stderr));
}
