//! Judging on threads of the module's own, so that no worker of Envoy stands still.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use solgate_embedded::Step;

use crate::envoy::Scheduler;
use crate::trial::{Panicked, Trial};

/// The largest request, with the facts on it, in bytes, that a worker judges itself: that
/// takes some 0.1 ms (docs/performance.md), to hand it over and back half as much.
pub const SMALL: usize = 64 << 10;

/// What wakes the filter up whose trial has come further.
pub const JUDGED: u64 = 1;

/// Most trials that wait for a thread, and for how long.
const QUEUE: usize = 1024;
const PATIENCE: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce() + Send>;

/// There is no room for a trial, or no thread.
pub struct NoRoom;

/// How far a trial has come on another thread.
pub struct Advanced {
    pub trial: Box<Trial>,
    pub step: Result<Step, Stopped>,
}

/// Why a trial did not go on.
pub enum Stopped {
    Panicked,
    /// It has waited for a thread for too long.
    Waited,
}

/// Where a trial comes back to.
pub struct Slot(Mutex<Place>);

enum Place {
    Awaited,
    Here(Box<Advanced>),
    /// The request is gone, and must not be woken.
    Gone,
}

impl Slot {
    /// Takes the trial, if it is here.
    pub fn take(&self) -> Option<Advanced> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *place, Place::Awaited) {
            Place::Here(advanced) => Some(*advanced),
            other => {
                *place = other;
                None
            }
        }
    }

    /// The request is gone. Afterwards it is not woken any more.
    pub fn leave(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Place::Gone;
    }

    fn put(&self, advanced: Advanced, scheduler: &Scheduler) {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*place, Place::Awaited) {
            *place = Place::Here(Box::new(advanced));
            // Within the lock: when `leave` has returned, Envoy may be at its end.
            scheduler.wake(JUDGED);
        }
    }
}

/// Lets a trial go on elsewhere.
///
/// # Errors
/// There is no room.
pub fn send(mut trial: Box<Trial>, scheduler: Scheduler) -> Result<Arc<Slot>, NoRoom> {
    let slot = Arc::new(Slot(Mutex::new(Place::Awaited)));
    let (back, begun) = (Arc::clone(&slot), Instant::now());
    let job = Box::new(move || {
        let step = if begun.elapsed() > PATIENCE {
            Err(Stopped::Waited)
        } else {
            trial.go_on().map_err(|Panicked| Stopped::Panicked)
        };
        back.put(Advanced { trial, step }, &scheduler);
    });
    submit(job)?;
    Ok(slot)
}

fn submit(job: Job) -> Result<(), NoRoom> {
    static THREADS: OnceLock<Option<SyncSender<Job>>> = OnceLock::new();
    let queue = THREADS.get_or_init(start).as_ref().ok_or(NoRoom)?;
    queue.try_send(job).map_err(|_| NoRoom)
}

/// As many threads as there are processors: with more, all would take longer.
fn start() -> Option<SyncSender<Job>> {
    let (queue, jobs) = sync_channel(QUEUE);
    let jobs = Arc::new(Mutex::new(jobs));
    let count = std::thread::available_parallelism().map_or(1, |count| count.get());
    let started = (0..count).filter(|_| {
        let jobs = Arc::clone(&jobs);
        let thread = std::thread::Builder::new().name("solgate-judge".to_owned());
        thread.spawn(move || run(&jobs)).inspect_err(|error| tracing::error!(%error, "a thread is missing")).is_ok()
    });
    (started.count() > 0).then_some(queue)
}

fn run(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}
