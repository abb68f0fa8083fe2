//! `solgate fleet`: many gates at a glance.
//!
//! Each gate [says](status) at its admin address what runs there. What is [found] in that
//! decides on the exit status, and is shown with the [table].

mod found;
mod status;
mod table;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::Subcommand;
use http::Uri;
use serde_json::json;
use solgate_registry::{Client, Settings, wait_for};

use crate::args::values::time_limit;
use crate::commands::output::print;
use found::{Found, findings};
use status::{Gate, ask};

/// Look after many gates
#[derive(clap::Args)]
pub struct FleetArgs {
    #[command(subcommand)]
    command: FleetCommand,
}

#[derive(Subcommand)]
enum FleetCommand {
    Status(StatusArgs),
}

/// Say what runs in many gates: which policies since when, what they refuse and why, and where they differ.
///
/// Each gate is asked for /status at its admin address. Gates drift if policies of one name, from one
/// place, are not the same everywhere.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  solgate fleet status http://10.0.0.1:9901 http://10.0.0.2:9901
  solgate fleet status --file gates.txt --watch
  solgate fleet status --file gates.txt --agree --format json

Exit status: 0 all gates answer, and all is well; 1 gates drift, refuse a policy or cannot fetch it; 2 a gate does not answer.")]
pub struct StatusArgs {
    /// The admin address of a gate: http://HOST:PORT or https://HOST:PORT
    #[arg(value_name = "URL", required_unless_present = "file")]
    urls: Vec<Uri>,

    /// A file with one such address in each line; # begins a remark
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,

    /// Also end with 1 if a candidate in a shadow has judged otherwise than the policy in force
    #[arg(long)]
    agree: bool,

    /// Show it again and again, until Ctrl-C
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "2s", value_parser = time_limit)]
    watch: Option<Duration>,

    /// PEM certificates to trust for https, instead of the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// How the result is reported
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table for people
    #[default]
    Pretty,
    /// One JSON object
    Json,
}

/// Bytes of a list of gates.
const LARGEST: usize = 1 << 20;
/// Gates that are asked.
const MOST: usize = 10_000;

pub fn run(arguments: &FleetArgs) -> anyhow::Result<ExitCode> {
    let FleetCommand::Status(arguments) = &arguments.command;
    let urls = urls(arguments)?;
    let client = Client::new(Settings { ca_file: arguments.ca_file.clone(), ..Settings::default() })?;
    loop {
        let (page, code) = look(arguments, &client, &urls)?;
        let Some(pause) = arguments.watch else {
            print(&page)?;
            return Ok(code);
        };
        let is_page = arguments.format == Format::Pretty && std::io::stdout().is_terminal();
        print(&if is_page { format!("\u{1b}[H\u{1b}[2J{page}") } else { page })?;
        std::thread::sleep(pause);
    }
}

fn urls(arguments: &StatusArgs) -> anyhow::Result<Vec<Uri>> {
    let mut urls = arguments.urls.clone();
    if let Some(path) = &arguments.file {
        let text = solgate_files::read_text(path, LARGEST).map_err(|error| anyhow!("{}: {error}", path.display()))?;
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let place = || format!("{}:{}", path.display(), index.saturating_add(1));
                urls.push(line.parse().map_err(|error| anyhow!("{}: {error}", place()))?);
            }
        }
    }
    for url in &urls {
        if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none() {
            bail!("{url}: expected the admin address of a gate, such as http://10.0.0.1:9901");
        }
    }
    if urls.is_empty() || urls.len() > MOST {
        bail!("{} gates are named; expected 1 to {MOST}", urls.len());
    }
    Ok(urls)
}

fn look(arguments: &StatusArgs, client: &Client, urls: &[Uri]) -> anyhow::Result<(String, ExitCode)> {
    let gates: Vec<Gate> = wait_for(ask(client, urls))?;
    let found = findings(&gates);
    let counts = |one: &&Found| one.kind != found::Kind::Differs || arguments.agree;
    let code =
        if gates.iter().any(|gate| gate.status.is_err()) { 2 } else { u8::from(found.iter().any(|one| counts(&one))) };
    let page = match arguments.format {
        Format::Pretty => table::render(&gates, &found),
        Format::Json => {
            let gates: Vec<_> = gates.iter().map(Gate::json).collect();
            format!("{}\n", json!({"good": code == 0, "gates": gates, "findings": found}))
        }
    };
    Ok((page, ExitCode::from(code)))
}
