//! What a policy and its evaluations hold in memory. Each figure comes from a
//! process of its own, which starts from nothing.

mod probe;

use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use solgate::policy::BUILT_IN;

pub use self::probe::Probe;
use self::probe::Reading;
use crate::Settings;
use crate::progress::Progress;
use crate::report::{Row, Target};

/// Processes by which the memory of an idle policy is measured.
const IDLE: usize = 5;

/// What an engine grants to one evaluation, in MB.
fn ceiling() -> f64 {
    solgate::policy::EvaluationLimits::default().memory as f64 / 1e6
}

/// A figure of the kernel about a process, in MB: of the file in its folder of /proc,
/// the line with this name.
///
/// # Errors
/// If the kernel does not tell.
pub(crate) fn figure(process: u32, file: &str, name: &str) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/{file}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    Ok(kib.with_context(|| format!("the kernel does not tell {name} of process {process}"))? * 1024.0 / 1e6)
}

/// The suite.
///
/// # Errors
/// If a process fails, or a policy that hoards memory is not stopped.
pub fn rows(_: Settings, progress: &Progress) -> anyhow::Result<Vec<Row>> {
    let measure = |probe: Probe, what: &str| {
        progress.step(what.to_owned());
        ask(probe).with_context(|| what.to_owned())
    };
    let without = measure(Probe::Engine, "a process without a policy")?;
    let idle = measure(Probe::Policy, "a process with an idle policy")?;
    let all = measure(Probe::Policies, "a process with all built-in policies, idle")?;
    let held = measure(Probe::Held, "concurrent evaluations")?;
    let largest = measure(Probe::Largest, "the largest body")?;

    let policy = idle.after - without.after;
    let anonymous = idle.anonymous - without.anonymous;
    let each = (held.after - held.before) / held.count as f64;
    Ok(vec![
        Row::beside("a process with an idle policy", idle.after, "MB")
            .note(format!("without: {:.1} MB", without.after)),
        Row::against("an idle policy, memory of its own", anonymous, "MB", Target::AtMost(10.0)),
        Row::beside("an idle policy, with pages of files", policy, "MB")
            .note("of the program, and of the file in memory that holds its code"),
        Row::against(
            "each further built-in policy, all that it holds",
            further(&idle, &all),
            "MB",
            Target::AtMost(3.0),
        )
        .note("its memory file, used or not, and what is its own of the process"),
        Row::against("a concurrent evaluation of a small body", each, "MB", Target::AtMost(1.2)).note(format!(
            "{} at one time, {:.0} MB in all",
            held.count,
            held.after - held.before
        )),
        Row::against(
            "an evaluation of the largest body",
            largest.after - largest.before,
            "MB",
            Target::AtMost(ceiling()),
        )
        .note("1 MiB; the target is the ceiling, at which a policy that hoards memory was stopped"),
    ])
}

/// Bytes that an idle policy holds: the median of several processes, each less one
/// without a policy.
///
/// # Errors
/// If a process fails.
pub fn idle_policy() -> anyhow::Result<u64> {
    // The first may compile the policy.
    ask(Probe::Policy)?;
    let mut all = Vec::new();
    for _ in 0..IDLE {
        let (without, idle) = (ask(Probe::Engine)?, ask(Probe::Policy)?);
        all.push(((idle.anonymous - without.anonymous) * 1e6).round() as u64);
    }
    all.sort_unstable();
    Ok(all[IDLE / 2])
}

/// Bytes that a further built-in policy holds, whether a page of it is used or not: the median of several
/// pairs of processes.
///
/// # Errors
/// If a process fails.
pub fn further_policy() -> anyhow::Result<u64> {
    ask(Probe::Policies)?;
    let mut all = Vec::new();
    for _ in 0..IDLE {
        let (one, several) = (ask(Probe::Policy)?, ask(Probe::Policies)?);
        all.push((further(&one, &several) * 1e6).round() as u64);
    }
    all.sort_unstable();
    Ok(all[IDLE / 2])
}

/// What each of the policies holds that only the second process has, in MB.
fn further(one: &Reading, all: &Reading) -> f64 {
    let more = all.anonymous + all.files - one.anonymous - one.files;
    more / (BUILT_IN.len() - 1) as f64
}

/// What a process of its own measured.
fn ask(probe: Probe) -> anyhow::Result<Reading> {
    let program = std::env::current_exe()?;
    let output = Command::new(program).args(["--probe", probe.name()]).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the process that was to be measured failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}
