//! `solgate eval`: the value of an expression on a request, by itself: one expression, one
//! in each line of standard input, or a prompt.

mod prompt;
mod told;
mod writing;

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{anyhow, bail};
use clap::Args;
use solgate_author::check::{Asked, Message};
use solgate_author::eval::Scene;
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;

use super::cases::{self, Tested};
use super::check::{Format, RequestArgs};
use super::output::print;
use super::policies::{bundle, first_built_in};
use told::Told;

const EXAMPLE: &str = "\
Examples:
  solgate eval '1 + 1'
  solgate eval 'size(body.vnfLinkPorts)' --request heal.http
  solgate eval \"openOps.exists(o, o.operation == 'HEAL')\" --request heal.http --facts facts.yaml
  solgate eval --case tests/retry.yaml:14 --policy my-policy     # a prompt; Ctrl-D ends
  solgate eval --request heal.http --format json < expressions.txt

Exit status: 0 every expression has a value, 1 an expression fails for this request, 2 an expression
is not accepted, reads a fact that was not given, or a file is bad.";

/// Show the value of an expression, and of its parts, on a request.
///
/// An expression reads what a rule reads: the request, the caller, the options, and the facts of
/// the policy. Without an expression there is a prompt, with a history, on a terminal; otherwise
/// each line of standard input is an expression.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLE)]
pub struct EvalArgs {
    /// The expression, in CEL
    pub expression: Option<String>,

    /// The request: an .http or .rest file as editors know it, any other file as plain
    /// HTTP/1.1; without one, an expression sees the options and the caller
    #[arg(long = "request", value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// A case of the bundle instead of a request: FILE#NAME, FILE:LINE as `solgate test`
    /// shows it, or its name or a part of it. The bundle is that of --policy, or the folder
    /// that you are in
    #[arg(long, value_name = "CASE", conflicts_with_all = ["file", "input", "name", "variables", "facts", "caller", "at", "mode"])]
    pub case: Option<String>,

    #[command(flatten)]
    pub request: RequestArgs,
}

/// How an expression ended, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ended {
    WithValue,
    Failed,
    NotAccepted,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::WithValue => Self::SUCCESS,
            Ended::Failed => Self::from(1),
            Ended::NotAccepted => Self::from(2),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If a file is bad, or the result cannot be written.
pub async fn run(arguments: EvalArgs) -> anyhow::Result<ExitCode> {
    let (expression, format) = (arguments.expression.clone(), arguments.request.format);
    let scene = scene(arguments)?;
    if let Some(expression) = expression {
        let told = Told::new(&scene, &expression).await;
        match format {
            Format::Json => print(&format!("{:#}\n", told.json()))?,
            Format::Text => told.print()?,
        }
        return Ok(told.ended().into());
    }
    if io::stdin().is_terminal() && io::stdout().is_terminal() && format == Format::Text {
        prompt::run(&scene).await?;
        return Ok(ExitCode::SUCCESS);
    }
    lines(&scene, format).await
}

/// Each line of standard input is an expression; empty lines and comments are none.
async fn lines(scene: &Scene, format: Format) -> anyhow::Result<ExitCode> {
    let mut ended = Ended::WithValue;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| anyhow!("standard input cannot be read: {error}"))?;
        let expression = line.trim();
        if expression.is_empty() || expression.starts_with("//") {
            continue;
        }
        let told = Told::new(scene, expression).await;
        ended = ended.max(told.ended());
        match format {
            Format::Json => {
                let written = writeln!(io::stdout().lock(), "{}", told.json());
                match written {
                    // A reader that has gone away wanted no more.
                    Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(ended.into()),
                    written => {
                        written.map_err(|error| anyhow!("the result cannot be written to standard output: {error}"))?;
                    }
                }
            }
            Format::Text => {
                print(&format!("> {expression}\n"))?;
                told.print()?;
            }
        }
    }
    Ok(ended.into())
}

/// What the expressions see.
fn scene(arguments: EvalArgs) -> anyhow::Result<Scene> {
    let EvalArgs { file, case, request, .. } = arguments;
    let path = match request.policies.as_slice() {
        [] if case.is_some() => Some(PathBuf::from(".")),
        [] => None,
        [one] => Some(one.clone()),
        _ => bail!("an expression belongs to one policy; give --policy once"),
    };
    let (bundle, asked) = match (case, path) {
        (Some(wanted), Some(path)) => {
            let Tested { bundle, cases } = Tested::load(&path)?;
            let case = cases::find(&cases, &wanted, &path)?;
            let settings = request.options.iter().chain(&request.severities).cloned().collect();
            let asked = solgate_trial::asked::of_case(case, settings)
                .map_err(|error| anyhow!("the facts of the case: {error}"))?;
            (bundle, asked)
        }
        (_, path) => {
            let asked = asked(file, request)?;
            let bundle = match path {
                Some(path) => bundle(&path)?,
                None => first_built_in(&asked.message.target)?,
            };
            (bundle, asked)
        }
    };
    Ok(Scene::new(engine(bundle)?, asked))
}

fn engine(bundle: Bundle) -> anyhow::Result<Engine> {
    Engine::new(bundle).map_err(|error| anyhow!("the engine refuses the compiled bundle: {error}"))
}

/// What is asked about the request in a file; without a file there is no request.
fn asked(file: Option<PathBuf>, mut request: RequestArgs) -> anyhow::Result<Asked> {
    let at = request.at.unwrap_or_else(SystemTime::now);
    if let Some(file) = file {
        if file == Path::new("-") {
            bail!("standard input holds the expressions; put the request into a file");
        }
        return Ok(Asked::read(request.question(file))?);
    }
    let settings = std::mem::take(&mut request.options);
    let facts = request.facts.as_deref().map(Asked::facts).transpose()?.unwrap_or_default();
    let caller = request.caller.as_deref().map(Asked::caller).transpose()?;
    Ok(Asked {
        message: Message { method: String::new(), target: String::new(), fields: Vec::new(), body: Default::default() },
        body_complete: true,
        caller,
        received_at: at,
        facts,
        settings,
        mode: request.mode.into(),
        policies: Vec::new(),
    })
}
