//! Programs in C, compiled against the header and linked with the library.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use solgate_tests::servers::{guide, write_files};

/// Compiles a program; `None` if this machine has no C compiler.
fn compile(source: &Path, folder: &Path) -> Option<PathBuf> {
    if Command::new("cc").arg("--version").output().is_err() {
        println!("skipped: there is no cc");
        return None;
    }
    let library = solgate_embedding::path();
    assert!(library.is_file(), "{} is missing: run `make build`", library.display());
    let program = folder.join("program");
    let compiled = Command::new("cc")
        .args(["-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(source)
        .arg("-I")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("include"))
        .arg(&library)
        .arg(format!("-Wl,-rpath,{}", library.parent().expect("it has a folder").display()))
        .output()
        .expect("cc runs");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    Some(program)
}

fn run(program: &Path, configuration: &str) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = Command::new(program).arg(configuration).output().expect("it runs");
    (status.code(), String::from_utf8(stdout).expect("it is text"))
}

#[test]
fn the_program_of_the_guide_judges_asks_and_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    write_files(&guide("c.md"), folder.path(), &[]);
    let Some(program) = compile(&folder.path().join("judge.c"), folder.path()) else { return };

    let (status, said) = run(&program, "");
    let lines: Vec<_> = said.lines().collect();
    let [asked, answer] = lines.as_slice() else { panic!("{said}") };
    assert_eq!((status, *asked), (Some(3), "GET /vnflcm/v2/vnf_lcm_op_occs/o1"));
    assert!(answer.starts_with("409 {") && answer.contains("retry.state.failed-temp"), "{answer}");

    let asked = format!("{asked}\n");
    assert_eq!(run(&program, "mode: monitor"), (Some(0), asked));
    let wrong = "configuration:1:7: expected enforce, monitor or off, found a different value\n";
    assert_eq!(run(&program, "mode: wrong"), (Some(1), wrong.to_owned()));
}

/// The child of a fork has no clock that would end a policy which loops.
#[test]
fn a_gate_from_before_a_fork_refuses_if_it_may() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fork.c");
    let Some(program) = compile(&source, folder.path()) else { return };
    let (status, said) = run(&program, "");
    let lines: Vec<_> = said.lines().collect();
    let [child, parent] = lines.as_slice() else { panic!("{said}") };
    assert!(child.starts_with("1 500 {") && child.contains("before the process forked"), "{child}");
    assert_eq!((status, *parent), (Some(0), "0 0 "));
    for mode in ["monitor", "off"] {
        assert_eq!(run(&program, &format!("mode: {mode}")), (Some(0), "0 0 \n0 0 \n".to_owned()), "{mode}");
    }
}
