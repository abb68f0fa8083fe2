//! What holds now of something that is replaced while it is in use.

use std::sync::Arc;

use tokio::sync::watch::{Receiver, Sender};

/// One value after the other. Whoever has got one keeps it, whatever follows.
#[derive(Debug)]
pub struct Current<T>(Sender<Arc<T>>);

impl<T> Current<T> {
    /// Begins with this value.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Sender::new(Arc::new(value)))
    }

    /// The value that holds now.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        self.0.borrow().clone()
    }

    /// From here on this value holds. Returns the one before.
    pub fn replace(&self, value: T) -> Arc<T> {
        self.0.send_replace(Arc::new(value))
    }

    /// Notices each value that follows.
    #[must_use]
    pub fn follow(&self) -> Receiver<Arc<T>> {
        self.0.subscribe()
    }
}
