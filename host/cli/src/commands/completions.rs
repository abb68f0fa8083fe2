//! `solgate completions`: what a shell needs to complete command lines.

use std::process::ExitCode;

use clap_complete::Shell;

use crate::commands::output::print;

/// Print what a shell needs to complete the command lines of solgate.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate completions bash > ~/.local/share/bash-completion/completions/solgate
  solgate completions zsh > ~/.zfunc/_solgate
  solgate completions fish > ~/.config/fish/completions/solgate.fish

Exit status: 0 printed, 2 it could not be written.")]
pub struct CompletionsArgs {
    shell: Shell,
}

pub fn run(arguments: &CompletionsArgs, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "solgate", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
