//! A program in C, compiled against the header and linked with the library.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles `tests/embedding.c`; `None` if this machine has no C compiler.
fn compile(folder: &Path) -> Option<PathBuf> {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: there is no cc");
        return None;
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = solgate_embedding::path();
    assert!(library.is_file(), "{} is missing: run `make build`", library.display());
    let program = folder.join("embedding");
    let compiled = Command::new("cc")
        .args(["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(here.join("tests/embedding.c"))
        .arg("-I")
        .arg(here.join("include"))
        .arg(&library)
        .arg(format!("-Wl,-rpath,{}", library.parent().expect("it has a folder").display()))
        .output()
        .expect("cc runs");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    Some(program)
}

fn run(program: &Path, configuration: &str) -> String {
    let output = Command::new(program).arg(configuration).output().expect("it runs");
    String::from_utf8(output.stdout).expect("it is text")
}

#[test]
fn it_judges_asks_and_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(program) = compile(folder.path()) else { return };
    let said = run(&program, "");
    let lines: Vec<_> = said.lines().collect();
    let [allowed, denied, asked, state, forked] = lines.as_slice() else { panic!("{said}") };
    assert_eq!(*allowed, "allow 0 ");
    assert!(denied.starts_with("deny 400 {") && denied.contains("query.unknown"), "{denied}");
    assert_eq!(*asked, "GET /vnflcm/v2/vnf_lcm_op_occs/o1 with 5 fields");
    assert!(state.starts_with("deny 409 {") && state.contains("retry.state.failed-temp"), "{state}");
    // The child of a fork has no clock that would end a policy which loops.
    assert!(forked.starts_with("deny 500 {") && forked.contains("before the process forked"), "{forked}");

    assert_eq!(
        run(&program, "mode: wrong"),
        "configuration:1:7: expected enforce, monitor or off, found another text\n"
    );
}
