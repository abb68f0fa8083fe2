//! Judges one request from a file, with facts from a file: `solgate check`.

mod documents;
mod error;
mod given;
pub mod http_file;
mod input;
pub mod message;
mod question;
pub mod raw;
pub mod render;
mod report;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use solgate::Request;
use solgate::facts::{FactSource, MapFacts};
use solgate::gate::{Gate, Mode, Setting};

pub use error::CheckError;
pub use given::MissingFact;
pub use question::{Input, Question};
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

/// Judges a request.
///
/// # Errors
/// If a file is bad, the gate cannot be built, or a fact is missing.
pub async fn check<F, E>(question: Question, gate_for: F) -> Result<Report, CheckError>
where
    F: FnOnce(GateOrder) -> Result<Gate, E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (report, missing) = prepare(question, gate_for)?.judge().await;
    if !missing.is_empty() {
        return Err(CheckError::MissingFacts(missing));
    }
    Ok(report)
}

/// A request and the gate that is to judge it.
pub struct Prepared {
    gate: Gate,
    request: Request,
    given: Arc<given::GivenFacts>,
}

/// Reads what the question names.
pub fn prepare<F, E>(question: Question, gate_for: F) -> Result<Prepared, CheckError>
where
    F: FnOnce(GateOrder) -> Result<Gate, E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let message = input::message(&question)?;
    let caller = question.caller.as_deref().map(documents::caller).transpose()?;
    let facts = match &question.facts {
        None => MapFacts::default(),
        Some(path) => MapFacts::from_value(&documents::read(path)?)
            .map_err(|error| CheckError::Facts { path: path.clone(), error })?,
    };
    let given = Arc::new(given::GivenFacts::new(facts));
    let order = GateOrder {
        settings: question.settings,
        policies: question.policies,
        mode: question.mode,
        facts: Arc::clone(&given) as Arc<dyn FactSource>,
    };
    let gate = gate_for(order).map_err(|error| CheckError::Policy(error.into()))?;
    let received_at = question.at.unwrap_or_else(SystemTime::now);
    let request = input::request(message, gate.body_limit(), caller, received_at);
    Ok(Prepared { gate, request, given })
}

impl Prepared {
    /// The verdict, and the facts that it would have needed: with such, it is not a verdict.
    pub async fn judge(self) -> (Report, Vec<MissingFact>) {
        let Self { gate, request, given } = self;
        let decision = gate.judge(&request).await;
        let report = Report { method: request.method, target: request.target, decision, style: gate.style().clone() };
        (report, given.missing())
    }
}
