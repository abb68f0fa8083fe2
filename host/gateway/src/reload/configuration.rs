//! A configuration that takes the place of the one that holds.
//!
//! Everything is loaded beside it first: requests that have come before end under what
//! they began with, and if anything is wrong nothing changes.

use std::sync::Arc;

use solgate::policy::PolicySources;
use solgate_access::AccessError;
use solgate_access::tokens::Tokens;
use solgate_config::{Config, GateError, LiveGate, UpstreamConfig};
use solgate_telemetry::record_file::RecordFile;
use tokio::runtime::Handle;

use super::candidate::{Refused, prepare};
use super::loaders::{ComponentLoader, SourceLoader};
use super::versions::Versions;
use crate::admission::Admission;
use crate::build_gate::build_gate;
use crate::error::GatewayError;
use crate::hops::Hops;
use crate::metrics::Metrics;
use crate::pipeline::{Pipeline, Reporter};
use crate::rollout::Rollout;
use crate::routes::{self, Onward};
use crate::vnfm::Vnfm;

/// What is needed to open the gates of another configuration.
pub struct Opening<F> {
    /// What holds now.
    pub running: Config,
    pub pipeline: Arc<Pipeline<F>>,
    pub metrics: Arc<Metrics>,
    pub component: ComponentLoader,
    pub sources: SourceLoader,
    pub versions: Arc<Versions>,
    pub rollout: Arc<Rollout>,
}

impl<F: Onward> Opening<F> {
    /// The pipeline in which `config` holds. Takes as long as loading policies, where
    /// there are others, and their test cases. To be called on a thread that may
    /// wait, in a runtime.
    ///
    /// # Errors
    /// What stands against it.
    pub fn open(&self, config: &Config) -> Result<Pipeline<F>, GatewayError> {
        let build = |upstream: &UpstreamConfig, vnfm: &Vnfm| self.gate(upstream, vnfm, config);
        let before = Some((&self.running, &self.pipeline.routes));
        let routes = routes::open(config, &build, &self.metrics, before)?;
        let largest_body = routes::largest_body(&routes);
        let Pipeline { tokens, admission, reporter, ids, .. } = &*self.pipeline;
        // What is held of it stays held.
        let admission = Arc::new(Admission::new(config, largest_body, Arc::clone(&admission.shares))?);
        let records =
            RecordFile::reconfigured(reporter.records.as_ref(), config.record.as_ref(), &self.metrics.records)?;
        let reporter = Arc::new(Reporter { log: config.log, records, ..Reporter::clone(reporter) });
        let tokens = if config.jwt == self.running.jwt { tokens.clone() } else { self.tokens(config)? };
        let (ids, limits) = (Arc::clone(ids), config.limits);
        let hops = Hops::of(config);
        let forwarding = config.forwarding.clone();
        Ok(Pipeline { routes, tokens, admission, reporter, ids, limits, hops, forwarding })
    }

    /// How tokens are checked from here on. Until there are keys, what was before holds.
    fn tokens(&self, config: &Config) -> Result<Option<Arc<Tokens>>, GatewayError> {
        let Some(jwt) = &config.jwt else { return Ok(None) };
        let misplaced = |error: AccessError| GatewayError::from(error).at("/jwt");
        let tokens = Tokens::open_after(jwt, self.pipeline.tokens.as_deref(), &self.metrics.access);
        let tokens = tokens.map_err(misplaced)?;
        tokens.start(config.reload).map_err(misplaced)?;
        Handle::current().block_on(tokens.settled()).map_err(misplaced)?;
        Ok(Some(Arc::new(tokens)))
    }

    /// The gate of an upstream: with policies that judge already, if it names the same,
    /// else with new ones that have been examined as those are that replace others.
    fn gate(&self, upstream: &UpstreamConfig, vnfm: &Vnfm, config: &Config) -> Result<LiveGate, GatewayError> {
        let wanted = &upstream.gate;
        let same = routes::gates(&self.pipeline.routes).into_iter().find(|gate| {
            let has = &gate.upstream.gate;
            (&has.policies, has.isolation) == (&wanted.policies, wanted.isolation)
        });
        if let Some(gate) = same {
            let policies = gate.get().policies().to_vec();
            return build_gate(upstream, vnfm, &|_, _| Ok(policies.clone()));
        }
        if wanted.policies.files.is_empty() {
            return build_gate(upstream, vnfm, &*self.sources);
        }
        let load = |files: &PolicySources| {
            let mut upstream = upstream.clone();
            upstream.gate.policies = files.clone();
            match prepare(&upstream, vnfm, &config.limits, &[], &self.versions, &self.component) {
                Ok(Some(candidate)) => Ok(candidate.live),
                // Never: a file is not nothing.
                Ok(None) => build_gate(&upstream, vnfm, &*self.sources).map_err(|error| error.to_string()),
                Err(Refused { file, reason }) => {
                    let file = file.map(|path| format!("{}: ", path.display())).unwrap_or_default();
                    Err(format!("{file}{reason}"))
                }
            }
        };
        let refused =
            |error: GateError| GatewayError::Gate { upstream: upstream.url.to_string(), reason: error.to_string() };
        self.rollout.load(&wanted.policies, load).map_err(refused)
    }
}
