//! `make bench-instructions`: how many instructions a native evaluation takes, which
//! is the same in every run and on a busy machine. valgrind counts them.
//!
//! Each workload runs twice in valgrind, with more evaluations the second time; the
//! difference is free of what setting up takes.

use std::hint::black_box;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail, ensure};
use solgate::policy::Policy;
use solgate_bench::workload::{self, Workload};

/// Evaluations in the two runs.
const RUNS: [u64; 2] = [200, 400];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [] => compare(),
        [name, times] => repeat(name, times),
        _ => Err(anyhow::anyhow!("it takes no arguments; run `make bench-instructions`")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn workloads() -> [(&'static str, Workload); 5] {
    [
        ("terminate", workload::terminate()),
        ("terminate-denied", workload::denied()),
        ("retry", workload::retry()),
        ("instantiate-1K", workload::instantiate(1)),
        ("instantiate-16K", workload::instantiate(16)),
    ]
}

/// Prints the counts.
fn compare() -> anyhow::Result<()> {
    println!("instructions of one native evaluation");
    for (name, _) in workloads() {
        let counts = RUNS.map(|times| count(name, times));
        let [few, many] = counts;
        let each = many?.saturating_sub(few?) / (RUNS[1] - RUNS[0]);
        println!("{name:<20} {each:>10}");
    }
    Ok(())
}

/// The instructions of a process that evaluates a workload so many times.
fn count(name: &str, times: u64) -> anyhow::Result<u64> {
    let mut valgrind = Command::new("valgrind");
    // Without caches and branches: only the number of instructions is used.
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
    valgrind.args([name, &times.to_string()]).stdin(Stdio::null()).stdout(Stdio::null());
    let output = valgrind.output().context("valgrind cannot be started; install it, or run `make bench`")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed: {said}");
    let counted = said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    counted.with_context(|| format!("valgrind counted nothing: {said}"))
}

/// What is counted.
fn repeat(name: &str, times: &str) -> anyhow::Result<()> {
    let Some((_, work)) = workloads().into_iter().find(|(known, _)| *known == name) else {
        bail!("there is no workload `{name}`");
    };
    let policy = Policy::native(solgate_bundle::bake::bundle_of(solgate::policy::VNFLCM_V2)?)?;
    let prepared = work.prepare(&policy);
    for _ in 0..times.parse()? {
        let _ = black_box(prepared.with_facts());
    }
    Ok(())
}
