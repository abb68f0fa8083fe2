//! How much is worked on at a time, away from the threads that answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::fault::Fault;

/// Compilations and verdicts.
const SHORT: usize = 4;
/// Cases, replays, bakes: each takes several processors by itself.
const LONG: usize = 1;
/// Pages whose compilations are told apart.
const PAGES: usize = 64;

/// What is under way. Whoever waits for a place and goes away gives it up; work that has
/// begun is ended.
pub(crate) struct Work {
    short: Arc<Semaphore>,
    long: Arc<Semaphore>,
    /// The number of the newest compilation that each page has asked for.
    newest: Mutex<BTreeMap<String, u64>>,
}

impl Work {
    pub fn new() -> Self {
        Self { short: Arc::new(Semaphore::new(SHORT)), long: Arc::new(Semaphore::new(LONG)), newest: Mutex::default() }
    }

    pub async fn short<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        blocking(&self.short, || true, work).await
    }

    pub async fn long<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        blocking(&self.long, || true, work).await
    }

    /// As [`short`](Self::short), unless the page asks for a newer one before it begins.
    pub async fn newest<T: Send + 'static>(
        &self,
        page: &str,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let number = self.ask(page);
        blocking(&self.short, || self.is_newest(page, number), work).await
    }

    fn ask(&self, page: &str) -> u64 {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.len() >= PAGES && !newest.contains_key(page) {
            newest.clear();
        }
        let number = newest.entry(page.to_owned()).or_default();
        *number = number.saturating_add(1);
        *number
    }

    fn is_newest(&self, page: &str, number: u64) -> bool {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.get(page).is_none_or(|newest| *newest <= number)
    }
}

async fn blocking<T: Send + 'static>(
    places: &Arc<Semaphore>,
    is_wanted: impl FnOnce() -> bool,
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::Failed(format!("the work was not ended: {error}"));
    let place = Arc::clone(places).acquire_owned().await.map_err(|error| failed(&error))?;
    if !is_wanted() {
        return Err(Fault::Superseded);
    }
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    done.await.map_err(|error| failed(&error))?
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_compilations_that_wait_only_the_newest_of_a_page_begins() {
        let work = Work::new();
        let busy = Arc::clone(&work.short).acquire_many_owned(u32::try_from(SHORT).unwrap()).await.unwrap();
        let (old, other, new, ()) =
            tokio::join!(work.newest("a", || Ok(1)), work.newest("b", || Ok(2)), work.newest("a", || Ok(3)), async {
                drop(busy)
            },);
        assert!(matches!(old, Err(Fault::Superseded)), "{old:?}");
        assert_eq!((other.unwrap(), new.unwrap()), (2, 3));
        assert_eq!(work.newest("a", || Ok(4)).await.unwrap(), 4);
    }
}
