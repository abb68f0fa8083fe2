//! `solgate sign`: a signature beside a policy file.

use std::path::PathBuf;
use std::process::ExitCode;

use solgate::policy::read_file;
use solgate::policy::signing::{PrivateKey, Signature};

use crate::commands::output::{Output, note};

/// Sign a policy file: the signature is written beside it, to FILE.wasm.sig.
///
/// A gateway that is started with --require-signature loads the policy only if it is unchanged
/// since it was signed, and the gateway knows the key.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate sign my-policy.wasm --key team.key

Exit status: 0 signed, 2 the policy or the key cannot be read, or the signature not be written.")]
pub struct SignArgs {
    /// A policy component
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The private key: a PEM file of ed25519 that only you may read (see `solgate keygen`)
    #[arg(long, value_name = "PRIVATE_KEY")]
    key: PathBuf,
}

pub fn run(arguments: &SignArgs) -> anyhow::Result<ExitCode> {
    let key = PrivateKey::read(&arguments.key)?;
    let policy = read_file(&arguments.file)?;
    let path = Signature::path(&arguments.file);
    Output::create(&path)?.write(key.sign(&policy).to_string().as_bytes())?;
    note(&format!("solgate: {} is the signature of {}", path.display(), arguments.file.display()));
    Ok(ExitCode::SUCCESS)
}
