//! The client's end of a connection: bytes that come in pieces.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Gives its input piece by piece, then ends; takes whatever is written.
pub struct Socket<'i> {
    input: Cow<'i, [u8]>,
    at: usize,
    step: usize,
    /// How many more times there is nothing yet, before it ends.
    linger: usize,
    written: Rc<RefCell<Vec<u8>>>,
}

impl<'i> Socket<'i> {
    /// The socket, and what will have been written to it.
    pub fn new(input: &'i [u8], step: usize) -> (Self, Rc<RefCell<Vec<u8>>>) {
        Self::lingering(input, step, 0)
    }

    /// The same for one that does not end at once: so often it has nothing to read before.
    pub fn lingering(input: impl Into<Cow<'i, [u8]>>, step: usize, linger: usize) -> (Self, Rc<RefCell<Vec<u8>>>) {
        let written = Rc::default();
        (Self { input: input.into(), at: 0, step, linger, written: Rc::clone(&written) }, written)
    }
}

impl AsyncRead for Socket<'_> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let rest = &this.input[this.at..];
        let piece = &rest[..this.step.min(buffer.remaining()).min(rest.len())];
        if piece.is_empty() && this.linger > 0 {
            this.linger -= 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        buffer.put_slice(piece);
        this.at += piece.len();
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
