//! `solgate replay`: shows how another policy would judge recorded requests.

mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use solgate::record::{NotReplayed, Record, RecordedVerdict};
use tokio::runtime::Runtime;

use crate::commands::policies::Loader;
use crate::commands::recorded;
use crate::commands::recorded::Unreadable;
use report::Report;

/// Say which recorded requests another policy would judge differently.
///
/// The log is that of --decision-log with --log-bodies. Each request is judged
/// again with the recorded facts, settings, caller and time. No VNFM is asked.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate replay decisions.jsonl --policy new.wasm
  solgate replay decisions.jsonl --policy policies/my-policy --format json
  tail -n 1000 decisions.jsonl | solgate replay - --policy new.wasm

Exit status: 0 all that could be judged again is judged the same, 1 some of it is not, 2 nothing could be judged again, or a file cannot be read.")]
pub struct ReplayArgs {
    /// The decision log, or - for standard input
    log: PathBuf,

    /// A policy component or a bundle's folder; several are asked in turn [default: the built-in policy]
    #[arg(long = "policy", value_name = "FILE|DIR")]
    policies: Vec<PathBuf>,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object
    Json,
}

/// Why a line was not compared.
#[derive(Debug, thiserror::Error)]
enum NotCompared {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    NotReplayed(#[from] NotReplayed),
}

pub fn run(arguments: &ReplayArgs, runtime: &Runtime) -> anyhow::Result<ExitCode> {
    let policies = Loader::for_author()?.several(&arguments.policies)?;
    let again = |record: Result<Record, Unreadable>| -> Result<(Record, RecordedVerdict), NotCompared> {
        let record = record?;
        let now = runtime.block_on(record.replay(policies.clone()))?;
        Ok((record, now))
    };
    let mut report = Report::default();
    // Line by line: a log may be larger than memory.
    recorded::read(&arguments.log, |number, record| match again(record) {
        Ok((record, now)) if now.tells_the_same_as(&record.verdict) => report.same = report.same.saturating_add(1),
        Ok((record, now)) => report.differs(number, &record, &now),
        Err(reason) => report.not_compared.push((number, reason)),
    })?;
    let name = recorded::name(&arguments.log);
    match arguments.format {
        Format::Text => report.print(&name)?,
        Format::Json => report.print_json(&name)?,
    }
    if report.same == 0 && report.differences.is_empty() {
        bail!("{name}: no decision could be judged again");
    }
    Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
