//! How many requests in a second clients, callers and tenants send.
//!
//! Each has a bucket of tokens, of which a request takes one. It holds as many as may come at
//! once (the burst), and fills up at the rate. What is kept of a bucket is the time at which
//! it is full: one that is full is like one that is not there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most buckets that are kept. Beyond it whoever comes for the first time is not counted: a
/// limit that cannot be kept for all is not to refuse those who have done nothing.
pub const BUCKETS: usize = 65_536;
/// From this many on, full buckets are looked for.
const FEW: usize = 1024;

/// Requests that may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In a second, in the long run.
    pub per_second: usize,
    /// At once.
    pub burst: usize,
}

/// Who has a name that a token gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    Caller,
    Tenant,
}

/// Whose requests are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sender {
    Client(IpAddr),
    Named(Named, Arc<str>),
}

/// The buckets that are not full.
#[derive(Debug)]
pub struct Rates {
    full_at: HashMap<Sender, Instant>,
    /// With so many, full ones are removed.
    look: usize,
}

impl Default for Rates {
    fn default() -> Self {
        Self { full_at: HashMap::new(), look: FEW }
    }
}

impl Rate {
    /// In which one token comes.
    fn interval(self) -> Duration {
        let nanos = 1_000_000_000_u64.checked_div(u64::try_from(self.per_second).unwrap_or(u64::MAX));
        Duration::from_nanos(nanos.unwrap_or(u64::MAX).max(1))
    }
}

impl Rates {
    /// Takes a token for a request that comes `now`.
    ///
    /// # Errors
    /// There is none; the time until there is one.
    pub fn take(&mut self, sender: Sender, rate: Rate, now: Instant) -> Result<(), Duration> {
        let interval = rate.interval();
        // An empty bucket takes so long to fill up.
        let whole = interval.saturating_mul(u32::try_from(rate.burst.max(1)).unwrap_or(u32::MAX));
        if let Some(full_at) = self.full_at.get_mut(&sender) {
            // Under the limits of now, whatever held before.
            let left = full_at.saturating_duration_since(now).min(whole);
            let then = left.saturating_add(interval);
            if then > whole {
                return Err(then.saturating_sub(whole));
            }
            *full_at = now.checked_add(then).unwrap_or(now);
            return Ok(());
        }
        if self.full_at.len() >= self.look {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.look = self.full_at.len().saturating_mul(2).clamp(FEW, BUCKETS);
        }
        if self.full_at.len() < BUCKETS {
            self.full_at.insert(sender, now.checked_add(interval).unwrap_or(now));
        }
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.full_at.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: 10, burst: 3 };

    fn client(number: u32) -> Sender {
        Sender::Client(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        let mut take = |millis: u64| rates.take(client(1), RATE, start + Duration::from_millis(millis));
        assert!((0..3).all(|_| take(0).is_ok()));
        assert_eq!(take(0), Err(Duration::from_millis(100)));
        assert_eq!(take(60), Err(Duration::from_millis(40)));
        assert!(take(100).is_ok() && take(100).is_err());
        // What was refused has taken nothing.
        assert!(take(200).is_ok() && take(200).is_err());
        assert!((0..3).all(|_| take(1000).is_ok()) && take(1000).is_err());
    }

    #[test]
    fn others_have_buckets_of_their_own() {
        let (mut rates, now) = (Rates::default(), Instant::now());
        let one = Rate { per_second: 1, burst: 1 };
        let named = |named| Sender::Named(named, "anna".into());
        for sender in [client(1), client(2), named(Named::Caller), named(Named::Tenant)] {
            assert!(rates.take(sender.clone(), one, now).is_ok());
            assert!(rates.take(sender, one, now).is_err());
        }
    }

    #[test]
    fn other_limits_hold_at_once() {
        let (mut rates, now) = (Rates::default(), Instant::now());
        let slow = Rate { per_second: 1, burst: 100 };
        assert!((0..100).all(|_| rates.take(client(1), slow, now).is_ok()));
        // It would have been full in 100 seconds; now it is within a tenth of a second.
        let fast = Rate { per_second: 100, burst: 10 };
        let wait = rates.take(client(1), fast, now).unwrap_err();
        assert!(wait <= Duration::from_millis(10), "{wait:?}");
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let (mut rates, start) = (Rates::default(), Instant::now());
        let slow = Rate { per_second: 1, burst: 1 };
        for number in 0..70_000 {
            assert!(rates.take(client(number), slow, start).is_ok(), "whoever is new is never refused");
        }
        assert_eq!(rates.count(), BUCKETS);
        assert!(rates.take(client(1), slow, start).is_err());
        assert!(rates.take(client(80_000), slow, start + Duration::from_secs(2)).is_ok());
        assert_eq!(rates.count(), 1);
    }
}
