//! Turns within one process: who wants to change a resource queues up for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use solgate::fault::Fault;
use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// The queues of all resources of one VNFM that somebody waits for.
#[derive(Debug, Clone)]
pub struct Queues {
    queues: Arc<Mutex<HashMap<String, Arc<Queue<()>>>>>,
    /// How many may wait for one resource.
    waiting: usize,
    /// How long each of them may.
    patience: Duration,
}

/// The right to change a resource within this process; it ends when this is dropped.
#[derive(Debug)]
pub struct Place {
    // Dropped in this order: the next one in the queue goes on, then the queue is
    // taken away if nobody waits.
    _turn: OwnedMutexGuard<()>,
    _queued: Queued,
}

/// A request in a queue, also one that has left it.
#[derive(Debug)]
struct Queued {
    resource: String,
    queues: Arc<Mutex<HashMap<String, Arc<Queue<()>>>>>,
}

impl Queues {
    /// So many may wait for one resource, each for so long.
    #[must_use]
    pub fn new(waiting: usize, patience: Duration) -> Self {
        Self { queues: Arc::default(), waiting, patience }
    }

    /// The same queues, in which so many may wait from here on, each for so long.
    #[must_use]
    pub fn with_limits(&self, waiting: usize, patience: Duration) -> Self {
        Self { queues: Arc::clone(&self.queues), waiting, patience }
    }

    /// How long each may wait.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// Waits for its turn to change a resource. If somebody is before it, that needs the
    /// place that `admit` gives.
    ///
    /// # Errors
    /// It does not come in time, or too many wait.
    pub async fn wait<P>(&self, resource: String, admit: impl FnOnce() -> Result<P, Fault>) -> Result<Place, Fault> {
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queues.entry(resource.clone()).or_default();
            // The table also has the queue, and another request has the turn.
            if Arc::strong_count(queue) > self.waiting.saturating_add(1) {
                return Err(Fault::TooManyWaiting { limit: self.waiting });
            }
            Arc::clone(queue)
        };
        let queued = Queued { resource, queues: Arc::clone(&self.queues) };
        if let Ok(turn) = Arc::clone(&queue).try_lock_owned() {
            return Ok(Place { _turn: turn, _queued: queued });
        }
        let _place = admit()?;
        match tokio::time::timeout(self.patience, queue.lock_owned()).await {
            Ok(turn) => Ok(Place { _turn: turn, _queued: queued }),
            Err(_) => Err(Fault::TurnTimeout { seconds: self.patience.as_secs() }),
        }
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        // A request that waits or has the turn also holds the queue; nobody can come in
        // meanwhile.
        if queues.get(&self.resource).is_some_and(|queue| Arc::strong_count(queue) == 1) {
            queues.remove(&self.resource);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    impl Queues {
        async fn next(&self, resource: &str) -> Result<Place, Fault> {
            self.wait(resource.to_owned(), || Ok(())).await
        }
    }

    #[tokio::test]
    async fn one_at_a_time_and_nothing_is_kept() {
        let turns = Queues::new(1, PATIENCE);
        let first = turns.next("a/1").await.unwrap();
        let _other = turns.next("a/2").await.unwrap();
        let hasty = Queues { patience: Duration::from_millis(10), ..turns.clone() };
        assert_eq!(hasty.next("a/1").await.unwrap_err(), Fault::TurnTimeout { seconds: 0 });
        drop(first);
        let second = turns.next("a/1").await.unwrap();
        assert_eq!(turns.queues.lock().unwrap().len(), 2);
        drop(second);
        assert_eq!(turns.queues.lock().unwrap().len(), 1, "only a/2 is left");
    }

    #[tokio::test]
    async fn a_queue_has_an_end() {
        let turns = Queues::new(2, PATIENCE);
        let wait = || turns.next("a/1");
        let first = wait().await.unwrap();
        let (mut second, mut third) = (Box::pin(wait()), Box::pin(wait()));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        assert_eq!(wait().await.unwrap_err(), Fault::TooManyWaiting { limit: 2 });
        drop(turns.next("a/2").await.unwrap());
        drop(first);
        let second = second.await.unwrap();
        let mut fourth = Box::pin(wait());
        assert!(fourth.as_mut().now_or_never().is_none(), "it waits: one has gone on");
        drop((second, third, fourth));
        assert!(turns.queues.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn only_who_waits_needs_a_place() {
        let turns = Queues::new(2, PATIENCE);
        let full = || Err::<(), _>(Fault::TooManyWaitingInAll { limit: 0 });
        let first = turns.wait("a/1".to_owned(), full).await.unwrap();
        assert_eq!(turns.wait("a/1".to_owned(), full).await.unwrap_err(), Fault::TooManyWaitingInAll { limit: 0 });
        drop(first);
        assert!(turns.queues.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn one_who_leaves_the_queue_leaves_nothing_behind() {
        let turns = Queues::new(1, PATIENCE);
        let first = turns.next("a/1").await.unwrap();
        {
            let mut waiting = std::pin::pin!(turns.next("a/1"));
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(first);
        assert!(turns.queues.lock().unwrap().is_empty());
    }
}
