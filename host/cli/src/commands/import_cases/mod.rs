//! `solgate import-cases`: makes test cases from recorded decisions.

mod case;
mod exact;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, bail};
use serde_json::json;
use solgate_trial::recorded;

use crate::commands::output::{Output, OutputError, note, print};
use case::{ImportedCase, NotImported};

/// Make test cases from the decisions that a gate has recorded.
///
/// The log is that of `solgate serve --decision-log FILE --log-bodies`. A case
/// expects the verdict that was recorded, on the facts that were recorded. Of
/// decisions about the same operation, with the same verdict on the same rules,
/// one becomes a case.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate import-cases decisions.jsonl -o my-policy/tests/recorded.yaml
  solgate import-cases decisions.jsonl --all -o my-policy/tests/recorded.yaml --format json
  tail -n 100 decisions.jsonl | solgate import-cases -

Exit status: 0 some decision became a case, 2 none did, or a file cannot be read or written.")]
pub struct ImportArgs {
    /// The decision log, or - for standard input
    log: PathBuf,

    /// Where to write the cases [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Make a case of every decision, also of those that show nothing new
    #[arg(long)]
    all: bool,

    /// Replace the file if it exists
    #[arg(long, requires = "output")]
    force: bool,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Lines for people, on standard error
    #[default]
    Text,
    /// One JSON object on standard output; the cases then need --output
    Json,
}

/// What became of the lines of a log.
#[derive(Default)]
struct Import {
    cases: Vec<ImportedCase>,
    /// Decisions that show nothing new.
    repeated: usize,
    /// Line number and reason.
    skipped: Vec<(usize, NotImported)>,
}

/// Reasons that are named one by one; more are counted.
const NAMED: usize = 10;

pub fn run(arguments: &ImportArgs) -> anyhow::Result<ExitCode> {
    if arguments.format == Format::Json && arguments.output.is_none() {
        bail!("--format json reports on standard output, where the cases would go; write them to a file with --output");
    }
    let import = read(&arguments.log, arguments.all)?;
    let name = recorded::name(&arguments.log);
    if !import.cases.is_empty() {
        write(arguments, &yaml::document(&name, &import.cases))?;
    }
    match arguments.format {
        Format::Text => import.report(&name),
        Format::Json => print(&format!("{}\n", import.json(arguments)))?,
    }
    if import.cases.is_empty() {
        bail!("{name}: no decision could be made a case");
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path, all: bool) -> anyhow::Result<Import> {
    let mut import = Import::default();
    let mut known = BTreeSet::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    recorded::read(path, |number, record| {
        match record.map_err(NotImported::from).and_then(|record| ImportedCase::new(&record)) {
            Ok(case) if !all && known.contains(&case.shows) => import.repeated = import.repeated.saturating_add(1),
            Ok(mut case) => {
                known.insert(case.shows.clone());
                // Names are unique within a file.
                let count = names.entry(case.name.clone()).or_default();
                *count = count.saturating_add(1);
                if *count > 1 {
                    case.name = format!("{} ({count})", case.name);
                }
                import.cases.push(case);
            }
            Err(reason) => import.skipped.push((number, reason)),
        }
    })?;
    Ok(import)
}

fn write(arguments: &ImportArgs, document: &str) -> anyhow::Result<()> {
    let Some(path) = &arguments.output else { return print(document) };
    let output = if arguments.force { Output::create(path) } else { Output::create_new(path) };
    output.and_then(|output| output.write(document.as_bytes())).map_err(|error| match error {
        OutputError::Exists(_) => anyhow!("{error}; name another file, or add --force"),
        other => other.into(),
    })
}

impl Import {
    fn report(&self, log: &str) {
        for (line, reason) in self.skipped.iter().take(NAMED) {
            note(&format!("solgate: {log}:{line}: not imported: {reason}"));
        }
        if let Some(more) = self.skipped.len().checked_sub(NAMED).filter(|more| *more > 0) {
            note(&format!("solgate: {log}: {more} more are not imported; --format json names them all"));
        }
        note(&format!(
            "solgate: {log}: cases {}, decisions that show nothing new {}, not imported {}",
            self.cases.len(),
            self.repeated,
            self.skipped.len()
        ));
    }

    fn json(&self, arguments: &ImportArgs) -> serde_json::Value {
        let skipped = self.skipped.iter().map(|(line, reason)| json!({"line": line, "reason": reason.to_string()}));
        json!({
            "log": arguments.log,
            "output": arguments.output.as_ref().filter(|_| !self.cases.is_empty()),
            "cases": self.cases.iter().map(|case| &case.name).collect::<Vec<_>>(),
            "repeated": self.repeated,
            "notImported": skipped.collect::<Vec<_>>(),
        })
    }
}
