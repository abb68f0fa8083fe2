//! The connections to a VNFM for one purpose, at all of its addresses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;

use crate::address::Standing;
use crate::connect::{CertificatesError, Connector};
use crate::pool::{Failed, Pool, PoolUse, PooledBody, SendError};
use crate::reach::{Balance, Reach};

/// A pool of connections for each address, in their order.
pub struct Pools {
    reach: Arc<Reach>,
    pools: Vec<Arc<Pool>>,
    /// For a connection.
    limit: Duration,
    /// Whose turn it is.
    next: AtomicUsize,
}

impl Pools {
    /// Each connection is opened within `limit`; an answer that falls silent ends after
    /// `silence`.
    ///
    /// # Errors
    /// No certificate can have the host of the URL.
    pub fn new(reach: &Arc<Reach>, limit: Duration, silence: Duration) -> Result<Self, CertificatesError> {
        let connector = Connector::new(&reach.url, &reach.tls, limit)?;
        let pool = |address| Pool::new(connector.clone(), Arc::clone(reach), Arc::clone(address), limit, silence);
        let pools = reach.addresses().iter().map(pool).collect();
        Ok(Self { reach: Arc::clone(reach), pools, limit, next: AtomicUsize::new(0) })
    }

    /// The way to the VNFM.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// How many connections there are.
    #[must_use]
    pub fn in_use(&self) -> PoolUse {
        let each = self.pools.iter().map(|pool| pool.in_use());
        each.fold(PoolUse { busy: 0, idle: 0 }, |all, one| PoolUse {
            busy: all.busy.saturating_add(one.busy),
            idle: all.idle.saturating_add(one.idle),
        })
    }

    /// Sends a request and waits for the head of its answer. The request's target is in
    /// origin form, and it has a Host field. An address that takes no connection is left
    /// out, and the next one gets the request; nobody gets it of whom it is not sure that
    /// nobody before has any of it.
    ///
    /// # Errors
    /// There is no connection, or no answer that can be passed on.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<PooledBody>, SendError> {
        if let [only] = self.pools.as_slice() {
            return only.send(request).await.map_err(|failed| failed.error(1));
        }
        let (began, mut tried, mut count) = (Instant::now(), 0_u64, 0_usize);
        let mut last = None;
        while let Some((index, pool)) = self.choose(tried, began) {
            tried |= bit(index);
            count = count.saturating_add(1);
            match pool.send(request).await {
                Ok(response) => return Ok(response),
                Err(Failed::Unsent(unsent)) => {
                    request = unsent.request;
                    last = Some(unsent.error);
                }
                Err(Failed::Lost(error)) => return Err(error),
            }
        }
        // There is at least one address, and the first is always tried.
        Err(SendError::Connect { error: last.unwrap_or_else(|| "no address".into()), tried: count })
    }

    /// The pool whose turn it is among those that were not tried. One that has failed gets
    /// a request when it has rested; one that rests only if there is no other, and while the
    /// time for a connection has not passed.
    fn choose(&self, tried: u64, began: Instant) -> Option<(usize, &Arc<Pool>)> {
        let count = self.pools.len();
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = |step: usize| start.wrapping_add(step).checked_rem(count).unwrap_or_default();
        let mut untried = Vec::with_capacity(count);
        untried.extend((0..count).map(turn).filter(|index| tried & bit(*index) == 0));
        let mut best: Option<(usize, usize)> = None;
        let mut resting: Option<(Option<Instant>, usize)> = None;
        for index in untried {
            let pool = self.pools.get(index)?;
            match pool.address().standing() {
                Standing::Good if self.reach.balance == Balance::RoundRobin => return Some((index, pool)),
                Standing::Good => {
                    let busy = pool.in_use().busy;
                    if best.is_none_or(|(least, _)| busy < least) {
                        best = Some((busy, index));
                    }
                }
                Standing::Due if pool.address().claim(self.limit) => return Some((index, pool)),
                Standing::Due => {}
                Standing::Resting(until) => {
                    // Whatever ends by itself comes before what does not.
                    let sooner = |before: Option<Instant>| match (until, before) {
                        (Some(until), Some(before)) => until < before,
                        (until, before) => until.is_some() && before.is_none(),
                    };
                    if resting.is_none_or(|(before, _)| sooner(before)) {
                        resting = Some((until, index));
                    }
                }
            }
        }
        let in_time = tried == 0 || began.elapsed() < self.limit;
        let index = best.map(|(_, index)| index).or(resting.filter(|_| in_time).map(|(_, index)| index))?;
        Some((index, self.pools.get(index)?))
    }
}

fn bit(index: usize) -> u64 {
    1_u64.checked_shl(u32::try_from(index).unwrap_or(u32::MAX)).unwrap_or_default()
}
