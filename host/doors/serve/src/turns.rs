//! Requests that change one resource, one after the other.
//!
//! Two operations that arrive together would both be judged by a state in which
//! none runs. So the second waits until the VNFM has answered the first, and is then
//! judged by the state that this has brought about. This holds within one process;
//! the VNFM stays the authority.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// The queues of all resources of one VNFM that somebody waits for.
#[derive(Debug, Clone)]
pub struct Turns {
    queues: Arc<Mutex<HashMap<String, Arc<Queue<()>>>>>,
    /// How many may wait for one resource.
    waiting: usize,
}

/// Why a request does not get its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTurn {
    /// It did not come in time.
    Late,
    /// Too many wait already.
    Crowded,
}

/// The right to change a resource; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn {
    // Dropped in this order: the next one in the queue goes on, then the queue is
    // taken away if nobody waits.
    _turn: OwnedMutexGuard<()>,
    _place: Place,
}

/// A place in a queue, also of one who has left it.
#[derive(Debug)]
struct Place {
    resource: String,
    queues: Arc<Mutex<HashMap<String, Arc<Queue<()>>>>>,
}

impl Turns {
    /// So many may wait for one resource.
    #[must_use]
    pub fn new(waiting: usize) -> Self {
        Self { queues: Arc::default(), waiting }
    }

    /// Waits for its turn to change a resource.
    ///
    /// # Errors
    /// It does not come within `patience`, or too many wait for it.
    pub async fn wait(&self, resource: String, patience: Duration) -> Result<Turn, NoTurn> {
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queues.entry(resource.clone()).or_default();
            // The table has the queue, too, and one of the others has the turn.
            if Arc::strong_count(queue) > self.waiting.saturating_add(1) {
                return Err(NoTurn::Crowded);
            }
            Arc::clone(queue)
        };
        let place = Place { resource, queues: Arc::clone(&self.queues) };
        let turn = tokio::time::timeout(patience, queue.lock_owned()).await.map_err(|_| NoTurn::Late)?;
        Ok(Turn { _turn: turn, _place: place })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits or has the turn holds the queue, too; nobody can come in
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

    #[tokio::test]
    async fn one_at_a_time_and_nothing_is_kept() {
        let turns = Turns::new(1);
        let first = turns.wait("a/1".to_owned(), PATIENCE).await.unwrap();
        let _other = turns.wait("a/2".to_owned(), PATIENCE).await.unwrap();
        let late = turns.wait("a/1".to_owned(), Duration::from_millis(10)).await;
        assert_eq!(late.unwrap_err(), NoTurn::Late);
        drop(first);
        let second = turns.wait("a/1".to_owned(), PATIENCE).await.unwrap();
        assert_eq!(turns.queues.lock().unwrap().len(), 2);
        drop(second);
        assert_eq!(turns.queues.lock().unwrap().len(), 1, "only a/2 is left");
    }

    #[tokio::test]
    async fn a_queue_has_an_end() {
        let turns = Turns::new(2);
        let wait = || turns.wait("a/1".to_owned(), PATIENCE);
        let first = wait().await.unwrap();
        let (mut second, mut third) = (Box::pin(wait()), Box::pin(wait()));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        assert_eq!(wait().await.unwrap_err(), NoTurn::Crowded);
        drop(turns.wait("a/2".to_owned(), PATIENCE).await.unwrap());
        drop(first);
        let second = second.await.unwrap();
        let mut fourth = Box::pin(wait());
        assert!(fourth.as_mut().now_or_never().is_none(), "it waits: one has gone on");
        drop((second, third, fourth));
        assert!(turns.queues.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn one_who_leaves_the_queue_leaves_nothing_behind() {
        let turns = Turns::new(1);
        let first = turns.wait("a/1".to_owned(), PATIENCE).await.unwrap();
        {
            let mut waiting = std::pin::pin!(turns.wait("a/1".to_owned(), PATIENCE));
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(first);
        assert!(turns.queues.lock().unwrap().is_empty());
    }
}
