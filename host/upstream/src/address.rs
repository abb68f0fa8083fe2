//! One address of a VNFM, and what the gate has found there.
//!
//! What is found decides in which order addresses are tried. It refuses no request: if
//! nothing better is left, an address is tried that has failed before.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::Uri;

/// How long an address is left out that takes no connection: at first, and at most. The time
/// doubles with each attempt that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    pub first: Duration,
    pub most: Duration,
}

impl Default for Rest {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), most: Duration::from_secs(60) }
    }
}

impl Rest {
    /// After so many failures in a row.
    fn after(self, failures: u32) -> Duration {
        let factor = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor.max(1)).min(self.most)
    }
}

/// Why an address is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// It takes no connection.
    Connect,
    /// Its health check fails.
    Check,
}

/// An address, scheme, host and port, with its health.
#[derive(Debug)]
pub struct Address {
    uri: Uri,
    /// False: the state holds nothing of interest.
    marked: AtomicBool,
    state: Mutex<State>,
    left_out: [AtomicU64; 2],
}

#[derive(Debug, Default)]
struct State {
    /// Connections that were not opened, one attempt after the other.
    failures: u32,
    /// To when it rests; after a failure only.
    until: Option<Instant>,
    /// Somebody tries it again.
    tried: bool,
    /// The last checks said so.
    bad: bool,
    /// Checks in a row that say otherwise.
    turning: u32,
}

/// Whether an address is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Good,
    /// It has rested.
    Due,
    /// It rests until then, if it ends by itself.
    Resting(Option<Instant>),
}

impl State {
    fn is_healthy(&self) -> bool {
        self.failures == 0 && !self.bad
    }

    fn standing(&self, now: Instant) -> Standing {
        match self.until {
            _ if self.bad => Standing::Resting(None),
            _ if self.failures == 0 => Standing::Good,
            Some(until) if until > now => Standing::Resting(Some(until)),
            _ => Standing::Due,
        }
    }
}

impl Address {
    /// At this URI, scheme and authority; nothing bad is known of it.
    #[must_use]
    pub fn new(uri: Uri) -> Arc<Self> {
        Arc::new(Self { uri, marked: AtomicBool::new(false), state: Mutex::default(), left_out: Default::default() })
    }

    /// Scheme and authority.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Host and port.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.uri.authority().map_or("", |authority| authority.as_str())
    }

    /// It takes connections, and its health check passes if there is one, as far as is known.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        !self.marked.load(Ordering::Relaxed) || self.state().is_healthy()
    }

    /// How often it began to be left out for this reason.
    #[must_use]
    pub fn times_left_out(&self, reason: LeftOut) -> u64 {
        self.counter(reason).load(Ordering::Relaxed)
    }

    /// Nobody checks it any more: what the last check has said does not count.
    pub fn unchecked(&self) {
        let mut state = self.state();
        (state.bad, state.turning) = (false, 0);
        self.marked.store(!state.is_healthy(), Ordering::Relaxed);
    }

    pub(crate) fn standing(&self) -> Standing {
        if !self.marked.load(Ordering::Relaxed) {
            return Standing::Good;
        }
        self.state().standing(Instant::now())
    }

    /// Takes it upon oneself to try an address that has rested; others leave it out for as
    /// long as that may take. False if somebody else does.
    pub(crate) fn claim(&self, limit: Duration) -> bool {
        let (mut state, now) = (self.state(), Instant::now());
        let due = state.standing(now) == Standing::Due;
        if due {
            (state.until, state.tried) = (now.checked_add(limit), true);
        }
        due
    }

    /// It has taken a connection.
    pub(crate) fn connected(&self, vnfm: &str) {
        if !self.marked.load(Ordering::Relaxed) {
            return;
        }
        let mut state = self.state();
        let before = state.is_healthy();
        (state.failures, state.until, state.tried) = (0, None, false);
        self.changed(vnfm, before, &state);
    }

    /// It has taken none.
    pub(crate) fn failed(&self, cause: &dyn Display, rest: Rest, vnfm: &str) {
        let (mut state, now) = (self.state(), Instant::now());
        // Others that have begun at the same time have found the same.
        if state.until.is_some_and(|until| until > now) && !state.tried {
            return;
        }
        let before = state.is_healthy();
        state.failures = state.failures.saturating_add(1);
        (state.until, state.tried) = (now.checked_add(rest.after(state.failures)), false);
        self.marked.store(true, Ordering::Relaxed);
        if before {
            self.leaves(LeftOut::Connect, vnfm, &cause.to_string());
        }
    }

    /// A health check has passed, or failed for this reason. It takes `fails` or `passes` of
    /// them in a row to change what is known.
    pub(crate) fn checked(&self, result: Result<(), &str>, (fails, passes): (u32, u32), vnfm: &str) {
        let mut state = self.state();
        let before = state.is_healthy();
        if result.is_err() == state.bad {
            state.turning = 0;
            return;
        }
        state.turning = state.turning.saturating_add(1);
        match result {
            Err(reason) if state.turning >= fails => {
                (state.bad, state.turning) = (true, 0);
                self.marked.store(true, Ordering::Relaxed);
                if before {
                    self.leaves(LeftOut::Check, vnfm, reason);
                }
            }
            Ok(()) if state.turning >= passes => {
                (state.bad, state.turning) = (false, 0);
                self.changed(vnfm, before, &state);
            }
            _ => {}
        }
    }

    fn changed(&self, vnfm: &str, before: bool, state: &State) {
        self.marked.store(!state.is_healthy(), Ordering::Relaxed);
        if !before && state.is_healthy() {
            tracing::info!(upstream = vnfm, address = self.authority(), "the VNFM is reached at this address again");
        }
    }

    fn leaves(&self, reason: LeftOut, vnfm: &str, cause: &str) {
        self.counter(reason).fetch_add(1, Ordering::Relaxed);
        let address = self.authority();
        match reason {
            LeftOut::Connect => {
                tracing::warn!(upstream = vnfm, address, cause, "the VNFM cannot be reached at this address")
            }
            LeftOut::Check => {
                tracing::warn!(upstream = vnfm, address, cause, "the VNFM fails its health check at this address")
            }
        }
    }

    fn counter(&self, reason: LeftOut) -> &AtomicU64 {
        let [connect, check] = &self.left_out;
        match reason {
            LeftOut::Connect => connect,
            LeftOut::Check => check,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const CAUSE: &str = "no connection";
    const LONG: Duration = Duration::from_secs(600);

    fn address() -> Arc<Address> {
        Address::new("http://10.0.0.1:9890".parse().unwrap())
    }

    #[test]
    fn an_address_that_fails_rests_and_is_tried_by_one() {
        let (address, rest) = (address(), Rest { first: LONG, most: LONG });
        address.failed(&CAUSE, rest, "vnfm");
        // Those that had begun at the same time.
        address.failed(&CAUSE, rest, "vnfm");
        assert!(!address.is_healthy() && matches!(address.standing(), Standing::Resting(Some(_))));
        assert_eq!((address.state().failures, address.times_left_out(LeftOut::Connect)), (1, 1));
        assert!(!address.claim(LONG));
        address.state().until = Some(Instant::now());
        assert_eq!(address.standing(), Standing::Due);
        assert!(address.claim(LONG) && !address.claim(LONG));
        address.failed(&CAUSE, rest, "vnfm");
        assert_eq!((address.state().failures, address.times_left_out(LeftOut::Connect)), (2, 1));
        address.connected("vnfm");
        assert!(address.is_healthy() && address.standing() == Standing::Good);
    }

    #[test]
    fn the_rest_doubles_up_to_a_limit() {
        let rest = Rest { first: Duration::from_secs(1), most: Duration::from_secs(5) };
        let seconds: Vec<u64> = [1, 2, 3, 4, 40, u32::MAX].map(|failures| rest.after(failures).as_secs()).into();
        assert_eq!(seconds, [1, 2, 4, 5, 5, 5]);
    }

    #[test]
    fn checks_count_in_a_row() {
        let address = address();
        let check = |good: bool| {
            address.checked(if good { Ok(()) } else { Err("500") }, (2, 3), "vnfm");
            address.is_healthy()
        };
        assert!([false, true, false].into_iter().all(check));
        assert!(!check(false) && address.standing() == Standing::Resting(None));
        assert!(![true, true, false, true, true].into_iter().any(check));
        assert!(check(true));
        assert_eq!(address.times_left_out(LeftOut::Check), 1);
        check(false);
        check(false);
        address.unchecked();
        assert!(address.is_healthy());
    }
}
