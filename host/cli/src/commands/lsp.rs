//! `solgate lsp`: policy bundles in an editor.

use std::io::{BufReader, stdin, stdout};
use std::process::ExitCode;

use solgate_language_server::Ending;

/// Serve an editor by the Language Server Protocol, on standard input and output
///
/// An editor starts it by itself and shows, while a bundle is written, what `solgate lint` says,
/// with completion, explanations and definitions. docs/editors.md has the settings of editors.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate lsp

Exit status: 0 the editor has ended it, 1 the editor has gone away, 2 what came was not the protocol.")]
pub struct LspArgs {
    /// Taken from editors that always say so: there is no other way to talk
    #[arg(long, hide = true)]
    stdio: bool,
}

pub fn run(_: &LspArgs) -> anyhow::Result<ExitCode> {
    match solgate_language_server::run(BufReader::new(stdin()), stdout())? {
        Ending::Proper => Ok(ExitCode::SUCCESS),
        Ending::Abrupt => Ok(ExitCode::from(1)),
    }
}
