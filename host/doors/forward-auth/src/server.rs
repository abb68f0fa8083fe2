//! Listens for servers that ask.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;
use http::header::CONNECTION;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use solgate::fault::Fault;
use solgate_access::tls::Protocol;
use solgate_config::networks::Networks;
use solgate_config::{Config, Limits};
use solgate_gateway::build_gate::GateBuilder;
use solgate_gateway::connections::Stopping;
use solgate_gateway::door::{Door, NewConnection};
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::peer::Peer;
use solgate_gateway::reload::Reload;
use solgate_gateway::routes::ForwardedElsewhere;
use tokio::io::{AsyncRead, AsyncWrite};

use super::service::{Service, VERDICT};

/// The door, listening.
pub struct ForwardAuth {
    door: Door<ForwardedElsewhere>,
    /// Servers that may ask.
    asking: Networks,
}

impl ForwardAuth {
    /// Builds the gates and takes the address. Servers that [`Config::asking`] names may ask.
    ///
    /// # Errors
    /// As [`Door::bind`].
    pub async fn bind(
        config: &Config,
        inherited: Inherited,
        build_gate: GateBuilder<'_>,
    ) -> Result<Self, GatewayError> {
        let door = Door::bind("forward-auth", config, Protocol::Http1, inherited, build_gate).await?;
        Ok(Self { door, asking: config.asking.clone() })
    }

    /// Replaces policies while it answers.
    #[must_use]
    pub fn with_reload(mut self, reload: Reload) -> Self {
        self.door = self.door.with_reload(reload);
        self
    }

    /// Its addresses, and how it keeps requests apart.
    #[must_use]
    pub fn door(&self) -> &Door<ForwardedElsewhere> {
        &self.door
    }

    /// Answers until `shutdown` is ready, then lets requests in flight finish
    /// within the drain limit. Returns how many connections were cut.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> usize {
        let (listener, door) = self.door.open();
        let mut full = door.pipeline.get().without_gate(&Fault::TooManyConnections, None);
        full.headers_mut().insert(VERDICT, HeaderValue::from_static("refuse"));
        let service = Arc::new(Service { pipeline: door.pipeline.clone(), asking: self.asking });
        let cut = door
            .connections(listener, &full, shutdown, |connection, stopping| {
                accept(connection, stopping, service.clone())
            })
            .await;
        door.close().await;
        cut
    }
}

async fn accept(mut connection: NewConnection, stopping: Stopping, service: Arc<Service>) {
    let Some(peer) = connection.sender().await else { return };
    let NewConnection { stream, tls, limits, place: _place, closing, .. } = connection;
    match tls {
        None => serve(stream, peer, service, limits, stopping, closing).await,
        Some(tls) => {
            // A certificate is that of the server that asks, and not the caller's.
            let Some((stream, _)) = tls.accept(stream, peer).await else { return };
            Box::pin(serve(stream, peer, service, limits, stopping, closing)).await;
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: Peer,
    service: Arc<Service>,
    limits: Limits,
    mut stopping: Stopping,
    closing: Arc<AtomicBool>,
) {
    let service = service_fn(move |request| {
        let (service, closing) = (service.clone(), closing.clone());
        async move {
            let mut answer = service.answer(request, peer).await.map(Full::new);
            if closing.load(Ordering::Relaxed) {
                answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        // The fields that the server adds come on top of the client's.
        .max_headers(512)
        .max_buf_size(limits.head.saturating_add(64 << 10));
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let served = tokio::select! {
        served = &mut connection => served,
        () = stopping.last_call() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "connection ended");
    }
}
