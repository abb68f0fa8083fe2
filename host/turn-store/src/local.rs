//! Leases within one process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use crate::lease::{Holder, LeaseStore, Renewed, StoreError, Taken};

/// Leases within one process, for the time in which others cannot be asked.
#[derive(Debug, Default)]
pub struct LocalStore {
    leases: Mutex<HashMap<String, Lease>>,
}

#[derive(Debug)]
struct Lease {
    holder: Holder,
    note: String,
    end: Instant,
}

/// From so many on, those that have ended are looked for.
const MANY: usize = 64;

impl LocalStore {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Lease>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_now(&self, resource: &str, holder: &Holder, time: Duration) -> Taken {
        let (mut leases, now) = (self.lock(), Instant::now());
        if let Some(Lease { holder, note, .. }) = leases.get(resource).filter(|lease| lease.end > now) {
            return Taken::Held { holder: holder.clone(), note: note.clone() };
        }
        if leases.len() >= MANY && leases.len().is_power_of_two() {
            leases.retain(|_, lease| lease.end > now);
        }
        leases.insert(resource.to_owned(), Lease { holder: holder.clone(), note: String::new(), end: end(now, time) });
        Taken::Yes
    }

    fn renew_now(&self, resource: &str, holder: &Holder, note: &str, time: Duration) -> Renewed {
        let (mut leases, now) = (self.lock(), Instant::now());
        let renewed = match leases.get(resource).filter(|lease| lease.end > now) {
            Some(lease) if lease.holder == *holder => Renewed::Kept,
            Some(_) => return Renewed::Lost,
            None => Renewed::Again,
        };
        let lease = Lease { holder: holder.clone(), note: note.to_owned(), end: end(now, time) };
        leases.insert(resource.to_owned(), lease);
        renewed
    }

    fn give_back_now(&self, resource: &str, holder: &Holder) {
        let mut leases = self.lock();
        if leases.get(resource).is_some_and(|lease| lease.holder == *holder) {
            leases.remove(resource);
        }
    }
}

/// Far away if there is no such time.
fn end(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or(now)
}

impl LeaseStore for LocalStore {
    fn take<'a>(
        &'a self,
        resource: &'a str,
        holder: &'a Holder,
        time: Duration,
    ) -> BoxFuture<'a, Result<Taken, StoreError>> {
        ready(Ok(self.take_now(resource, holder, time))).boxed()
    }

    fn renew<'a>(
        &'a self,
        resource: &'a str,
        holder: &'a Holder,
        note: &'a str,
        time: Duration,
    ) -> BoxFuture<'a, Result<Renewed, StoreError>> {
        ready(Ok(self.renew_now(resource, holder, note, time))).boxed()
    }

    fn give_back<'a>(&'a self, resource: &'a str, holder: &'a Holder) -> BoxFuture<'a, Result<(), StoreError>> {
        self.give_back_now(resource, holder);
        ready(Ok(())).boxed()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_one_holders_until_it_ends() {
        let (store, long) = (LocalStore::default(), Duration::from_secs(60));
        let (one, two) = (Holder::unique().unwrap(), Holder::unique().unwrap());
        assert_eq!(store.take_now("a", &one, long), Taken::Yes);
        assert_eq!(store.take_now("a", &two, long), Taken::Held { holder: one.clone(), note: String::new() });
        assert_eq!(store.take_now("b", &two, Duration::ZERO), Taken::Yes);
        assert_eq!(store.renew_now("a", &one, "seen", long), Renewed::Kept);
        assert_eq!(store.take_now("a", &two, long), Taken::Held { holder: one.clone(), note: "seen".to_owned() });
        store.give_back_now("a", &two);
        assert_eq!(store.renew_now("a", &two, "", long), Renewed::Lost);
        store.give_back_now("a", &one);
        assert_eq!(store.take_now("a", &two, long), Taken::Yes);
        assert_eq!(store.renew_now("b", &two, "", long), Renewed::Again, "it had ended");
    }

    #[test]
    fn what_has_ended_is_not_kept() {
        let store = LocalStore::default();
        let one = Holder::unique().unwrap();
        for resource in 0..10_000 {
            store.take_now(&resource.to_string(), &one, Duration::ZERO);
        }
        assert!(store.lock().len() <= MANY);
    }
}
