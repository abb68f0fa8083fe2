//! `solgate ui`: a bundle or a policy in a browser.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::bail;
use solgate::policy::Policy;
use solgate_bundle::Compiled;
use solgate_engine::ir::Bundle;
use solgate_workbench::{Opened, Program, Server};
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::output::{Output, note, print};
use crate::commands::policies::{Loader, bake, built_in};

/// Open a bundle or a policy in a browser.
///
/// Prints the address of a page that shows and edits the files of a bundle, judges requests and
/// says why, runs the cases, and shows the rule book, the states and a replay of a decision log. A
/// policy's file is shown and not changed. The address works once, on this machine only, and
/// nothing is sent anywhere. docs/workbench.md describes the page.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate ui my-rules
  solgate ui my-rules.wasm --log decisions.jsonl
  solgate ui vnflcm-v2 --port 8123

Exit status: 0 ended by Ctrl-C, 2 there is nothing to open, or the port is taken.")]
pub struct UiArgs {
    /// Folder of a bundle, which can be edited; or a baked policy (FILE.wasm, oci://... or
    /// https://...) or the name of a built-in one
    #[arg(value_name = "DIR|FILE", default_value = ".")]
    policy: PathBuf,

    /// The port on 127.0.0.1; by default one that is free
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// A decision log that the page may judge again, also compressed by gzip; can be given several
    /// times. The page also opens logs by itself, up to 64 MiB
    #[arg(long = "log", value_name = "LOG")]
    logs: Vec<PathBuf>,
}

/// Opens what is named, and serves it until Ctrl-C.
///
/// # Errors
/// If it cannot be opened, or the port is taken.
pub async fn run(arguments: UiArgs) -> anyhow::Result<ExitCode> {
    if let Some(log) = arguments.logs.iter().find(|log| !log.is_file()) {
        bail!("{} is not a file; name decision logs of `solgate serve --decision-log`", log.display());
    }
    let loader = Loader::for_author()?;
    let opened = opened(&loader, &arguments.policy)?;
    let server = Server::bind(arguments.port, opened, arguments.logs, Arc::new(Cli { loader })).await?;
    let (mut interrupted, mut told) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    note("solgate: open this address in a browser on this machine; it works once, and Ctrl-C ends the page");
    print(&format!("{}\n", server.url()))?;
    tokio::select! {
        () = server.run() => {}
        _ = interrupted.recv() => {}
        _ = told.recv() => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn opened(loader: &Loader, path: &Path) -> anyhow::Result<Opened> {
    if let Some(policy) = built_in(path) {
        return Ok(Opened::policy(path, policy.unpack()?, Arc::new(loader.built_in(&policy)?))?);
    }
    if path.is_dir() {
        return Ok(Opened::folder(path)?);
    }
    let (policy, component) = loader.component_with_bytes(path)?;
    Ok(Opened::policy(path, component, Arc::new(policy))?)
}

/// What this program does for the page.
struct Cli {
    loader: Loader,
}

impl Program for Cli {
    fn sandboxed(&self, folder: &Path, bundle: &Bundle) -> Result<Arc<Policy>, String> {
        self.loader.bundle(folder, bundle).map_err(|error| error.to_string())
    }

    fn bake(&self, compiled: &Compiled) -> Result<Vec<u8>, String> {
        bake(compiled).map_err(|error| error.to_string())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), String> {
        Output::create(path).and_then(|output| output.write(bytes)).map_err(|error| error.to_string())
    }
}
