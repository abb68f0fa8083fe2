//! `solgate verify`: whether a policy file is what its author signed, or a decision log is
//! what the gate has written.

mod links;
mod log;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use solgate::policy::signing::{Signers, Terms};
use solgate::policy::{PolicyFile, PolicySources, read_file};

use solgate_registry::{StoreError, is_remote};

use crate::commands::output::note;
use crate::commands::policies::{fetched, local};

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
  solgate verify my-policy.wasm --public-key team.key.pub --least-version 7
  solgate verify oci://registry.example/team/my-policy:stable --public-key cosign.pub
  solgate verify --log decisions.jsonl
  solgate verify --log decisions.jsonl.1 decisions.jsonl --digest 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae

Exit status: 0 it is signed with one of the keys, or the log is whole; 1 it is not; 2 a file or key cannot be read, or no record is in a chain.")]
pub struct VerifyArgs {
    /// A policy component, or oci://... or https://... of one
    #[arg(value_name = "FILE", required_unless_present = "log", requires = "public_keys")]
    file: Option<PathBuf>,

    /// PEM file of a public key of ed25519, or of cosign for oci://; one of these must have signed
    #[arg(long = "public-key", value_name = "PUBLIC_KEY", conflicts_with = "log")]
    public_keys: Vec<PathBuf>,

    /// PEM file of a public key that counts no longer
    #[arg(long = "withdrawn-key", value_name = "PUBLIC_KEY", conflicts_with = "log")]
    withdrawn_keys: Vec<PathBuf>,

    /// The lowest version that the signature may give the policy
    #[arg(long, value_name = "NUMBER", conflicts_with = "log")]
    least_version: Option<u64>,

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
    let (file, sources) = (
        file.as_path(),
        PolicySources {
            files: vec![PolicyFile { least_version: arguments.least_version, ..PolicyFile::from(file.clone()) }],
            signers: arguments.public_keys.clone(),
            withdrawn: arguments.withdrawn_keys.clone(),
        },
    );
    let path = local(file)?;
    let found = if is_remote(file) { fetched()?.local(&sources) } else { Ok(sources) };
    let found = match found {
        Err(error @ StoreError::Refused { .. }) => {
            note(&format!("solgate: {error}"));
            return Ok(ExitCode::from(1));
        }
        found => found?,
    };
    if found.files.iter().all(|file| file.is_checked) {
        note(&format!("solgate: {} is signed with cosign, with one of the keys", file.display()));
        return Ok(ExitCode::SUCCESS);
    }
    let signers = Signers::read(&found.signers, &found.withdrawn)?;
    let policy = read_file(&path)?;
    let signed = signers.check(&path, &policy).and_then(|signed| {
        signed.terms.hold(&path, arguments.least_version, SystemTime::now())?;
        Ok(signed)
    });
    Ok(match signed {
        Ok(signed) => {
            let (key, terms) = (signed.key.display(), told(signed.terms));
            note(&format!("solgate: {} is signed with the key of {key}{terms}", file.display()));
            ExitCode::SUCCESS
        }
        Err(error) => {
            note(&format!("solgate: {}: {error}", file.display()));
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
