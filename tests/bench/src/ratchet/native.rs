//! Instructions of native evaluations, which valgrind counts.
//!
//! They are the same on every x86_64 processor with AVX2: valgrind shows programs one
//! and the same processor of that kind, by which libc and others choose their code.
//! What else could differ between two runs is fixed: the environment, the program's
//! path, its stack, and the seeds of hash maps (`src/bin/count/seeds.rs`).

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use solgate::policy::Policy;

use super::{Choice, Figure, chosen, workloads};
use crate::tools::find;
use crate::workload::Prepared;

pub(super) const GROUP: &str = "native";
/// Evaluations that are not counted, by which buffers and caches have their size.
const BEFORE: u32 = 3;
/// Evaluations that are counted.
const COUNTED: u32 = 10;
/// The function in which instructions count.
const COUNTED_IN: &str = "*ratchet::native::counted*";

pub(super) fn figures(choice: &Choice, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let chosen = chosen(choice, GROUP);
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    ensure!(has_avx2(), "native instructions are counted on x86_64 processors with AVX2, and this one is none");
    let valgrind = find("valgrind", &[])
        .context("valgrind is not installed; tests/bench/install-tools.sh does that, on Debian and as root")?;
    let figure = |(name, _): &(String, _)| {
        say(&format!("native instructions of {name}"));
        let name = format!("{GROUP}/{name}");
        let value = count(&valgrind, &name).with_context(|| name.clone())?;
        Ok(Figure { name, value, unit: "instructions", tolerance: 2 })
    };
    chosen.iter().map(figure).collect()
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

/// The instructions of one evaluation.
fn count(valgrind: &Path, name: &str) -> anyhow::Result<u64> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("the program is in no folder")?;
    let file = program.file_name().context("the program has no name")?;
    let mut command = Command::new(valgrind);
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

/// What valgrind runs: evaluations of the request that a figure is about.
///
/// # Errors
/// If there is no such figure, or the outcome is not the one that is meant.
pub fn evaluate(name: &str) -> anyhow::Result<()> {
    let choice = Choice::new(vec![name.to_owned()]);
    let Some((_, work)) = workloads().into_iter().find(|(name, _)| choice.has(GROUP, name)) else {
        bail!("there is no figure {name}");
    };
    let policy = Policy::without_sandbox(solgate_unsandboxed::judge(solgate_bundle::bake::bundle_of(
        solgate_tests::default_component(),
    )?)?);
    let prepared = work.prepare(&policy);
    for _ in 0..BEFORE {
        work.check(name, &prepared.with_facts()?)?;
    }
    counted(&prepared);
    Ok(())
}

#[inline(never)]
fn counted(prepared: &Prepared<'_>) {
    for _ in 0..COUNTED {
        drop(black_box(prepared.with_facts()));
    }
}
