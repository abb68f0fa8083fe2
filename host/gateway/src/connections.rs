//! Accepts connections, as many as there may be at once, and stops in good order.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use solgate_config::Limits;
use solgate_upstream::tcp;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::error::GatewayError;
use crate::farewell::Farewell;
use crate::shares::{Full, Held};

/// Wait after a connection could not be taken, usually for want of file
/// descriptors.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes an address; `option` is the argument that names it.
///
/// # Errors
/// It cannot be bound.
pub async fn listen(address: &str, option: &'static str) -> Result<(TcpListener, SocketAddr), GatewayError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let local = listener.local_addr()?;
        Ok((listener, local))
    };
    bound.await.map_err(|error| GatewayError::Bind { address: address.to_owned(), option, error })
}

/// The last part of the lame duck, in which no connection begins. Within it those that have
/// begun are accepted and have sent their request.
const LAST_MOMENTS: Duration = Duration::from_millis(200);

/// Waits for the end of a lame duck. In the last moments no connection begins any more, so
/// that none is cut off when the listener is closed.
pub async fn lame_duck(time: Duration, listener: &TcpListener) {
    let last = time.min(LAST_MOMENTS);
    tokio::time::sleep(time.saturating_sub(last)).await;
    if !last.is_zero() {
        tcp::take_no_more(listener);
        tokio::time::sleep(last).await;
    }
}

/// Hands connections to `serve` until `shutdown` is ready; those to which `admit` gives
/// no place are bid `farewell`. Then takes no more, and lets requests in flight finish
/// within the drain limit. Returns how many connections were cut.
///
/// `serve` lets the watcher watch its connection, so that it ends after the request
/// in flight.
pub async fn connections<C>(
    listener: TcpListener,
    limits: Limits,
    admit: impl Fn(SocketAddr) -> Result<Held, Full>,
    farewell: Farewell,
    shutdown: impl AsyncFnOnce(&TcpListener),
    serve: impl Fn(TcpStream, SocketAddr, Watcher, Held) -> C,
) -> usize
where
    C: Future<Output = ()> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut open = JoinSet::new();
    {
        let mut shutdown = std::pin::pin!(shutdown(&listener));
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(_) = open.join_next() => {}
                (stream, peer) = accept(&listener) => match admit(peer) {
                    Ok(place) => drop(open.spawn(serve(stream, peer, graceful.watcher(), place))),
                    Err(full) => farewell.say(stream, full),
                },
            }
        }
    }
    drop(listener);
    let drained = tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_ok();
    while open.try_join_next().is_some() {}
    let cut = if drained { 0 } else { open.len() };
    open.shutdown().await;
    cut
}

/// The next connection.
pub async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tcp::accepted(&stream);
                return (stream, peer);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
