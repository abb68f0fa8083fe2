//! Compares how a candidate judges a request with how the live policies did.

use solgate::Request;
use solgate::gate::{Decision, Gate, Verdict};
use solgate::record::RecordedVerdict;
use solgate_telemetry::outcome_counter::Counted;

use super::facts::FetchedFacts;

/// How a candidate judged a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// As the live policies.
    Agree,
    /// Otherwise.
    Differs,
    /// It came to no verdict: it trapped, or went beyond a limit.
    Failed,
    /// Nobody can tell: a fact is missing, or there is no live verdict.
    Undecided,
    /// It was not asked, because too many requests waited for it.
    Skipped,
}

impl Counted for Compared {
    const ALL: &'static [Self] = &[Self::Agree, Self::Differs, Self::Failed, Self::Undecided, Self::Skipped];

    fn name(self) -> &'static str {
        match self {
            Self::Agree => "agree",
            Self::Differs => "differs",
            Self::Failed => "failed",
            Self::Undecided => "undecided",
            Self::Skipped => "skipped",
        }
    }
}

/// Two verdicts on one request.
pub struct Comparison {
    pub outcome: Compared,
    /// Why a verdict cannot be compared.
    pub reason: Option<String>,
    pub live: RecordedVerdict,
    /// If the two differ.
    pub candidate: Option<RecordedVerdict>,
}

/// Lets the candidate judge, and compares. Waits for nothing.
pub async fn compare(request: &Request, live: &Gate, decided: &Decision, candidate: &Gate) -> Comparison {
    let facts = FetchedFacts::new(request, live, decided);
    let decision = candidate.judge_with(request, &facts).await;
    // The door has stopped reading where the live policies did.
    let cut = !request.body_complete && request.body.len() < candidate.body_limit();
    let (then, now) = (RecordedVerdict::from(decided), RecordedVerdict::from(&decision));
    let (outcome, reason) = match (facts.missing(), gate_fault(&decision), gate_fault(decided)) {
        (Some(fact), ..) => {
            (Compared::Undecided, Some(format!("the candidate needs the fact {fact}, which was not fetched")))
        }
        _ if cut => (Compared::Undecided, Some("the candidate takes larger bodies than were read".to_owned())),
        // All instances were in use, which says nothing about the candidate.
        (_, Some("gate.overload"), _) => (Compared::Skipped, None),
        (_, Some(fault), _) if fault.starts_with("gate.policy-") => {
            (Compared::Failed, Some(format!("the candidate came to no verdict: {fault}")))
        }
        _ if now.tells_the_same_as(&then) => (Compared::Agree, None),
        (_, _, Some(fault)) => (Compared::Undecided, Some(format!("the live policy came to no verdict: {fault}"))),
        (_, Some(fault), None) => (Compared::Undecided, Some(format!("the candidate came to no verdict: {fault}"))),
        (_, None, None) => (Compared::Differs, None),
    };
    Comparison { outcome, reason, live: then, candidate: (outcome == Compared::Differs).then_some(now) }
}

/// The fault of the gate that made a decision something else than a verdict of a policy.
fn gate_fault(decision: &Decision) -> Option<&str> {
    if !decision.fault {
        return None;
    }
    // In monitor mode what would have been answered is a finding.
    let found = decision.findings.iter().map(|finding| finding.violation.rule.as_str());
    let denied = match &decision.verdict {
        Verdict::Deny(problem) => Some(problem.rule.as_str()),
        Verdict::Allow => None,
    };
    denied.into_iter().chain(found).find(|rule| rule.starts_with("gate."))
}
