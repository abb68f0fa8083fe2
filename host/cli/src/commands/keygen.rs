//! `solgate keygen`: a pair of keys to sign policies with.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use solgate::policy::signing::PrivateKey;

use crate::commands::output::{Output, OutputError, note};

/// Make a pair of ed25519 keys: one to sign policies with, one to check them with.
///
/// The private key goes to FILE, which only you may read, the public key to FILE.pub. Files that exist
/// are never replaced. Both are PEM, as `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout`
/// write them.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate keygen team.key
  solgate sign my-policy.wasm --key team.key
  solgate serve --upstream http://vnfm:9890 --policy my-policy.wasm --require-signature team.key.pub

Exit status: 0 made, 2 a file exists or cannot be written.")]
pub struct KeygenArgs {
    /// Where to write the private key
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub fn run(arguments: &KeygenArgs) -> anyhow::Result<ExitCode> {
    let private_file = arguments.file.as_path();
    let public_file = private_file.with_added_extension("pub");
    let key = PrivateKey::generate()?;
    create(&public_file, 0o644, &key.public().to_pem()?)?;
    if let Err(error) = create(private_file, 0o600, &key.to_pem()?) {
        // A public key without its private one is of no use to anybody.
        let _ = std::fs::remove_file(&public_file);
        return Err(error);
    }
    note(&format!(
        "solgate: {} holds the private key, which is for you alone; {} holds the public key, for those who check",
        private_file.display(),
        public_file.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn create(path: &Path, mode: u32, text: &str) -> anyhow::Result<()> {
    let written = Output::create_key(path, mode).and_then(|output| output.write(text.as_bytes()));
    written.map_err(|error| match error {
        OutputError::Exists(_) => anyhow!("{error}, and a key is never replaced; choose another name"),
        other => other.into(),
    })
}
