//! `solgate verify`: whether a policy file is what its author signed.

use std::path::PathBuf;
use std::process::ExitCode;

use solgate::policy::read_file;
use solgate::policy::signing::Signers;

use crate::commands::output::note;

/// Check that a policy file is signed: FILE.wasm.sig beside it must be its signature.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate verify my-policy.wasm --public-key team.key.pub
  solgate verify my-policy.wasm --public-key team.key.pub --public-key next.key.pub

Exit status: 0 it is signed with one of the keys, 1 it is not, 2 the policy or a key cannot be read.")]
pub struct VerifyArgs {
    /// A policy component
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// PEM file of an ed25519 public key; one of these must have signed
    #[arg(long = "public-key", value_name = "PUBLIC_KEY", required = true)]
    public_keys: Vec<PathBuf>,
}

pub fn run(arguments: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let signers = Signers::read(&arguments.public_keys)?;
    let policy = read_file(&arguments.file)?;
    let file = arguments.file.display();
    Ok(match signers.check(&arguments.file, &policy) {
        Ok(key) => {
            note(&format!("solgate: {file} is signed with the key of {}", key.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            note(&format!("solgate: {file}: {error}"));
            ExitCode::from(1)
        }
    })
}
