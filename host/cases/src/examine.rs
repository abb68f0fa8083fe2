//! A policy's own test cases, before it judges requests.

use std::time::Duration;

use solgate_contract::{Judge, JudgeError};

use crate::difference::Difference;
use crate::embed::{CasesError, embedded};
use crate::judge::{NoVerdict, run};
use crate::model::Case;
use crate::vocabulary::Vocabulary;

/// A case waits for room among the requests that are being judged, so often and each
/// time so long.
const BUSY_ROUNDS: u32 = 500;
const BUSY_WAIT: Duration = Duration::from_millis(10);

/// What stands against a policy.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the test cases in it cannot be read: {0}")]
    Cases(#[from] CasesError),
    #[error("its test case `{name}` ({file}:{line}) fails: {}", list(.differences))]
    Failed { name: String, file: String, line: usize, differences: Vec<Difference> },
    #[error("its test case `{name}` ({file}:{line}) gets no verdict: {error}")]
    NoVerdict { name: String, file: String, line: usize, error: NoVerdict },
}

fn list(differences: &[Difference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Runs the test cases that a policy carries in its component, and returns how many there
/// are. `is_busy` says of an error that there was no room, which says nothing about the
/// policy.
///
/// # Errors
/// The first case that the policy does not pass.
pub fn examine(
    policy: &dyn Judge,
    names: &Vocabulary,
    component: &[u8],
    is_busy: &dyn Fn(&JudgeError) -> bool,
) -> Result<usize, Failure> {
    let cases = embedded(component, names)?;
    for case in &cases {
        pass(policy, case, is_busy)?;
    }
    Ok(cases.len())
}

fn pass(policy: &dyn Judge, case: &Case, is_busy: &dyn Fn(&JudgeError) -> bool) -> Result<(), Failure> {
    let (name, file, line) = (case.name.clone(), case.file.clone(), case.line);
    let mut rounds = 0;
    loop {
        match run(policy, case) {
            Ok((_, differences)) if differences.is_empty() => return Ok(()),
            Ok((_, differences)) => return Err(Failure::Failed { name, file, line, differences }),
            Err(NoVerdict::Judge(error)) if rounds < BUSY_ROUNDS && is_busy(&error) => {
                rounds = rounds.saturating_add(1);
                std::thread::sleep(BUSY_WAIT);
            }
            Err(error) => return Err(Failure::NoVerdict { name, file, line, error }),
        }
    }
}
