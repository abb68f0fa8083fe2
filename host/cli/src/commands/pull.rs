//! `solgate pull`: a policy out of a registry, into a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::json;
use solgate::policy::signing::Signature;
use solgate::policy::{PolicyFile, PolicySources, SourceError, read_file};
use solgate_gateway::reload::examine;
use solgate_gateway::shutdown::signals;
use solgate_registry::{Found, Kept, Remote, Store, StoreError, wait_for};

use crate::args::registry::{RegistryArgs, remote};
use crate::args::values::time_limit;
use crate::commands::output::{Output, note, print};
use crate::commands::policies::{Loader, fetched_folder};

/// Fetch a policy from a registry, or from an https URL, into a file.
///
/// Its signature, if it has one that `solgate sign` has made, is written to FILE.sig. With --follow
/// the command stays and replaces the file whenever the tag names another policy: for what reads files
/// only, such as the C library and the module in Envoy. Nothing is written that is not signed with one of
/// the keys, if any are named, or whose cases fail. SIGTERM ends it, between two files.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate pull oci://registry.example/team/my-policy:stable -o my-policy.wasm
  solgate pull oci://registry.example/team/my-policy:stable -o my-policy.wasm --public-key team.key.pub
  solgate pull oci://registry.example/team/my-policy:stable -o /etc/solgate/policy.wasm --follow --poll 30s

Exit status: 0 written, 1 the policy is not signed with one of the keys, or a case fails, 2 it cannot be fetched or written.")]
pub struct PullArgs {
    /// A policy: oci://HOST/NAME:TAG, oci://HOST/NAME@sha256:DIGEST or https://HOST/PATH
    #[arg(value_name = "POLICY", value_parser = remote)]
    policy: PathBuf,

    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// PEM file of a public key, of ed25519 or of cosign; one of these must have signed
    #[arg(long = "public-key", value_name = "PUBLIC_KEY")]
    public_keys: Vec<PathBuf>,

    /// Stay, and replace the file whenever there is another policy
    #[arg(long)]
    follow: bool,

    /// Between two looks
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = time_limit, requires = "follow")]
    poll: Duration,

    #[command(flatten)]
    registry: RegistryArgs,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Pretty,
    /// One JSON object for each policy that is written
    Json,
}

/// Why a policy is not written.
enum Failed {
    /// It is not what was asked for.
    Refused(String),
    Other(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

pub fn run(arguments: &PullArgs) -> anyhow::Result<ExitCode> {
    let stopped = arguments.follow.then(told_to_stop).transpose()?;
    let store = Store::new(arguments.registry.settings(fetched_folder()))?;
    let loader = Loader::for_author()?;
    let remote = Store::remote(&arguments.policy)?;
    let once = |kept: &Kept| write(arguments, &store, &loader, &remote, kept);
    let kept = match wait_for(store.fetch(&remote)) {
        Ok(Ok(kept)) => kept,
        Ok(Err(error)) => return Err(error.into()),
        Err(error) => return Err(error.into()),
    };
    match once(&kept) {
        Ok(()) => {}
        Err(Failed::Refused(reason)) if !arguments.follow => {
            note(&format!("solgate: {reason}"));
            return Ok(ExitCode::from(1));
        }
        Err(Failed::Other(error)) if !arguments.follow => return Err(error),
        Err(failed) => say(&failed),
    }
    let Some(stopped) = stopped else { return Ok(ExitCode::SUCCESS) };
    let (mut last, mut was_away) = (kept, false);
    while stopped.recv_timeout(arguments.poll) == Err(RecvTimeoutError::Timeout) {
        let fetched = wait_for(async {
            match store.look(&remote).await {
                Ok(Found::Same) if last.has_signature() || arguments.public_keys.is_empty() => Ok(None),
                Ok(_) => store.update(&remote).await.map(Some),
                Err(error) => Err(StoreError::from(error)),
            }
        });
        match fetched.map_err(StoreError::from).flatten() {
            Ok(found) => {
                if std::mem::take(&mut was_away) {
                    note(&format!("solgate: {remote} can be fetched again"));
                }
                let Some(kept) = found else { continue };
                let signed = kept.has_signature() && !last.has_signature();
                if kept != last || signed {
                    if let Err(failed) = once(&kept) {
                        say(&failed);
                    }
                    last = kept;
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut was_away, true) {
                    note(&format!("solgate: {error}; {} stays as it is", arguments.output.display()));
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Has a message once the process is told to stop. The first process of a container is ended
/// by no signal that it has no handler for.
fn told_to_stop() -> anyhow::Result<Receiver<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let told = {
        let _inside = runtime.enter();
        signals()?
    };
    let (sender, receiver) = channel();
    let wait = async move {
        told.await;
        let _ = sender.send(());
        // A second signal ends the process at once.
        std::future::pending::<()>().await;
    };
    std::thread::Builder::new().name("solgate-signals".to_owned()).spawn(move || runtime.block_on(wait))?;
    Ok(receiver)
}

fn say(failed: &Failed) {
    match failed {
        Failed::Refused(reason) => note(&format!("solgate: {reason}; the file stays as it is")),
        Failed::Other(error) => note(&format!("solgate: {error}; the file stays as it is")),
    }
}

/// Writes what was fetched, if it is what was asked for: the signature first, so that whoever
/// sees the policy sees it with its signature.
fn write(arguments: &PullArgs, store: &Store, loader: &Loader, remote: &Remote, kept: &Kept) -> Result<(), Failed> {
    let refused = |error: String| Failed::Refused(format!("{remote}: {error}"));
    let sources = PolicySources {
        files: vec![PolicyFile::from(arguments.policy.clone())],
        signers: arguments.public_keys.clone(),
        withdrawn: Vec::new(),
    };
    let local = match store.local(&sources) {
        Err(error @ StoreError::Refused { .. }) => return Err(Failed::Refused(error.to_string())),
        local => local?,
    };
    let mut read = match local.read() {
        Err(SourceError::Signature { error, .. }) => return Err(refused(error.to_string())),
        read => read?,
    };
    let Some(file) = read.pop() else { return Ok(()) };
    let policy = loader.bytes(Some(&arguments.policy), &file.bytes).map_err(|error| refused(error.to_string()))?;
    examine(&policy, &arguments.policy, &file.bytes).map_err(|error| refused(error.to_string()))?;
    let (beside, signature) = (Signature::path(&arguments.output), Signature::path(file.path));
    if signature.exists() {
        Output::create(&beside)?.write(&read_file(&signature)?)?;
    } else if is_signature(&beside) {
        // It is that of what was there before.
        std::fs::remove_file(&beside)?;
    }
    Output::create(&arguments.output)?.write(&file.bytes)?;
    let (digest, manifest) = (format!("sha256:{}", kept.digest), policy.manifest());
    match arguments.format {
        Format::Pretty => {
            let (name, version) = (&manifest.name, &manifest.version);
            print(&format!("{}: {name} {version}, {remote}, {digest}\n", arguments.output.display()))?;
        }
        Format::Json => {
            let said = json!({"file": arguments.output, "policy": manifest.name, "version": manifest.version, "source": remote.to_string(), "digest": digest, "component": format!("sha256:{}", kept.component)});
            print(&format!("{said}\n"))?;
        }
    }
    Ok(())
}

/// Whether a file is one that `solgate sign` or `solgate pull` has written.
fn is_signature(path: &Path) -> bool {
    let policy = path.with_extension("");
    Signature::beside(&policy).is_ok()
}
