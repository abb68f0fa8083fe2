//! Where candidates are loaded: beside the requests, and with as much memory the
//! thousandth time as the first.

use std::sync::mpsc::{Receiver, SendError, Sender, channel};

use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// A thread for work that takes long, for which nothing waits when the process is told
/// to end. It is one and the same each time: the allocator keeps memory by thread, and
/// what a short-lived one has freed is not always used again.
#[derive(Default)]
pub struct LoaderThread {
    /// None before the first work.
    queue: Option<Sender<Work>>,
}

impl LoaderThread {
    /// Does some work there. `None` if there is no thread to be had, or it panics.
    pub async fn run<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, result) = oneshot::channel();
        let work = Box::new(move || {
            // Nobody waits any more if the door has closed.
            let _ = done.send(work());
        });
        self.hand_over(work)?;
        result.await.ok()
    }

    fn hand_over(&mut self, work: Work) -> Option<()> {
        let work = match &self.queue {
            None => work,
            Some(queue) => match queue.send(work) {
                Ok(()) => return Some(()),
                // It has panicked; there is another.
                Err(SendError(work)) => work,
            },
        };
        let (queue, waiting) = channel();
        std::thread::Builder::new().name("solgate-reload".to_owned()).spawn(move || run(&waiting)).ok()?;
        queue.send(work).ok()?;
        self.queue = Some(queue);
        Some(())
    }
}

fn run(waiting: &Receiver<Work>) {
    for work in waiting {
        work();
    }
}
