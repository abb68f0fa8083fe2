//! `solgate diff`: in what two policies differ, and what they judge differently.

mod cases;
mod report;
mod side;

use std::path::PathBuf;
use std::process::ExitCode;

use solgate_bundle::difference::differences;

pub use report::change_lines;

use side::Side;

/// Say in what two policies differ, by their rules, schemas, options, facts and cases
///
/// The cases of both are put before both. Options of the first that the second does not have, and the
/// other way round, are left out of a case. Nothing is compiled, and nothing runs in a sandbox: the
/// rules are those that the files carry.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate diff policies/my-policy new/my-policy
  solgate diff production.wasm policies/my-policy --format json

Exit status: 0 both judge the same (words may be others), 1 they differ, 2 one of them cannot be read.")]
pub struct DiffArgs {
    /// A bundle's folder, or a policy file
    #[arg(value_name = "DIR|FILE")]
    before: PathBuf,

    /// The one that it is compared with
    #[arg(value_name = "DIR|FILE")]
    after: PathBuf,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// A table for people
    #[default]
    Pretty,
    /// One JSON object
    Json,
}

pub fn run(arguments: &DiffArgs) -> anyhow::Result<ExitCode> {
    let before = Side::load(&arguments.before)?;
    let after = Side::load(&arguments.after)?;
    let changes = differences(&before.bundle, &after.bundle);
    let cases = cases::compare(&before, &after);
    let is_same = changes.iter().all(|change| !change.judges) && cases.differing.is_empty();
    match arguments.format {
        Format::Pretty => report::print(&before, &after, &changes, &cases)?,
        Format::Json => report::print_json(&before, &after, is_same, &changes, &cases)?,
    }
    Ok(ExitCode::from(u8::from(!is_same)))
}
