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

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use solgate::Request;
use solgate::facts::{FactSource, MapFacts};
use solgate::gate::{Gate, Mode, Observer, Setting};
use solgate::policy::{EvaluateError, Policy};
use solgate::request::Caller;

pub use documents::caller_of;
pub use error::CheckError;
pub use given::{GivenFacts, MissingFact};
pub use message::Message;
pub use question::{Input, Question};
pub use render::render;
pub use report::{PolicyFailure, Report};

/// The gate that a check needs.
pub struct GateOrder {
    /// Baked policies or bundles' folders, in the order in which they are asked; none
    /// for the built-in policies.
    pub policies: Vec<PathBuf>,
    pub settings: Vec<Setting>,
    pub mode: Mode,
    pub facts: Arc<dyn FactSource>,
    /// Of the only request that the gate is to judge.
    pub target: String,
}

/// A request, and everything that its verdict depends on.
pub struct Asked {
    pub message: Message,
    /// Whether the body is whole; one that a door stopped reading is not.
    pub body_complete: bool,
    pub caller: Option<Caller>,
    pub received_at: SystemTime,
    pub facts: MapFacts,
    /// In the order in which the gate gets them.
    pub settings: Vec<Setting>,
    pub mode: Mode,
    /// As in [`GateOrder`].
    pub policies: Vec<PathBuf>,
}

impl Asked {
    /// Reads what the question names.
    ///
    /// # Errors
    /// If a file cannot be read, or is not what it must be.
    pub fn read(question: Question) -> Result<Self, CheckError> {
        let message = input::message(&question)?;
        let caller = question.caller.as_deref().map(Self::caller).transpose()?;
        let facts = question.facts.as_deref().map(Self::facts).transpose()?.unwrap_or_default();
        Ok(Self {
            message,
            body_complete: true,
            caller,
            received_at: question.at.unwrap_or_else(SystemTime::now),
            facts,
            settings: question.settings,
            mode: question.mode,
            policies: question.policies,
        })
    }

    /// Reads what the VNFM would answer.
    ///
    /// # Errors
    /// If the file cannot be read, or is not what it must be.
    pub fn facts(path: &Path) -> Result<MapFacts, CheckError> {
        MapFacts::from_value(&documents::read(path)?)
            .map_err(|error| CheckError::Facts { path: path.to_owned(), error })
    }

    /// Reads whom a request is said to come from.
    ///
    /// # Errors
    /// If the file cannot be read, or is not what it must be.
    pub fn caller(path: &Path) -> Result<Caller, CheckError> {
        documents::caller(path)
    }
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
    let (report, missing) = prepare(Asked::read(question)?, gate_for)?.judge().await;
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

/// Has the gate made.
pub fn prepare<F, E>(asked: Asked, gate_for: F) -> Result<Prepared, CheckError>
where
    F: FnOnce(GateOrder) -> Result<Gate, E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let Asked { message, body_complete, caller, received_at, facts, settings, mode, policies } = asked;
    let given = Arc::new(given::GivenFacts::new(facts));
    let facts = Arc::clone(&given) as Arc<dyn FactSource>;
    let order = GateOrder { settings, policies, mode, facts, target: message.target.clone() };
    let gate = gate_for(order).map_err(|error| CheckError::Policy(error.into()))?;
    let mut request = input::request(message, gate.body_limit(), caller, received_at);
    request.body_complete &= body_complete;
    Ok(Prepared { gate, request, given })
}

impl Prepared {
    /// The verdict, and the facts that it would have needed: with such, it is not a verdict.
    pub async fn judge(self) -> (Report, Vec<MissingFact>) {
        let Self { gate, request, given } = self;
        let mut failures = Failures::default();
        let decision = gate.judge_observed(&request, &**gate.facts(), &mut failures).await;
        let style = gate.style_for(&request.target).clone();
        let report = Report { method: request.method, target: request.target, decision, style, failures: failures.0 };
        (report, given.missing())
    }
}

/// Notes why policies gave no verdict.
#[derive(Default)]
struct Failures(Vec<PolicyFailure>);

impl Observer for Failures {
    fn gave_no_verdict(&mut self, policy: &Policy, error: &EvaluateError) {
        self.0.push(PolicyFailure { policy: policy.manifest().name.clone(), reason: error.to_string() });
    }
}
