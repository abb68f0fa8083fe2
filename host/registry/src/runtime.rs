//! Waits for the network where the caller cannot.

use std::future::Future;

use crate::error::RegistryError;

/// Runs this on a thread of its own and waits for it: those who load policies are on a thread
/// that may wait, within a runtime or without one.
///
/// # Errors
/// There is no thread to be had, or it panics.
pub fn wait_for<T: Send>(work: impl Future<Output = T> + Send) -> Result<T, RegistryError> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        Some(runtime.block_on(work))
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("solgate-registry".to_owned()).spawn_scoped(scope, run);
        thread.ok()?.join().ok().flatten()
    })
    .ok_or(RegistryError::Thread)
}
