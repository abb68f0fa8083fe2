//! `solgate upgrade`: has the types of a bundle's expressions checked from now on.

use std::path::PathBuf;
use std::process::ExitCode;

use solgate_bundle::{Failure, Upgrade, upgrade};

use crate::commands::output::{Output, print};

/// Have the types of a bundle's expressions checked from now on
///
/// If all types fit, policy.yaml says `language: 2` then, and from now on an expression whose types
/// do not fit is a mistake. Else those that do not fit are shown, and nothing is changed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate upgrade policies/my-policy

Exit status: 0 policy.yaml says `language: 2`, 1 there are mistakes, which are shown, 2 a file
cannot be read or written.")]
pub struct UpgradeArgs {
    /// Folder of the bundle
    #[arg(value_name = "DIR", default_value = ".")]
    bundle: PathBuf,
}

pub fn run(arguments: &UpgradeArgs) -> anyhow::Result<ExitCode> {
    let dir = &arguments.bundle;
    let policy = dir.join("policy.yaml");
    match upgrade(dir) {
        Ok(Upgrade::Done) => print(&format!("{} says `language: 2` already\n", policy.display()))?,
        Ok(Upgrade::Text(text)) => {
            Output::create(&policy)?.write(text.as_bytes())?;
            print(&format!("{} says `language: 2` now\n", policy.display()))?;
        }
        Ok(Upgrade::ByHand) => {
            anyhow::bail!("cannot add a line to {}: add `language: 2` to it yourself", policy.display());
        }
        Err(Failure::Mistakes(found)) => {
            print(&format!("{}{}: not upgraded; mend these first\n", found.render(true), dir.display()))?;
            return Ok(ExitCode::from(1));
        }
        Err(failure) => return Err(failure.into()),
    }
    Ok(ExitCode::SUCCESS)
}
