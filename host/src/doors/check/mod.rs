//! `solgate check`: judges one request from a file, with facts from a file.

mod args;
mod documents;
mod error;
mod given;
pub mod http_file;
mod input;
pub mod message;
pub mod raw;
pub(crate) mod render;
mod report;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use crate::Request;
use crate::facts::{FactSource, MapFacts};
use crate::gate::{Gate, Mode, Setting};

pub use args::{CheckArgs, CheckMode, Format, Input};
pub use error::CheckError;
pub use given::MissingFact;
pub use render::render;
pub use report::Report;

/// The gate that a check needs.
pub struct GateOrder {
    /// Baked policies or bundles' folders, in the order in which they are asked; none
    /// for the built-in policy.
    pub policies: Vec<PathBuf>,
    pub settings: Vec<Setting>,
    pub mode: Mode,
    pub facts: Arc<dyn FactSource>,
}

/// Judges a request and prints the verdict: 0 if it is allowed, 1 if it is
/// denied. An error means that there is no verdict, and should give
/// [`CheckError::EXIT_CODE`].
///
/// # Errors
/// If a file is bad, the gate cannot be built, or a fact is missing.
pub async fn run<F, E>(args: CheckArgs, gate_for: F) -> Result<ExitCode, CheckError>
where
    F: FnOnce(GateOrder) -> Result<Gate, E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let format = args.format;
    let report = check(args, gate_for).await?;
    match format {
        Format::Text => {
            let mut out = anstream::stdout().lock();
            render(&report, &mut out).and_then(|()| out.flush())
        }
        Format::Json => {
            let mut out = std::io::stdout().lock();
            writeln!(out, "{:#}", report.json()).and_then(|()| out.flush())
        }
    }
    // A reader that has gone away wanted no more: the exit status tells the rest.
    .or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(CheckError::Write(error)) })?;
    Ok(if report.problem().is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Judges a request.
///
/// # Errors
/// As [`run`].
pub async fn check<F, E>(args: CheckArgs, gate_for: F) -> Result<Report, CheckError>
where
    F: FnOnce(GateOrder) -> Result<Gate, E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (report, missing) = prepare(args, gate_for)?.judge().await;
    if !missing.is_empty() {
        return Err(CheckError::MissingFacts(missing));
    }
    Ok(report)
}

/// A request and the gate that is to judge it.
pub(super) struct Prepared {
    gate: Gate,
    request: Request,
    given: Arc<given::GivenFacts>,
}

/// Reads what the arguments name.
pub(super) fn prepare<F, E>(args: CheckArgs, gate_for: F) -> Result<Prepared, CheckError>
where
    F: FnOnce(GateOrder) -> Result<Gate, E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let message = input::message(&args)?;
    let caller = args.caller.as_deref().map(documents::caller).transpose()?;
    let facts = match &args.facts {
        None => MapFacts::default(),
        Some(path) => MapFacts::from_value(&documents::read(path)?)
            .map_err(|error| CheckError::Facts { path: path.clone(), error })?,
    };
    let given = Arc::new(given::GivenFacts::new(facts));
    let order = GateOrder {
        settings: args.settings(),
        policies: args.policies,
        mode: args.mode.into(),
        facts: Arc::clone(&given) as Arc<dyn FactSource>,
    };
    let gate = gate_for(order).map_err(|error| CheckError::Policy(error.into()))?;
    let received_at = args.at.unwrap_or_else(SystemTime::now);
    let request = input::request(message, gate.body_limit(), caller, received_at);
    Ok(Prepared { gate, request, given })
}

impl Prepared {
    /// The verdict, and the facts that it would have needed: with such, it is none.
    pub(super) async fn judge(self) -> (Report, Vec<MissingFact>) {
        let Self { gate, request, given } = self;
        let decision = gate.judge(&request).await;
        let report = Report { method: request.method, target: request.target, decision, style: gate.style().clone() };
        (report, given.missing())
    }
}
