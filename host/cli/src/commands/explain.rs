//! `solgate explain`: judges one request as `solgate check` does, and shows how the
//! verdict came about.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use solgate::gate::Gate;
use solgate_author::check::{CheckError, GateOrder};
use solgate_author::explain::explain;
use solgate_unsandboxed::Traced;

use super::check::{CheckArgs, Format};

const EXAMPLE: &str = "\
Examples:
  solgate explain terminate.http --facts facts.yaml
  solgate explain terminate.http --policy my-policy --caller caller.yaml
  solgate explain requests.http --name heal --format json

The files, options and settings are those of `solgate check`, and so is the verdict.

Exit status: 0 allowed, 1 denied, 2 not judged (bad file, missing fact).";

/// Show why a request gets its verdict, stage by stage.
///
/// The request is judged as by `solgate check`. The output shows the stages that the request
/// came through, the result of every rule in them, the facts that rules asked for, and the rule that decided.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLE)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub check: CheckArgs,
}

/// Judges a request and explains the verdict: 0 if it is allowed, 1 if it is
/// denied. An error means that there is no verdict, and should give
/// [`CheckError::EXIT_CODE`]; if facts are missing, what is known is printed
/// first.
///
/// # Errors
/// As [`super::check::run`].
pub async fn run<F, E>(args: ExplainArgs, gate_for: F) -> Result<ExitCode, CheckError>
where
    F: FnOnce(GateOrder) -> Result<(Gate, Vec<Arc<Traced>>), E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (question, format) = args.check.question();
    let explanation = explain(question, gate_for).await?;
    match format {
        Format::Text => {
            let mut out = anstream::stdout().lock();
            explanation.render(&mut out).and_then(|()| out.flush())
        }
        Format::Json => {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{:#}", explanation.json()).and_then(|()| out.flush())
        }
    }
    // A reader that has gone away wanted no more: the exit status tells the rest.
    .or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(CheckError::Write(error)) })?;
    if !explanation.missing.is_empty() {
        return Err(CheckError::MissingFacts(explanation.missing));
    }
    Ok(if explanation.report.problem().is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
