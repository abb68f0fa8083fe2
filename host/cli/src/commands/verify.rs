//! `solgate verify`: whether a policy file is what its author signed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use solgate::policy::read_file;
use solgate::policy::signing::{Signers, Terms};

use crate::commands::output::note;

/// Check that a policy file is signed: FILE.wasm.sig beside it must be its signature.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate verify my-policy.wasm --public-key team.key.pub
  solgate verify my-policy.wasm --public-key team.key.pub --public-key next.key.pub
  solgate verify my-policy.wasm --public-key team.key.pub --least-version 7

Exit status: 0 it is signed with one of the keys, 1 it is not, 2 the policy or a key cannot be read.")]
pub struct VerifyArgs {
    /// A policy component
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// PEM file of an ed25519 public key; one of these must have signed
    #[arg(long = "public-key", value_name = "PUBLIC_KEY", required = true)]
    public_keys: Vec<PathBuf>,

    /// PEM file of a public key that counts no longer
    #[arg(long = "withdrawn-key", value_name = "PUBLIC_KEY")]
    withdrawn_keys: Vec<PathBuf>,

    /// The lowest version that the signature may give the policy
    #[arg(long, value_name = "NUMBER")]
    least_version: Option<u64>,
}

pub fn run(arguments: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let signers = Signers::read(&arguments.public_keys, &arguments.withdrawn_keys)?;
    let policy = read_file(&arguments.file)?;
    let file = arguments.file.display();
    let signed = signers.check(&arguments.file, &policy).and_then(|signed| {
        signed.terms.hold(&arguments.file, arguments.least_version, SystemTime::now())?;
        Ok(signed)
    });
    Ok(match signed {
        Ok(signed) => {
            let (key, terms) = (signed.key.display(), told(signed.terms));
            note(&format!("solgate: {file} is signed with the key of {key}{terms}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            note(&format!("solgate: {file}: {error}"));
            ExitCode::from(1)
        }
    })
}

/// The terms, as the end of a sentence.
fn told(terms: Terms) -> String {
    let version = terms.version.map(|version| format!(", as version {version}")).unwrap_or_default();
    let end = terms.not_after.map(|end| format!(", until {}", humantime::format_rfc3339_seconds(end)));
    version + &end.unwrap_or_default()
}
