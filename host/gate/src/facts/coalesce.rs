//! Identical fetches that run at the same time share one request to the VNFM.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::FactAnswer;
use super::cache::Key;

type Answer = BoxFuture<'static, FactAnswer>;

/// The fetches that are under way.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<UnderWay>>);

#[derive(Default)]
struct UnderWay {
    /// Orders questions and the starts of fetches.
    clock: u64,
    flights: HashMap<Key, Flight>,
}

struct Flight {
    began: u64,
    /// Weak: when nobody waits any more, the fetch ends.
    answer: WeakShared<Answer>,
}

enum Turn {
    /// Wait for this; it began before the question was put.
    Join(Shared<Answer>),
    /// Wait for this; it began after the question was put.
    Own(Shared<Answer>),
    /// Wait until this is over, then ask again.
    After(Shared<Answer>),
}

impl Flights {
    /// The answer to the question `key`, from a fetch that is under way or from a
    /// new one, and whether that fetch began before this call. With `fresh` it
    /// never did: what the VNFM says may have changed since it was asked.
    pub(super) async fn answer(&self, key: Key, fresh: bool, start: impl Fn() -> Answer) -> (FactAnswer, bool) {
        let asked = self.lock().tick();
        loop {
            match self.turn(key, asked, fresh, &start) {
                Turn::Join(answer) => return (answer.await, true),
                Turn::Own(answer) => return (answer.await, false),
                // Any fetch that is found after this one began later than `asked`.
                Turn::After(answer) => drop(answer.await),
            }
        }
    }

    fn turn(&self, key: Key, asked: u64, fresh: bool, start: &impl Fn() -> Answer) -> Turn {
        let mut under_way = self.lock();
        if let Some((began, answer)) =
            under_way.flights.get(&key).and_then(|flight| Some((flight.began, flight.answer.upgrade()?)))
        {
            return match (began > asked, fresh) {
                (true, _) => Turn::Own(answer),
                (false, false) => Turn::Join(answer),
                (false, true) => Turn::After(answer),
            };
        }
        let began = under_way.tick();
        let landing = Landing { flights: self.clone(), key, began };
        let fetch = start();
        let answer = async move {
            let _landing = landing;
            fetch.await
        }
        .boxed()
        .shared();
        if let Some(weak) = answer.downgrade() {
            under_way.flights.insert(key, Flight { began, answer: weak });
        }
        Turn::Own(answer)
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    fn tick(&mut self) -> u64 {
        self.clock = self.clock.saturating_add(1);
        self.clock
    }
}

/// Forgets a fetch when it is over, or given up by all who waited for it.
struct Landing {
    flights: Flights,
    key: Key,
    began: u64,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut under_way = self.flights.lock();
        if under_way.flights.get(&self.key).is_some_and(|flight| flight.began == self.began) {
            under_way.flights.remove(&self.key);
        }
    }
}
