//! The facts that a candidate gets: those that were fetched for the live policies.
//!
//! By the time the candidate asks, the VNFM may already work on the request, and would
//! report another state than the judged one. So the VNFM is not asked. A shadow causes
//! no load, and makes no use of a client's credentials.

use std::borrow::Cow;
use std::sync::OnceLock;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use solgate::Request;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource, FactTemplate};
use solgate::gate::{Decision, FactTrace, Gate};

/// The facts on which one live verdict rests.
pub struct FetchedFacts {
    known: Vec<Known>,
    /// The first one that was asked for and is not there.
    missing: OnceLock<String>,
}

/// A question and its answer.
struct Known {
    template: FactTemplate,
    api_root: String,
    variables: Vec<(String, String)>,
    answer: FactAnswer,
}

impl FetchedFacts {
    /// What was fetched for `decision`.
    pub fn new(request: &Request, live: &Gate, decision: &Decision) -> Self {
        let known = |fact: &FactTrace| {
            let (template, api_root) = asked(&fact.name, &request.target, live)?;
            Some(Known {
                template: template.clone(),
                api_root: api_root.into_owned(),
                variables: fact.variables.clone(),
                answer: fact.answer.clone(),
            })
        };
        Self { known: decision.facts.iter().filter_map(known).collect(), missing: OnceLock::new() }
    }

    /// The name of a fact that was asked for, but had not been fetched.
    pub fn missing(&self) -> Option<&str> {
        self.missing.get().map(String::as_str)
    }

    fn answer(&self, request: &FactRequest<'_>) -> FactAnswer {
        let same = |known: &&Known| {
            known.template == *request.template
                && known.api_root == request.api_root
                && known.variables == request.variables
        };
        // Of several answers to one question the last counted.
        if let Some(known) = self.known.iter().rev().find(same) {
            return known.answer.clone();
        }
        let name = self.missing.get_or_init(|| request.template.name.clone());
        FactAnswer::Unavailable(format!("{name} was not fetched for the live policy"))
    }
}

/// How the live policies have asked for a fact; `None` if several of them mean
/// different ones by its name.
fn asked<'a>(name: &str, target: &str, live: &'a Gate) -> Option<(&'a FactTemplate, Cow<'a, str>)> {
    let manifests = live.policies().iter().map(|policy| policy.manifest());
    let mut ways = manifests.filter_map(|manifest| Some((manifest.facts.get(name)?, manifest.api_root(target)?)));
    let first = ways.next()?;
    ways.all(|way| way == first).then_some(first)
}

impl FactSource for FetchedFacts {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        // As fresh as it was for the live verdict: to ask again would not change it.
        ready(Fact::fetched(self.answer(&request))).boxed()
    }
}
