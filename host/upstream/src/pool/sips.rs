//! A connection that is read a little at a time.
//!
//! hyper reads twice as much at once whenever a read fills its buffer, up to 400 KiB, and
//! hands it on in one piece. A client that takes nothing of a large answer would cost
//! that several times over. The limit of hyper's buffer is no help: it is also the limit
//! of a head.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf, Take};

/// Bytes of one read.
const SIP: u64 = 8 << 10;

/// The connection.
pub struct Sips<S>(Take<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Sips<S> {
    pub fn new(io: S) -> Self {
        Self(io.take(SIP))
    }

    fn io(self: Pin<&mut Self>) -> Pin<&mut S> {
        Pin::new(self.get_mut().0.get_mut())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Sips<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        self.0.set_limit(SIP);
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Sips<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.io().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.io().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.get_ref().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.io().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        self.io().poll_shutdown(context)
    }
}
