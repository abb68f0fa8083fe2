//! `solgate verify`: whether a policy file is what its author signed, or a decision log is
//! what the gate has written.

mod links;
mod log;

use std::path::PathBuf;
use std::process::ExitCode;

use solgate::policy::read_file;
use solgate::policy::signing::Signers;

use crate::commands::output::note;

/// Check that a policy file is signed, or that a decision log is whole.
///
/// Of a policy, FILE.wasm.sig beside it must be its signature. With --log, the records that a gate
/// has written with --log-chain must all be there, unchanged and in order. Give the files of a log
/// that was rotated in their order, the oldest first.
///
/// Nobody can tell from a log that its last records, or all before the first, are missing. So keep
/// the digest of the last record elsewhere, and name it at a later check with --digest.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate verify my-policy.wasm --public-key team.key.pub
  solgate verify my-policy.wasm --public-key team.key.pub --public-key next.key.pub
  solgate verify --log decisions.jsonl
  solgate verify --log decisions.jsonl.1 decisions.jsonl --digest 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae

Exit status: 0 it is signed with one of the keys, or the log is whole; 1 it is not; 2 a file or key cannot be read, or no record is in a chain.")]
pub struct VerifyArgs {
    /// A policy component
    #[arg(value_name = "FILE", required_unless_present = "log", requires = "public_keys")]
    file: Option<PathBuf>,

    /// PEM file of an ed25519 public key; one of these must have signed
    #[arg(long = "public-key", value_name = "PUBLIC_KEY", conflicts_with = "log")]
    public_keys: Vec<PathBuf>,

    /// Decision logs, the oldest first, or - for standard input
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "file")]
    log: Vec<PathBuf>,

    /// A digest that an earlier check has printed: the record must still be there; can be repeated
    #[arg(long = "digest", value_name = "DIGEST", requires = "log")]
    digests: Vec<String>,
}

pub fn run(arguments: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let Some(file) = &arguments.file else {
        return log::verify(&arguments.log, &arguments.digests);
    };
    let signers = Signers::read(&arguments.public_keys)?;
    let policy = read_file(file)?;
    Ok(match signers.check(file, &policy) {
        Ok(key) => {
            note(&format!("solgate: {} is signed with the key of {}", file.display(), key.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            note(&format!("solgate: {}: {error}", file.display()));
            ExitCode::from(1)
        }
    })
}
