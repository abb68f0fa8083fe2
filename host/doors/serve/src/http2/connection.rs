//! A connection, with what is the same for all of its requests.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::BytesMut;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use solgate_config::Limits;
use solgate_gateway::connections::Stopping;
use tokio::io::{AsyncRead, AsyncWrite};

use super::frames::Frames;
use super::streams::{Spawner, Streams};
use crate::client::Client;
use crate::proxy::Proxy;

/// Bytes of bodies that a client may send before they are read: as many as HTTP/2 begins
/// with, of a stream and of the whole connection. So what nobody has made room for yet is
/// not more than on a connection of HTTP/1.1.
const WINDOW: u32 = 65_535;
/// Streams that may be reset before hyper has taken them.
const UNTAKEN_RESETS: usize = 20;
/// Streams with mistakes on one connection: no client means to send any.
const MISTAKES: usize = 64;
/// Bytes that each field has beside its name and value in the size of a head.
const FIELD_OVERHEAD: usize = 32;

/// Serves a connection, of which some bytes have been `received` already.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    received: BytesMut,
    (client, streams): (Client, Arc<Streams>),
    proxy: Arc<Proxy>,
    limits: Limits,
    mut stopping: Stopping,
) -> hyper::Result<()> {
    let stream = Frames::new(stream, received, &limits, proxy.connections.clone());
    let (client, of_service) = (Arc::new(client), streams.clone());
    let service = service_fn(move |request| {
        let (proxy, streams, client) = (proxy.clone(), of_service.clone(), client.clone());
        async move { Ok::<_, Infallible>(proxy.handle_stream(request, &streams, &client, &limits).await) }
    });
    let head = limits.head.saturating_add(crate::head::FIELD_LIMIT.saturating_mul(FIELD_OVERHEAD));
    let mut builder = hyper::server::conn::http2::Builder::new(Spawner { idle: limits.idle });
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(u32::try_from(limits.streams).unwrap_or(u32::MAX))
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_send_buf_size(limits.answer_buffer.min(usize::try_from(u32::MAX).unwrap_or(usize::MAX)))
        .max_pending_accept_reset_streams(UNTAKEN_RESETS)
        .max_local_error_reset_streams(MISTAKES);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    let idle = tokio::select! {
        served = &mut connection => return served,
        () = stopping.begun() => false,
        () = streams.idle(limits.idle) => true,
    };
    // The client learns by GOAWAY which of its requests will still be answered.
    connection.as_mut().graceful_shutdown();
    if !idle {
        return connection.await;
    }
    // A client that is gone without a word does not answer.
    tokio::select! {
        served = connection => served,
        () = streams.none_after(limits.head_timeout) => Ok(()),
    }
}
