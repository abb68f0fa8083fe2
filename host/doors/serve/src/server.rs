//! Listens, takes connections, and stops in good order.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::BytesMut;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use solgate::fault::Fault;
use solgate_access::tls::{HTTP2, Protocol};
use solgate_config::{Config, Limits};
use solgate_gateway::build_gate::GateBuilder;
use solgate_gateway::connection_metrics::Farewells;
use solgate_gateway::connections::Stopping;
use solgate_gateway::door::{Door, NewConnection};
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::reload::Reload;
use solgate_gateway::shares::Held;
use tokio::io::{AsyncRead, AsyncWrite};

use super::client::{Client, Handshake};
use super::connection::Connection;
use super::forward::Upstream;
use super::guard::{Guard, GuardLimits};
use super::http2::connection as http2;
use super::http2::streams::{Streams, WITH_CONNECTION};
use super::preface::{self, Begun};
use super::proxy::Proxy;
use super::via::Pseudonym;

/// The reverse proxy, listening.
pub struct Server {
    door: Door<Upstream>,
    /// Clients may speak HTTP/2.
    http2: bool,
}

impl Server {
    /// Builds the gates and takes the addresses; from then on clients can
    /// connect, and are served when [`run`](Self::run) is.
    ///
    /// # Errors
    /// As [`Door::bind`].
    pub async fn bind(
        config: &Config,
        inherited: Inherited,
        build_gate: GateBuilder<'_>,
    ) -> Result<Self, GatewayError> {
        let protocol = if config.http2 { Protocol::Either } else { Protocol::Http1 };
        let door = Door::bind("serve", config, protocol, inherited, build_gate).await?;
        Ok(Self { door, http2: config.http2 })
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
        let proxy = Arc::new(Proxy {
            pipeline: door.pipeline.clone(),
            pseudonym: Pseudonym::default(),
            http2: self.http2,
            connections: door.connection_metrics().clone(),
        });
        let full = door.pipeline.get().without_gate(&Fault::TooManyConnections, None);
        let cut = door
            .connections(listener, &full, shutdown, |connection, stopping| {
                serve_client(connection, stopping, proxy.clone())
            })
            .await;
        door.close().await;
        cut
    }
}

async fn serve_client(mut connection: NewConnection, stopping: Stopping, proxy: Arc<Proxy>) {
    let Some(peer) = connection.sender().await else { return };
    let NewConnection { mut stream, tls, limits, place, connections, closing, .. } = connection;
    let course = Course { proxy, limits, stopping, closing, place, connections };
    let served = match tls {
        None => {
            let client = Client { peer, tls: None };
            if course.proxy.http2 {
                let mut stopping = course.stopping.clone();
                let begun = tokio::select! {
                    begun = preface::begin(&mut stream, &limits) => begun,
                    () = stopping.last_call() => None,
                };
                let Some(Begun { received, is_http2 }) = begun else { return };
                if is_http2 {
                    Box::pin(course.http2(stream, received, client)).await
                } else {
                    course.http1(stream, received, client).await
                }
            } else {
                course.http1(stream, BytesMut::new(), client).await
            }
        }
        Some(tls) => {
            let Some((stream, certificate)) = tls.accept(stream, peer).await else { return };
            let client = Client { peer, tls: Some(Handshake { asked: tls.asks_clients(), certificate }) };
            // Boxed, so that plain connections do not reserve memory for TLS.
            if stream.get_ref().1.alpn_protocol() == Some(HTTP2) {
                Box::pin(course.http2(stream, BytesMut::new(), client)).await
            } else {
                Box::pin(course.http1(stream, BytesMut::new(), client)).await
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// What every connection has.
struct Course {
    proxy: Arc<Proxy>,
    limits: Limits,
    stopping: Stopping,
    /// The next answer is the last one.
    closing: Arc<AtomicBool>,
    /// Among all connections.
    place: Held,
    /// As many as there may be.
    connections: usize,
}

impl Course {
    async fn http1<S>(self, stream: S, received: BytesMut, client: Client) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { proxy, limits, mut stopping, closing, place: _place, .. } = self;
        let connection = Arc::new(Connection::new(limits.answer_buffer, closing));
        let guard = Guard::begun(stream, received, GuardLimits::from(&limits), connection.clone());
        let (client, of_service) = (Arc::new(client), connection.clone());
        let service = service_fn(move |request| {
            let (proxy, connection, client) = (proxy.clone(), of_service.clone(), client.clone());
            async move { Ok::<_, Infallible>(proxy.handle(request, connection, &client).await) }
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
        let mut served = std::pin::pin!(builder.serve_connection(TokioIo::new(guard), service));
        tokio::select! {
            served = &mut served => return served,
            () = stopping.begun() => {}
        }
        // hyper would close a connection at once on which no request is under way, even if
        // one has come that is not read yet. The guard waits a moment.
        connection.end();
        served.await
    }

    async fn http2<S>(mut self, stream: S, received: BytesMut, client: Client) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let more = WITH_CONNECTION.saturating_sub(1);
        if self.proxy.pipeline.get().admission.more_connections(&mut self.place, more, self.connections).is_err() {
            self.proxy.connections.refused.count(Farewells::Closed);
            return Ok(());
        }
        let Self { proxy, limits, stopping, place: _place, connections, .. } = self;
        let streams = Arc::new(Streams::new(connections));
        http2::serve(stream, received, (client, streams), proxy, limits, stopping).await
    }
}
