//! `solgate docs`: the rule book of a bundle.

use std::path::PathBuf;
use std::process::ExitCode;

use solgate_bundle::{BuildOptions, compile_dir, rule_book};

use crate::output::{Output, print};
use crate::policies::bundle_error;

/// Write the rule book of a bundle: a page in Markdown that says of every rule what it asks, why, and
/// what to do.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate docs policies/my-policy -o rules.md
  solgate docs policies/my-policy | less

Exit status: 0 written, 2 the bundle has mistakes or the file cannot be written.")]
pub struct DocsArgs {
    /// Folder of the bundle
    #[arg(value_name = "DIR")]
    bundle: PathBuf,

    /// Where to write the page; by default on standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub fn run(arguments: &DocsArgs) -> anyhow::Result<ExitCode> {
    let output = arguments.output.as_deref().map(Output::create).transpose()?;
    let compiled = compile_dir(&arguments.bundle, &BuildOptions::default())
        .map_err(|failure| bundle_error(&arguments.bundle, failure))?;
    let page = rule_book(&compiled.bundle);
    match output {
        Some(output) => output.write(page.as_bytes())?,
        None => print(&page)?,
    }
    Ok(ExitCode::SUCCESS)
}
