//! `solgate replay`: shows how another policy would judge recorded requests.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use solgate_trial::replay::{Log, Report, judge};
use tokio::runtime::Runtime;

use crate::commands::format::Lines;
use crate::commands::output::print;
use crate::commands::policies::Loader;

/// Say which recorded requests another policy would judge differently.
///
/// The log is that of --decision-log with --log-bodies, also compressed by gzip. Each
/// request is judged again with the recorded facts, settings, caller and time, on all
/// processors. No VNFM is asked.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate replay decisions.jsonl --policy new.wasm
  solgate replay decisions.jsonl --policy policies/my-policy --format json
  solgate replay decisions.jsonl.2.gz decisions.jsonl.1.gz decisions.jsonl --policy new.wasm
  tail -n 1000 decisions.jsonl | solgate replay - --policy new.wasm

Exit status: 0 all that could be judged again is judged the same, 1 some of it is not, 2 nothing could be judged again, or a file cannot be read.")]
pub struct ReplayArgs {
    /// The decision log, or - for standard input; several are read one after the other
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,

    /// A policy component or a bundle's folder; several are asked in turn [default: the built-in policy]
    #[arg(long = "policy", value_name = "FILE|DIR")]
    policies: Vec<PathBuf>,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Lines,
}

pub fn run(arguments: &ReplayArgs, runtime: &Runtime) -> anyhow::Result<ExitCode> {
    let policies = Loader::for_author()?.several(&arguments.policies)?;
    let logs: Vec<Log<'_>> = arguments.logs.iter().map(|log| Log::File(log)).collect();
    let names: Vec<Arc<str>> = logs.iter().map(Log::name).collect();
    let report: Report = judge(&logs, &policies, runtime.handle())?;
    match arguments.format {
        Lines::Text => print(&report.text())?,
        Lines::Json => print(&format!("{}\n", report.json(&names)))?,
    }
    if report.is_empty() {
        bail!("{}: no decision could be judged again", names.join(", "));
    }
    Ok(if report.different() == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
