//! `solgate sign`: a signature beside a policy file.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use solgate::policy::read_file;
use solgate::policy::signing::{PrivateKey, Signature, Terms};
use solgate_config::parse_until;

use crate::commands::output::{Output, note};

/// Sign a policy file: the signature is written beside it, to FILE.wasm.sig.
///
/// A gateway that is started with --require-signature loads the policy only if it is unchanged
/// since it was signed, and the gateway knows the key. With a version and an end, an older policy
/// can be told from a newer one, and is not taken for ever.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate sign my-policy.wasm --key team.key
  solgate sign my-policy.wasm --key team.key --version 7 --not-after 2027-12-31

Exit status: 0 signed, 2 the policy or the key cannot be read, or the signature not be written.")]
pub struct SignArgs {
    /// A policy component
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The private key: a PEM file of ed25519 that only you may read (see `solgate keygen`)
    #[arg(long, value_name = "PRIVATE_KEY")]
    key: PathBuf,

    /// A number that you raise with every delivery: gateways ask for a least one, and take none back
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    version: Option<u64>,

    /// The last day, UTC, on which the signature counts, or the time until which it does
    #[arg(long, value_name = "TIME", value_parser = end)]
    not_after: Option<SystemTime>,
}

/// A time, or a date, which includes that day: the day's last second.
fn end(text: &str) -> Result<SystemTime, String> {
    let end = parse_until(text).and_then(|end| if text.contains('T') { Some(end) } else { end.checked_sub(SECOND) });
    let end = end.ok_or("expected a date such as 2026-12-31 or a time such as 2026-12-31T06:00:00Z")?;
    if end < SystemTime::now() {
        return Err("this time is past already, and the signature would never count".to_owned());
    }
    Ok(end)
}

const SECOND: Duration = Duration::from_secs(1);

pub fn run(arguments: &SignArgs) -> anyhow::Result<ExitCode> {
    let key = PrivateKey::read(&arguments.key)?;
    let policy = read_file(&arguments.file)?;
    let path = Signature::path(&arguments.file);
    let terms = Terms { version: arguments.version, not_after: arguments.not_after };
    // Gateways of before there were terms know the first format only.
    let signature = if terms == Terms::default() { key.sign(&policy) } else { key.sign_under(terms, &policy) };
    Output::create(&path)?.write(signature.to_string().as_bytes())?;
    note(&format!("solgate: {} is the signature of {}", path.display(), arguments.file.display()));
    Ok(ExitCode::SUCCESS)
}
