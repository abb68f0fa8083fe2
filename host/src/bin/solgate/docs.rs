//! `solgate docs`: the rule book of a bundle.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::anyhow;
use solgate_bundle::{BuildOptions, compile_built_in, compile_dir, rule_book};

use crate::output::{Output, print};
use crate::policies::bundle_error;

/// Write the rule book of a bundle, in Markdown.
///
/// It says of every rule what it asks, why, and what to do. Without DIR, that of the policy that is built into this program.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate docs policies/my-policy -o rules.md
  solgate docs | less

Exit status: 0 written, 2 the bundle has mistakes or the file cannot be written.")]
pub struct DocsArgs {
    /// Folder of the bundle
    #[arg(value_name = "DIR")]
    bundle: Option<PathBuf>,

    /// Where to write the page; by default on standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The bundle of the policy that is built in.
const DEFAULT: &str = "vnflcm-v2";

pub fn run(arguments: &DocsArgs) -> anyhow::Result<ExitCode> {
    let output = arguments.output.as_deref().map(Output::create).transpose()?;
    let compiled = match &arguments.bundle {
        Some(bundle) => {
            compile_dir(bundle, &BuildOptions::default()).map_err(|failure| bundle_error(bundle, failure))?
        }
        None => compile_built_in(DEFAULT, &BuildOptions::default())
            .ok_or_else(|| anyhow!("this program has no bundle {DEFAULT} in it; name the folder of one"))??,
    };
    let page = rule_book(&compiled.bundle);
    match output {
        Some(output) => output.write(page.as_bytes())?,
        None => print(&page)?,
    }
    Ok(ExitCode::SUCCESS)
}
