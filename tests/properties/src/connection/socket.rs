//! The client's end of a connection: bytes that come in pieces.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Gives its input piece by piece, then ends; takes whatever is written.
pub struct Socket<'i> {
    rest: &'i [u8],
    step: usize,
    written: Rc<RefCell<Vec<u8>>>,
}

impl<'i> Socket<'i> {
    /// The socket, and what will have been written to it.
    pub fn new(input: &'i [u8], step: usize) -> (Self, Rc<RefCell<Vec<u8>>>) {
        let written = Rc::default();
        (Self { rest: input, step, written: Rc::clone(&written) }, written)
    }
}

impl AsyncRead for Socket<'_> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let (piece, rest) = this.rest.split_at(this.step.min(buffer.remaining()).min(this.rest.len()));
        buffer.put_slice(piece);
        this.rest = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.written.borrow_mut().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
