//! Work that several threads share.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// More do not make a start faster.
const MOST_THREADS: usize = 4;

/// Does `work` with each of `items`, each thread with what `begin` gives. Returns the
/// first error, after which nothing new is begun.
pub(crate) fn share<T: Send, S, E: Send>(
    items: Vec<T>,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(items.len());
    let items = Mutex::new(items.into_iter());
    let failed = Mutex::new(None);
    let next = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || {
        let mut state = begin();
        while let Some(item) = next() {
            if let Err(error) = work(&mut state, item) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                while next().is_some() {}
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Without a further thread this one does it all.
            if thread::Builder::new().name("solgate-unpack".to_owned()).spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}
