//! The connections of Envoys, plain or with TLS, as many as there may be at once.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{Stream, unfold};
use solgate_gateway::connections::accept;
use solgate_gateway::door::{NewConnection, OpenDoor};
use solgate_gateway::listen::listener::Listener;
use solgate_gateway::listen::stream::Stream as Socket;
use solgate_gateway::peer::Peer;
use solgate_gateway::routes::ForwardedElsewhere;
use solgate_gateway::shares::Held;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Bytes that a client of HTTP/2 sends first. Only then its keepalive finds out who is
/// gone.
const PREFACE: usize = 24;

/// The connections that a listener takes, for as long as it is polled. Those beyond
/// the limit are closed: Envoy speaks HTTP/2, in which nothing can be said before it
/// has. All shake hands at the same time, so that one who is slow holds nobody up.
pub fn incoming(listener: Listener, door: &OpenDoor<ForwardedElsewhere>) -> impl Stream<Item = io::Result<Counted>> {
    let listening = (listener, door, door.farewell(None));
    unfold((listening, JoinSet::new()), async |(listening, mut shaking)| {
        let (listener, door, farewell) = &listening;
        let connection = loop {
            let (stream, peer) = tokio::select! {
                Some(done) = shaking.join_next() => match done {
                    Ok(Some(connection)) => break connection,
                    _ => continue,
                },
                accepted = accept(listener) => accepted,
            };
            let place = match door.admit(peer) {
                Ok(place) => place,
                Err(full) => {
                    farewell.say(stream, full);
                    continue;
                }
            };
            let mut new = door.new_connection(stream, peer, place);
            let patience = Box::pin(tokio::time::sleep(new.limits.head_timeout));
            shaking.spawn(async move {
                let envoy = new.sender().await?;
                let NewConnection { stream, tls, place, .. } = new;
                let io = match tls {
                    None => Io::Plain(stream),
                    // A certificate is Envoy's, and not the caller's.
                    Some(tls) => Io::Tls(Box::new(tls.accept(stream, envoy).await?.0)),
                };
                Some(Counted { io, envoy, preface: Some((PREFACE, patience)), _place: place })
            });
        };
        Some((Ok(connection), (listening, shaking)))
    })
}

/// A connection that has one of the places until it ends.
pub struct Counted {
    io: Io,
    envoy: Peer,
    /// The bytes with which HTTP/2 starts and that are still to come, and until when.
    preface: Option<(usize, Pin<Box<Sleep>>)>,
    _place: Held,
}

enum Io {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Connected for Counted {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        let remote_addr = match self.envoy {
            Peer::At(address) => Some(address),
            Peer::Unix | Peer::Unknown => None,
        };
        TcpConnectInfo { local_addr: None, remote_addr }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Io::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        };
        if let Some((missing, patience)) = &mut self.preface {
            *missing = missing.saturating_sub(buffer.filled().len().saturating_sub(before));
            if *missing == 0 {
                self.preface = None;
            } else if read.is_pending() && patience.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Io::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Io::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(stream) => stream.is_write_vectored(),
            Io::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_flush(context),
            Io::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Io::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
