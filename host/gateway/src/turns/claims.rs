//! Claims: turns of requests whose end nobody here sees.
//!
//! A claim says by which facts its request was judged. As soon as one of them is
//! another, the VNFM has begun with the operation, or even ended it: whoever comes next
//! can be judged by what the VNFM says.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use solgate::facts::FactAnswer;
use solgate::gate::{Decision, FactTrace, Gate};

/// The facts that a request was judged by, as digests: name and variables, and what the
/// answer was. Gates with the same policies write the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen(Vec<(String, String)>);

/// More facts than any policy of ours asks for.
const MOST: usize = 16;

impl Seen {
    /// What a gate has judged by.
    #[must_use]
    pub fn of(gate: &Gate, decision: &Decision) -> Self {
        // Another policy may get other members of the same fact.
        let policies: Vec<&str> = gate.policies().iter().map(|policy| policy.id().digest.as_str()).collect();
        let policies = policies.concat();
        let fresh = decision.facts.iter().filter(|fact| !fact.cached);
        Self(fresh.take(MOST).map(|fact| (name(&policies, fact), answer(fact))).collect())
    }

    /// As it stands in a claim.
    pub(super) fn note(&self) -> String {
        self.0.iter().map(|(name, answer)| format!(" {name}={answer}")).collect()
    }

    /// Whether a fact is another one than a claim says.
    pub(super) fn differs(&self, note: &str) -> bool {
        let mut claimed = note.split_ascii_whitespace().filter_map(|fact| fact.split_once('='));
        claimed.any(|(name, before)| self.0.iter().any(|(known, now)| known == name && now != before))
    }
}

fn name(policies: &str, fact: &FactTrace) -> String {
    let mut parts = vec![policies.as_bytes(), fact.name.as_bytes()];
    for (variable, value) in &fact.variables {
        parts.extend([variable.as_bytes(), value.as_bytes()]);
    }
    short(&parts)
}

fn answer(fact: &FactTrace) -> String {
    match &fact.answer {
        FactAnswer::Found { body, .. } => short(&[b"found", body]),
        other => short(&[other.outcome().as_bytes()]),
    }
}

fn short(parts: &[&[u8]]) -> String {
    let mut text = digest(parts);
    text.truncate(12);
    text
}

/// One digest of several texts, none of which can be taken for another.
pub(super) fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    HEXLOWER.encode(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_over_when_a_fact_changes() {
        let seen = |facts: &[(&str, &str)]| {
            Seen(facts.iter().map(|(name, answer)| ((*name).to_owned(), (*answer).to_owned())).collect())
        };
        let claim = seen(&[("a", "1"), ("b", "1")]).note();
        let table = [
            (&[("a", "1"), ("b", "1")][..], false),
            (&[("b", "2")], true),
            (&[("a", "1"), ("c", "2")], false),
            (&[], false),
        ];
        for (facts, differs) in table {
            assert_eq!(seen(facts).differs(&claim), differs, "{facts:?}");
        }
        assert!(!seen(&[("a", "2")]).differs(""), "that is no claim");
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
