//! Turns: requests that change one resource are handled one after the other.
//!
//! Two operations that arrive together would both be judged by a state in which none
//! runs. So the second waits until the VNFM has answered the first, and is then judged
//! by the new state. The VNFM stays the authority.
//!
//! [Queues](queues) do this within one process. Where a store is configured, whoever
//! leaves a queue also takes a [lease](leases) there, so that it holds for all gates that
//! share the store.
//!
//! A door that forwards requests itself knows when the VNFM has answered: its turn ends
//! then. A server that asks another door does not tell that. Without a store such a door
//! has no turns. With one it keeps the lease of what it has let pass, as a
//! [claim](claims), until the VNFM shows the operation, or for a while.

mod claims;
mod leases;
mod metrics;
mod queues;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use solgate::fault::Fault;
use solgate::gate::Decision;

pub use self::claims::Seen;
use self::leases::{Lease, Wait};
pub use self::leases::{Leases, Lives};
pub use self::metrics::TurnMetrics;
use self::queues::Place;
pub use self::queues::Queues;

/// The turns of one VNFM.
#[derive(Debug, Clone)]
pub struct Turns {
    queues: Queues,
    shared: Option<Shared>,
}

/// Turns that other gates take as well.
#[derive(Debug, Clone)]
struct Shared {
    leases: Arc<Leases>,
    /// What the VNFM is called there.
    vnfm: Arc<str>,
    /// The end of what passes is seen here.
    forwards: bool,
}

/// The right to change a resource; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn {
    place: Option<Place>,
    lease: Option<Lease>,
}

/// How a request came out of its queue.
pub enum Waited {
    /// It is its turn.
    Turn(Turn),
    /// It need not wait any longer: another gate has let an operation pass, and the VNFM
    /// says by now that this one cannot be.
    Denied(Box<Decision>),
}

impl Turns {
    /// Those of requests that this process forwards itself.
    #[must_use]
    pub fn within(queues: Queues) -> Self {
        Self { queues, shared: None }
    }

    /// The same, shared with other gates, which call the VNFM the same. `forwards` says
    /// whether this process sees what becomes of requests.
    #[must_use]
    pub fn shared(self, leases: &Arc<Leases>, vnfm: &str, forwards: bool) -> Self {
        let shared = Shared { leases: Arc::clone(leases), vnfm: vnfm.into(), forwards };
        Self { shared: Some(shared), ..self }
    }

    /// The leases of the store, if there is one.
    #[must_use]
    pub fn leases(&self) -> Option<&Arc<Leases>> {
        self.shared.as_ref().map(|shared| &shared.leases)
    }

    /// The queues, which go on under another configuration.
    #[must_use]
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// Waits for its turn to change a resource. If somebody is before it, that needs the
    /// place that `admit` gives. `look` judges by what the VNFM says now.
    ///
    /// # Errors
    /// It does not come in time, too many wait, or the store cannot be used and nothing
    /// is to pass without it.
    pub async fn wait<'l, P>(
        &self,
        resource: String,
        admit: impl Fn() -> Result<P, Fault>,
        look: impl Fn() -> BoxFuture<'l, (Decision, Seen)>,
    ) -> Result<Waited, Fault> {
        let began = Instant::now();
        let key = self.shared.as_ref().map(|shared| key(&shared.vnfm, &resource));
        let place = self.queues.wait(resource, &admit).await?;
        let (Some(shared), Some(key)) = (&self.shared, key) else {
            return Ok(Waited::Turn(Turn { place: Some(place), lease: None }));
        };
        let patience = self.queues.patience();
        let wait = Wait { key, until: began.checked_add(patience), seconds: patience.as_secs() };
        Ok(match shared.leases.wait(wait, admit, look).await? {
            Ok(lease) => Waited::Turn(Turn { place: Some(place), lease: Some(lease) }),
            Err(denied) => Waited::Denied(denied),
        })
    }

    /// Whether what passes is to be claimed, because nobody here sees its end.
    #[must_use]
    pub fn claims(&self) -> bool {
        self.shared.as_ref().is_some_and(|shared| !shared.forwards)
    }
}

impl Turn {
    /// Keeps the turn of what is let pass, until its end shows: the gate has judged by
    /// what was `seen`.
    ///
    /// # Errors
    /// The turn was lost.
    pub async fn claim(mut self, seen: &Seen) -> Result<(), Fault> {
        match self.lease.take() {
            Some(lease) => lease.claim(seen).await,
            None => Ok(()),
        }
    }

    /// Until when a request may be sent on; `None` if that does not end.
    #[must_use]
    pub fn lives(&self) -> Option<Lives> {
        self.lease.as_ref().and_then(Lease::lives)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            // The next one in the queue goes on when the lease is back.
            lease.give_back(self.place.take());
        }
    }
}

/// What a lease is for. Other gates write the same.
fn key(vnfm: &str, resource: &str) -> String {
    /// Longer names than of any VNFM's own.
    const MOST: usize = 400;
    let key = format!("{vnfm}:{resource}");
    if key.len() <= MOST && !key.contains(|c: char| c.is_control()) {
        return key;
    }
    claims::digest(&[vnfm.as_bytes(), resource.as_bytes()])
}

/// A time that is over for sure, before `end`.
fn margin(lease: Duration) -> Duration {
    lease.checked_div(5).unwrap_or_default()
}
