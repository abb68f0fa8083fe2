//! Accepts connections, as many as there may be at once, and stops in good order.

use std::future::Future;
use std::time::Duration;

use solgate_config::Limits;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::farewell::Farewell;
use crate::listen::listener::Listener;
use crate::listen::stream::Stream;
use crate::peer::Peer;
use crate::shares::{Full, Held};

/// Wait after a connection could not be taken, usually for want of file
/// descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// For which a connection that is quiet stays open when no more are taken: a request that
/// its client has just sent is answered. To close at once would lose it.
pub const LAST_CALL: Duration = Duration::from_millis(300);

/// The last part of the lame duck, in which no connection begins. Within it those that have
/// begun are accepted and have sent their request.
const LAST_MOMENTS: Duration = Duration::from_millis(200);

/// Waits for the end of a lame duck. In the last moments no connection begins any more, so
/// that none is cut off when the listener is closed.
pub async fn lame_duck(time: Duration, listener: &Listener) {
    let last = time.min(LAST_MOMENTS);
    tokio::time::sleep(time.saturating_sub(last)).await;
    if !last.is_zero() {
        listener.take_no_more();
        tokio::time::sleep(last).await;
    }
}

/// Tells the connections of a door that it takes no more.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Ready when each connection is to end after the request in flight.
    pub async fn begun(&mut self) {
        // An error says that the door is gone already.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }

    /// Ready when a connection is to end on which nothing has come since.
    pub async fn last_call(&mut self) {
        self.begun().await;
        tokio::time::sleep(LAST_CALL).await;
    }
}

/// Hands connections to `serve` until `shutdown` is ready; those to which `admit` gives
/// no place are bid `farewell`. Then takes no more, and lets requests in flight finish
/// within the drain limit. Returns how many connections were cut.
///
/// `serve` follows the [`Stopping`] of its connection, so that it ends after the request in
/// flight.
pub async fn connections<C>(
    listener: Listener,
    limits: Limits,
    admit: impl Fn(Peer) -> Result<Held, Full>,
    farewell: Farewell,
    shutdown: impl AsyncFnOnce(&Listener),
    serve: impl Fn(Stream, Peer, Stopping, Held) -> C,
) -> usize
where
    C: Future<Output = ()> + Send + 'static,
{
    let (stop, stopping) = watch::channel(false);
    let mut open = JoinSet::new();
    let take = |open: &mut JoinSet<()>, (stream, peer)| match admit(peer) {
        Ok(place) => drop(open.spawn(serve(stream, peer, Stopping(stopping.clone()), place))),
        Err(full) => farewell.say(stream, full),
    };
    {
        let mut shutdown = std::pin::pin!(shutdown(&listener));
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = open.join_next() => {}
                connection = accept(&listener) => take(&mut open, connection),
            }
        }
    }
    listener.close().into_iter().for_each(|connection| take(&mut open, connection));
    stop.send_replace(true);
    let _ = tokio::time::timeout(limits.drain, async { while open.join_next().await.is_some() {} }).await;
    while open.try_join_next().is_some() {}
    let cut = open.len();
    open.shutdown().await;
    cut
}

/// The next connection.
pub async fn accept(listener: &Listener) -> (Stream, Peer) {
    loop {
        match listener.accept().await {
            Ok(connection) => return connection,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
