//! Work that takes long, beside the requests.

use tokio::sync::oneshot;

/// Does work on a thread of its own, for which nothing waits when the process is told
/// to end. `None` if there is no thread to be had, or it panics.
pub async fn aside<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, result) = oneshot::channel();
    let work = move || {
        // Nobody waits any more if the door has closed.
        let _ = done.send(work());
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(work).ok()?;
    result.await.ok()
}
