//! What is not as it should be among many gates.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::status::{Gate, Status};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A gate does not answer.
    Silent,
    /// A policy is not the same everywhere.
    Drift,
    /// Gates are of several versions of the program.
    Versions,
    /// A policy that is offered is refused.
    Refused,
    /// A policy cannot be fetched.
    Away,
    /// A candidate has judged otherwise.
    Differs,
}

/// Something that is wrong.
#[derive(Debug, Serialize)]
pub struct Found {
    pub kind: Kind,
    /// Where, if it is about one gate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<String>,
    pub text: String,
}

/// All that is, in the order of the gates.
pub fn findings(gates: &[Gate]) -> Vec<Found> {
    let mut found = Vec::new();
    for gate in gates {
        match &gate.status {
            Ok((_, status)) => of_one(&gate.name, status, &mut found),
            Err(error) => found.push(Found { kind: Kind::Silent, gate: Some(gate.name.clone()), text: error.clone() }),
        }
    }
    let answered = || gates.iter().filter_map(|gate| Some((gate.name.as_str(), &gate.status.as_ref().ok()?.1)));
    let mut policies: BTreeMap<(&str, &str), BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, status) in answered() {
        versions.entry(&status.version).or_default().insert(name);
        for policy in status.gates.iter().flat_map(|gate| &gate.policies) {
            let place = (policy.source.as_deref().unwrap_or("built in"), policy.name.as_str());
            policies.entry(place).or_default().entry(policy.loaded()).or_default().insert(name);
        }
    }
    for ((source, policy), digests) in policies.into_iter().filter(|(_, digests)| digests.len() > 1) {
        let text = format!("{policy} ({source}) is not the same everywhere: {}", places(&digests, short));
        found.push(Found { kind: Kind::Drift, gate: None, text });
    }
    if versions.len() > 1 {
        let text = format!("the gates are of several versions: {}", places(&versions, str::to_owned));
        found.push(Found { kind: Kind::Versions, gate: None, text });
    }
    found
}

fn of_one(gate: &str, status: &Status, found: &mut Vec<Found>) {
    let mut add = |kind, text| found.push(Found { kind, gate: Some(gate.to_owned()), text });
    for source in &status.sources {
        if let Some(refused) = &source.refused {
            let text = format!(
                "{} offers {}, which is refused since {}: {}",
                source.source, refused.digest, refused.at, refused.reason
            );
            add(Kind::Refused, text);
        }
        if let Some(away) = &source.away {
            add(Kind::Away, format!("{} cannot be fetched since {}: {}", source.source, away.since, away.reason));
        }
    }
    let counted = |outcome: &str| status.compared.get(outcome).copied().unwrap_or_default();
    let all = status.compared.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
    for (outcome, what) in [("differs", "has judged otherwise on"), ("failed", "has come to no verdict on")] {
        if counted(outcome) > 0 {
            add(Kind::Differs, format!("the candidate {what} {} of {all} requests", counted(outcome)));
        }
    }
}

/// What is where, for people.
fn places(all: &BTreeMap<&str, BTreeSet<&str>>, shown: impl Fn(&str) -> String) -> String {
    /// Gates that are named.
    const NAMED: usize = 3;
    let one = |(what, gates): (&&str, &BTreeSet<&str>)| {
        let named = gates.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = gates.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{} at {named}{more}", shown(what))
    };
    all.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// As much of a digest as people compare.
pub fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}
