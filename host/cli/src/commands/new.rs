//! `solgate new`: a bundle to begin with.

use std::path::PathBuf;
use std::process::ExitCode;

use solgate_bundle::templates::Template;

use crate::commands::output::print;

/// Make the folder of a new bundle, which is complete and passes its own tests.
///
/// The last part of PATH is the name of the policy. The folder also gets the JSON Schemas with which an
/// editor completes, explains and checks the files.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate new my-policy
  solgate new policies/my-policy --template minimal

Exit status: 0 made, 2 the folder exists already, the name is not valid, or the folder cannot be written.")]
pub struct NewArgs {
    /// The folder to make
    #[arg(value_name = "PATH")]
    path: PathBuf,

    /// What to begin with
    #[arg(long, value_enum, default_value_t)]
    template: Kind,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Kind {
    /// Rules of your own on top of the built-in policy's
    #[default]
    Operator,
    /// A bundle that stands by itself: one operation, its schema and its rules
    Minimal,
}

pub fn run(arguments: &NewArgs) -> anyhow::Result<ExitCode> {
    let template = match arguments.template {
        Kind::Operator => Template::Operator,
        Kind::Minimal => Template::Minimal,
    };
    template.make(&arguments.path)?;
    let path = arguments.path.display();
    print(&format!(
        "made {path}; what to do next:\n  solgate lint {path}\n  solgate test {path}\n  solgate build {path} -o {path}.wasm\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}
