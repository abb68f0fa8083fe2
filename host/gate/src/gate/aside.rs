//! Large evaluations, run beside the other work of a thread.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Largest input, in bytes, that is evaluated on the thread that received it.
const INLINE: usize = 64 << 10;

/// How long a large evaluation waits for others.
const PATIENCE: Duration = Duration::from_secs(5);

/// As many at a time as there are processors: with more, all would take longer, and
/// in the end longer than they may.
static ROOM: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, |count| count.get())));

/// Where an evaluation takes place.
pub enum Place {
    /// At once, on this thread.
    Here,
    /// Such that the other tasks of this thread do not wait for it.
    Aside(SemaphorePermit<'static>),
}

impl Place {
    /// For an evaluation over `input` bytes; `None` if there is no room for a long
    /// time.
    pub async fn find(input: usize) -> Option<Self> {
        let movable =
            || Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        if input <= INLINE || !movable() {
            return Some(Self::Here);
        }
        tokio::time::timeout(PATIENCE, ROOM.acquire()).await.ok()?.ok().map(Self::Aside)
    }

    /// Evaluates there.
    pub fn run<T>(self, evaluate: impl FnOnce() -> T) -> T {
        match self {
            Self::Here => evaluate(),
            Self::Aside(_permit) => tokio::task::block_in_place(evaluate),
        }
    }
}
