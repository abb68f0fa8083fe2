//! Puts a case before a policy, as a gate would.

use std::collections::BTreeMap;

use serde_json::Value;
use solgate_contract::verdict::{Context, FactAnswer, FactQuery, Outcome, Request};
use solgate_contract::{Judge, JudgeError};

use crate::difference::{Difference, differences};
use crate::model::{Case, FactGiven};
use crate::ran::Ran;

/// A policy is asked that often before it must have decided, as by a gate.
const ROUNDS: usize = 3;

/// Why a case has no verdict.
#[derive(Debug, thiserror::Error)]
pub enum NoVerdict {
    #[error("the policy asks for the fact `{0}`, which the case does not give; write what the VNFM has under `facts:`")]
    FactMissing(String),
    #[error("the policy asks for the fact `{0}`, for which it has no template")]
    FactUnknown(String),
    #[error("the policy asks twice for the fact `{0}`")]
    FactTwice(String),
    #[error("the policy still asks for facts after {ROUNDS} evaluations")]
    Undecided,
    #[error("the policy gave no verdict: {0}")]
    Judge(JudgeError),
}

/// Runs a case with the facts that it gives, and says in what the verdict differs
/// from the one expected: nothing, if it does not.
///
/// # Errors
/// As [`judge`].
pub fn run(policy: &dyn Judge, case: &Case) -> Result<(Ran, Vec<Difference>), NoVerdict> {
    let ran = judge(policy, case, &|query| case.facts.get(&query.name).cloned())?;
    let found = differences(&ran, &case.expect);
    Ok((ran, found))
}

/// Puts the request of a case before a policy; `answer` is the VNFM.
///
/// # Errors
/// If the policy asks for a fact that nobody gives, asks twice, or never decides.
pub fn judge(
    policy: &dyn Judge,
    case: &Case,
    answer: &dyn Fn(&FactQuery) -> Option<FactGiven>,
) -> Result<Ran, NoVerdict> {
    let fields: Vec<(&str, &str)> = case.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = Request {
        method: &case.method,
        target: &case.target,
        fields: &fields,
        body: &case.body,
        body_complete: case.body_complete,
    };
    let mut known: BTreeMap<String, FactAnswer<Vec<u8>>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let facts: Vec<(&str, FactAnswer<&[u8]>)> =
            known.iter().map(|(name, answer)| (name.as_str(), borrowed(answer))).collect();
        let context = Context {
            received_at: case.at,
            mode: case.mode,
            caller: case.caller.as_ref(),
            facts: &facts,
            settings: &case.settings,
        };
        let outcome = match policy.evaluate(&request, &context).map_err(NoVerdict::Judge)? {
            Outcome::Allow(findings) => Ok(findings),
            Outcome::Deny(denial) => Err(Box::new(denial)),
            Outcome::Need(queries) => {
                for query in queries {
                    let answer = fetched(policy, &query, answer)?;
                    if known.insert(query.name.clone(), answer).is_some() {
                        return Err(NoVerdict::FactTwice(query.name));
                    }
                }
                continue;
            }
        };
        return Ok(Ran { outcome, asked: known.into_keys().collect() });
    }
    Err(NoVerdict::Undecided)
}

fn fetched(
    policy: &dyn Judge,
    query: &FactQuery,
    answer: &dyn Fn(&FactQuery) -> Option<FactGiven>,
) -> Result<FactAnswer<Vec<u8>>, NoVerdict> {
    let members = policy.fact_members(&query.name).ok_or_else(|| NoVerdict::FactUnknown(query.name.clone()))?;
    let given = answer(query).ok_or_else(|| NoVerdict::FactMissing(query.name.clone()))?;
    Ok(match given {
        FactGiven::Found { etag, body } => {
            FactAnswer::Found { etag, body: project(body, members).to_string().into_bytes() }
        }
        FactGiven::Absent => FactAnswer::Absent,
        FactGiven::Withheld => FactAnswer::Withheld,
        FactGiven::Unavailable => FactAnswer::Unavailable,
    })
}

fn borrowed(answer: &FactAnswer<Vec<u8>>) -> FactAnswer<&[u8]> {
    match answer {
        FactAnswer::Found { etag, body } => FactAnswer::Found { etag: etag.clone(), body },
        FactAnswer::Absent => FactAnswer::Absent,
        FactAnswer::Withheld => FactAnswer::Withheld,
        FactAnswer::Unavailable => FactAnswer::Unavailable,
    }
}

/// A fact, or each item of a list, reduced to some members.
#[must_use]
pub fn project(mut body: Value, members: &[String]) -> Value {
    let keep = |value: &mut Value| {
        if let Value::Object(found) = value {
            found.retain(|name, _| members.contains(name));
        }
    };
    match &mut body {
        Value::Array(items) => items.iter_mut().for_each(keep),
        other => keep(other),
    }
    body
}
