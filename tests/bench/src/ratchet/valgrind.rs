//! Instructions of this program, which valgrind counts.
//!
//! They are the same on every x86_64 processor with AVX2: valgrind shows programs one
//! and the same processor of that kind, by which libc and others choose their code.
//! What else could differ between two runs is fixed: the environment, the program's
//! path, its stack, and the seeds of hash maps (`src/bin/count/seeds.rs`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};

use super::Figure;
use crate::tools::find;

/// How often a task is done before it is counted, by which buffers and caches have their size.
const BEFORE: u32 = 3;
/// How often it is done while it is counted.
const COUNTED: u32 = 10;
/// The function in which instructions count.
const COUNTED_IN: &str = "*ratchet::valgrind::counted*";

/// Valgrind, on a machine whose figures are those of others.
pub(super) struct Valgrind(PathBuf);

impl Valgrind {
    pub fn find() -> anyhow::Result<Self> {
        ensure!(has_avx2(), "native instructions are counted on x86_64 processors with AVX2, and this one is none");
        let valgrind = find("valgrind", &[])
            .context("valgrind is not installed; tests/bench/install-tools.sh does that, on Debian and as root")?;
        Ok(Self(valgrind))
    }

    /// The figure of that name: this program is started to work for it.
    pub fn figure(&self, name: String) -> anyhow::Result<Figure> {
        let value = self.count(&name).with_context(|| name.clone())?;
        Ok(Figure { name, value, unit: "instructions", tolerance: 2 })
    }

    /// The instructions of doing the task once.
    fn count(&self, name: &str) -> anyhow::Result<u64> {
        let program = std::env::current_exe()?;
        let folder = program.parent().context("the program is in no folder")?;
        let file = program.file_name().context("the program has no name")?;
        let mut command = Command::new(&self.0);
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--main-stacksize=8388608"]);
        command.args(["--collect-atstart=no", &format!("--toggle-collect={COUNTED_IN}")]);
        command.arg(Path::new(".").join(file)).args(["--evaluate", name]);
        // The same from wherever it is started: where a stack begins depends on it.
        command.current_dir(folder).env_clear().stdin(Stdio::null());
        let output = command.output().context("valgrind cannot be started")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "valgrind failed: {said}");
        let counted: Option<u64> = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        match counted {
            Some(counted) if counted > 0 => Ok(counted / u64::from(COUNTED)),
            _ => bail!("valgrind counted nothing: {said}"),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

/// What valgrind runs: a task of which one time is counted.
///
/// # Errors
/// If the task fails; while it is counted, nobody looks.
pub(super) fn work<T>(mut task: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<()> {
    for _ in 0..BEFORE {
        task()?;
    }
    counted(&mut || drop(std::hint::black_box(task())));
    Ok(())
}

#[inline(never)]
fn counted(task: &mut dyn FnMut()) {
    for _ in 0..COUNTED {
        task();
    }
}
