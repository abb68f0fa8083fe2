//! Connections of Envoys, as many as there may be at once.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::transport::server::{Connected, TcpConnectInfo};

use crate::doors::gateway::config::Limits;
use crate::doors::gateway::judging::Judging;
use crate::doors::gateway::{OpenConnection, accept, connections_possible};

/// The connections that a listener takes. Those beyond the limit are closed: Envoy
/// speaks HTTP/2, in which nothing can be said before it has.
pub fn incoming(
    listener: TcpListener,
    limits: &Limits,
    judging: Arc<Judging>,
) -> impl Stream<Item = io::Result<Counted>> + use<> {
    let slots = Arc::new(Semaphore::new(connections_possible(limits.connections)));
    let farewell = judging.farewell(None);
    unfold((listener, slots, judging, farewell), async |(listener, slots, judging, farewell)| {
        loop {
            let (stream, _) = accept(&listener).await;
            match slots.clone().try_acquire_owned() {
                Ok(slot) => {
                    let counted = Counted { stream, _slot: slot, _open: judging.connection() };
                    return Some((Ok(counted), (listener, slots, judging, farewell)));
                }
                Err(_) => farewell.say(stream),
            }
        }
    })
}

/// A connection that has one of the slots until it ends.
pub struct Counted {
    stream: TcpStream,
    _slot: OwnedSemaphorePermit,
    _open: OpenConnection,
}

impl Connected for Counted {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
