//! The clock by which evaluations are cut off. It ticks while something is evaluated,
//! and a moment longer: an idle gate does not wake the machine.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// How often it ticks.
const TICK: Duration = Duration::from_millis(1);
/// Ticks without any evaluation after which it stops. To start it again takes a call of
/// the system, which requests in short succession need not make.
const LINGER: u32 = 100;

/// In the lower half of [`State`]: evaluations under way.
const UNDER_WAY: u64 = (1 << 30) - 1;
/// The engine is gone.
const ENDED: u64 = 1 << 30;
/// The clock does not tick.
const STOPPED: u64 = 1 << 31;
/// In the upper half: evaluations that have begun, to see that there were some.
const BEGUN: u64 = 1 << 32;

/// Everything that evaluations and the clock tell each other, in one number.
type State = AtomicU64;

/// Keeps the deadlines of an engine.
pub(super) struct Clock {
    state: Arc<State>,
    thread: Thread,
}

/// The clock ticks for as long as this exists.
pub(super) struct Ticking<'c>(&'c State);

impl Clock {
    /// Starts the thread that ticks until the clock is dropped.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn start(engine: &wasmtime::Engine) -> io::Result<Self> {
        let state = Arc::new(State::default());
        let (shared, engine) = (Arc::clone(&state), engine.clone());
        let thread = std::thread::Builder::new().name("solgate-clock".to_owned()).spawn(move || {
            let (mut before, mut quiet) = (0, 0_u32);
            loop {
                let now = shared.load(Ordering::Relaxed);
                if now & ENDED != 0 {
                    return;
                }
                engine.increment_epoch();
                let busy = now != before || now & UNDER_WAY != 0;
                (before, quiet) = (now, if busy { 0 } else { quiet.saturating_add(1) });
                let stop = || shared.compare_exchange(now, now | STOPPED, Ordering::SeqCst, Ordering::Relaxed).is_ok();
                if quiet > LINGER && stop() {
                    quiet = 0;
                    // Whoever begins an evaluation wakes it, and so does the end of the engine.
                    // It may also wake for no reason, and stops again.
                    std::thread::park();
                } else {
                    std::thread::sleep(TICK);
                }
            }
        })?;
        Ok(Self { state, thread: thread.thread().clone() })
    }

    /// Lets it tick during an evaluation.
    pub(super) fn during(&self) -> Ticking<'_> {
        let before = self.state.fetch_add(BEGUN | 1, Ordering::SeqCst);
        if before & STOPPED != 0 {
            self.state.fetch_and(!STOPPED, Ordering::SeqCst);
            self.thread.unpark();
        }
        Ticking(&self.state)
    }
}

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.state.fetch_or(ENDED, Ordering::SeqCst);
        self.thread.unpark();
    }
}
