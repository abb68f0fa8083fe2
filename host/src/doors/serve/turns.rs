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

/// The queues of all resources that somebody waits for.
#[derive(Debug, Default)]
pub struct Turns {
    queues: Arc<Mutex<HashMap<String, Arc<Queue<()>>>>>,
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
    /// Waits for its turn to change a resource; `None` if that does not come within
    /// `patience`.
    pub async fn wait(&self, resource: String, patience: Duration) -> Option<Turn> {
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(resource.clone()).or_default())
        };
        let place = Place { resource, queues: Arc::clone(&self.queues) };
        let turn = tokio::time::timeout(patience, queue.lock_owned()).await.ok()?;
        Some(Turn { _turn: turn, _place: place })
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
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn one_at_a_time_and_nothing_is_kept() {
        let turns = Turns::default();
        let first = turns.wait("a/1".to_owned(), PATIENCE).await.unwrap();
        let _other = turns.wait("a/2".to_owned(), PATIENCE).await.unwrap();
        assert!(turns.wait("a/1".to_owned(), Duration::from_millis(10)).await.is_none());
        drop(first);
        let second = turns.wait("a/1".to_owned(), PATIENCE).await.unwrap();
        assert_eq!(turns.queues.lock().unwrap().len(), 2);
        drop(second);
        assert_eq!(turns.queues.lock().unwrap().len(), 1, "only a/2 is left");
    }

    #[tokio::test]
    async fn one_who_leaves_the_queue_leaves_nothing_behind() {
        let turns = Turns::default();
        let first = turns.wait("a/1".to_owned(), PATIENCE).await.unwrap();
        {
            let mut waiting = std::pin::pin!(turns.wait("a/1".to_owned(), PATIENCE));
            assert!(futures_util::poll!(&mut waiting).is_pending());
        }
        drop(first);
        assert!(turns.queues.lock().unwrap().is_empty());
    }
}
