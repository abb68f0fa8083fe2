//! `solgate report`: what monitor mode or a shadow would have denied.

pub(super) mod html;
mod json;
mod line;
mod tally;
mod text;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use solgate_trial::recorded;

use crate::commands::output::{Output, note, print};
use tally::Tally;

/// Lines that are named one by one because they cannot be read; more are counted.
const NAMED: usize = 10;

/// Sum up which requests would have been denied, by rule, caller and operation.
///
/// Reads what a gate has written: its decision lines, with those of a shadow among them, and its
/// decision log. In monitor mode a gate lets requests pass that it would deny in enforce mode; a
/// shadow judges beside the policy in force. A request that is in several of the files counts once.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate report decisions.jsonl
  journalctl -u solgate -o cat | solgate report -
  solgate report lines.jsonl --format json
  solgate report lines.jsonl decisions.jsonl --format html -o report.html

Exit status: 0 nothing would have been denied, 1 something would have been, 2 no line could be read, or a file not be read or written.")]
pub struct ReportArgs {
    /// Decision lines or a decision log, or - for standard input
    #[arg(value_name = "LINES", required = true)]
    files: Vec<PathBuf>,

    /// How the result is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Where to write it; by default on standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Tables for people
    #[default]
    Text,
    /// One JSON object, with all that was found
    Json,
    /// A page for a browser
    Html,
}

pub fn run(arguments: &ReportArgs) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    let mut unread: Vec<(String, usize, String)> = Vec::new();
    for path in &arguments.files {
        let name = recorded::name(path);
        recorded::lines(path, |number, bytes| match line::read(bytes) {
            Ok(line) => tally.add(line),
            Err(reason) => unread.push((name.clone(), number, reason.to_string())),
        })?;
    }
    for (file, line, reason) in unread.iter().take(NAMED) {
        note(&format!("solgate: {file}:{line}: {reason}"));
    }
    if let Some(more) = unread.len().checked_sub(NAMED).filter(|more| *more > 0) {
        note(&format!("solgate: {more} more lines cannot be read; --format json names them all"));
    }
    if tally.is_empty() {
        bail!("there is no decision line and no record to report on");
    }
    let result = match arguments.format {
        Format::Text => text::render(&tally),
        Format::Json => json::render(&tally, &unread),
        Format::Html => html::render(&tally)?,
    };
    match &arguments.output {
        Some(path) => Output::create(path)?.write(result.as_bytes())?,
        None => print(&result)?,
    }
    Ok(if tally.would_deny() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
