//! Listens, takes connections, and stops in good order.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;
use http::header::CONNECTION;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use solgate::fault::Fault;
use solgate_access::tls::Protocol;
use solgate_config::{Config, Limits};
use solgate_gateway::build_gate::GateBuilder;
use solgate_gateway::door::{Door, NewConnection};
use solgate_gateway::error::GatewayError;
use solgate_gateway::reload::Reload;
use tokio::io::{AsyncRead, AsyncWrite};

use super::client::{Client, Handshake};
use super::connection::Connection;
use super::forward::Upstream;
use super::guard::{Guard, GuardLimits};
use super::proxy::Proxy;
use super::via::Pseudonym;

/// The reverse proxy, listening.
pub struct Server {
    door: Door<Upstream>,
}

impl Server {
    /// Builds the gates and takes the addresses; from then on clients can
    /// connect, and are served when [`run`](Self::run) is.
    ///
    /// # Errors
    /// As [`Door::bind`].
    pub async fn bind(config: &Config, build_gate: GateBuilder<'_>) -> Result<Self, GatewayError> {
        Ok(Self { door: Door::bind("serve", config, Protocol::Http1, build_gate).await? })
    }

    /// Replaces policies while it serves.
    #[must_use]
    pub fn with_reload(mut self, reload: Reload) -> Self {
        self.door = self.door.with_reload(reload);
        self
    }

    /// Its addresses, and how it keeps requests apart.
    #[must_use]
    pub fn door(&self) -> &Door<Upstream> {
        &self.door
    }

    /// Serves until `shutdown` is ready, then lets requests in flight finish
    /// within the drain limit. Returns how many connections were cut.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> usize {
        let (listener, door) = self.door.open();
        let proxy = Arc::new(Proxy { pipeline: door.pipeline.clone(), pseudonym: Pseudonym::default() });
        let full = door.pipeline.get().without_gate(&Fault::TooManyConnections, None);
        let cut = door
            .connections(listener, &full, shutdown, |connection, watcher| {
                serve_client(connection, watcher, proxy.clone())
            })
            .await;
        door.close().await;
        cut
    }
}

async fn serve_client(mut connection: NewConnection, watcher: Watcher, proxy: Arc<Proxy>) {
    let Some(peer) = connection.sender().await else { return };
    let NewConnection { stream, tls, limits, place: _place, stopping, .. } = connection;
    // An IPv4 client stays one on a socket for both.
    let address = peer.map(|peer| peer.ip().to_canonical());
    let served = match tls {
        None => serve_connection(stream, Client { address, tls: None }, proxy, limits, watcher, stopping).await,
        Some(tls) => {
            let Some((stream, certificate)) = tls.accept(stream, peer).await else { return };
            let client = Client { address, tls: Some(Handshake { asked: tls.asks_clients(), certificate }) };
            // Boxed, so that plain connections do not reserve memory for TLS.
            Box::pin(serve_connection(stream, client, proxy, limits, watcher, stopping)).await
        }
    };
    if let Err(error) = served {
        tracing::debug!(peer = peer.map(tracing::field::display), %error, "connection ended");
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    client: Client,
    proxy: Arc<Proxy>,
    limits: Limits,
    watcher: Watcher,
    stopping: Arc<AtomicBool>,
) -> hyper::Result<()> {
    let connection = Arc::new(Connection::new(limits.answer_buffer));
    let guard = Guard::new(stream, GuardLimits::from(&limits), connection.clone());
    let client = Arc::new(client);
    let service = service_fn(move |request| {
        let (proxy, connection, client) = (proxy.clone(), connection.clone(), client.clone());
        let stopping = stopping.clone();
        async move {
            let mut answer = proxy.handle(request, connection, &client).await;
            if stopping.load(Ordering::Relaxed) {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    // The guard has its own, and answers when they are passed.
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .preserve_header_case(true)
        // As to the VNFM: answers are small.
        .writev(false)
        .max_buf_size(limits.head.saturating_add(64 << 10));
    watcher.watch(builder.serve_connection(TokioIo::new(guard), service)).await
}
