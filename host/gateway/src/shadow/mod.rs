//! A candidate that judges beside the live policies: the same requests, with the same
//! facts and settings, and without any effect.
//!
//! After the live verdict, the request is handed to the shadow's thread, which
//! [compares](compare) how the candidate judges it. The VNFM is asked nothing more: the
//! candidate gets the [facts](facts) that were fetched for the live policies. If the
//! two verdicts differ, a [line](line) says so.

mod compare;
mod facts;
mod line;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::SystemTime;

use solgate::Request;
use solgate::gate::{Decision, Gate};
use solgate::record::RecordedCaller;
use solgate_config::{GateMode, LogFormat, UpstreamConfig};
use solgate_telemetry::decisions::Outgoing;
use solgate_telemetry::line::RequestLine;
use solgate_telemetry::outcome_counter::OutcomeCounter;
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::build_gate::GateBuilder;
use crate::current_gate::CurrentGate;
use crate::error::GatewayError;
use crate::policy_metrics::Role;
use crate::vnfm::Vnfm;
pub use compare::Compared;

/// Most requests that wait for the candidate.
const PLACES: u32 = 64;
/// Bytes of request and facts that take a place; larger ones take several.
const PLACE_BYTES: usize = 256 << 10;
/// By how much the thread stands back behind those that answer requests, as nice(1)
/// counts.
const NICENESS: i32 = 10;

/// The candidate for one upstream.
pub struct Shadow {
    gate: Arc<CurrentGate>,
    /// To the thread, which ends with it.
    queue: Sender<Job>,
    places: Arc<Semaphore>,
    compared: OutcomeCounter<Compared>,
}

/// A request on which the live policies have decided.
struct Job {
    id: String,
    peer: Option<IpAddr>,
    /// As far as the caller was verified.
    caller: Option<RecordedCaller>,
    time: SystemTime,
    method: String,
    /// Without the query.
    path: String,
    live: Arc<Gate>,
    request: Request,
    decision: Decision,
    /// Where a line about it goes beside standard output.
    outgoing: Option<Outgoing>,
    /// Free again when this is dropped.
    _places: OwnedSemaphorePermit,
}

impl Shadow {
    /// Loads the candidate, and starts its thread. `upstream` is that of the live
    /// policies with the candidate [in their place](UpstreamConfig::shadow).
    ///
    /// # Errors
    /// The candidate could not take the place of the live policies either, or there is
    /// no thread to be had.
    pub fn open(
        upstream: UpstreamConfig,
        vnfm: Arc<Vnfm>,
        build_gate: GateBuilder<'_>,
        compared: &OutcomeCounter<Compared>,
        log: LogFormat,
    ) -> Result<Self, GatewayError> {
        let url = upstream.url.to_string();
        let gate = CurrentGate::open(upstream, vnfm, Role::Shadow, build_gate).map_err(|error| error.in_shadow(url))?;
        let gate = Arc::new(gate);
        announce(&gate);
        let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(GatewayError::ShadowThread)?;
        let (queue, jobs) = channel();
        let thread = Comparing { gate: gate.clone(), compared: compared.clone(), log, runtime };
        std::thread::Builder::new()
            .name("solgate-shadow".to_owned())
            .spawn(move || thread.run(&jobs))
            .map_err(GatewayError::ShadowThread)?;
        let places = Arc::new(Semaphore::new(usize::try_from(PLACES).unwrap_or(usize::MAX)));
        Ok(Self { gate, queue, places, compared: compared.clone() })
    }

    /// The candidate, which is reloaded as the live policies are.
    #[must_use]
    pub fn gate(&self) -> &Arc<CurrentGate> {
        &self.gate
    }

    /// Takes a request on which the `live` gate has decided, if there is room.
    /// A line about it goes into `outgoing` as well.
    pub fn offer(
        &self,
        line: &RequestLine,
        live: &Arc<Gate>,
        request: &Request,
        decision: &Decision,
        outgoing: Option<Outgoing>,
    ) {
        let facts = decision.facts.iter().map(|fact| fact.answer.bytes());
        let bytes = facts.fold(request.body.len(), usize::saturating_add);
        let wanted = u32::try_from(bytes / PLACE_BYTES).unwrap_or(u32::MAX).saturating_add(1).min(PLACES);
        let Ok(places) = self.places.clone().try_acquire_many_owned(wanted) else {
            return self.compared.count(Compared::Skipped);
        };
        let job = Job {
            id: line.id.clone(),
            peer: line.peer,
            caller: line.caller.clone(),
            time: line.time,
            method: line.method.clone(),
            path: line.path.clone(),
            live: live.clone(),
            request: request.clone(),
            decision: decision.clone(),
            outgoing,
            _places: places,
        };
        // The thread ends before this only by a panic; then nothing is compared any more.
        if self.queue.send(job).is_err() {
            self.compared.count(Compared::Skipped);
        }
    }
}

/// Loads a candidate only to see whether it can be.
///
/// # Errors
/// As [`Shadow::open`].
pub fn check(upstream: &UpstreamConfig, vnfm: &Vnfm, build_gate: GateBuilder<'_>) -> Result<(), GatewayError> {
    build_gate(upstream, vnfm).map(drop).map_err(|error| error.in_shadow(upstream.url.to_string()))
}

/// A shadow has no effect that would remind of it: it is named at every start.
fn announce(gate: &CurrentGate) {
    let upstream = &*gate.name;
    if gate.upstream.gate.mode == GateMode::Off {
        return tracing::warn!(upstream, "the shadow judges nothing, because the gate is off");
    }
    let policies: Vec<String> =
        gate.get().policies().iter().map(|policy| format!("{} {}", policy.id().name, policy.id().digest)).collect();
    tracing::info!(upstream, policies = policies.join(", "), "a shadow judges beside the gate, without effect");
}

/// The thread of a shadow: one request after the other, so that the candidate takes one
/// processor and one instance at most, whatever it does.
struct Comparing {
    gate: Arc<CurrentGate>,
    compared: OutcomeCounter<Compared>,
    log: LogFormat,
    runtime: Runtime,
}

impl Comparing {
    fn run(&self, jobs: &Receiver<Job>) {
        // In Linux each thread has its own. Without it, the system shares alike.
        let _ = rustix::process::nice(NICENESS);
        // So that what is logged of the candidate is not taken for the live policies'.
        let span = tracing::error_span!("shadow", upstream = &*self.gate.name);
        let _entered = span.enter();
        for mut job in jobs {
            let candidate = self.gate.get();
            let comparison =
                self.runtime.block_on(compare::compare(&job.request, &job.live, &job.decision, &candidate));
            self.compared.count(comparison.outcome);
            let outgoing = job.outgoing.take();
            if let Some(line) = line::line(&job, &candidate, &comparison) {
                line.write(self.log, outgoing);
            }
        }
    }
}
