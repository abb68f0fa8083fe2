//! Stands between the socket and the HTTP implementation, and lets only checked bytes
//! through.
//!
//! hyper answers bad heads itself, without ProblemDetails, and quietly repairs others:
//! it drops a Content-Length beside a Transfer-Encoding and cuts a fragment off a
//! target. So each head is held back until it is complete and [checked](super::head),
//! and each body is [followed](super::framing) to where the next head begins. In place
//! of a bad head, hyper gets a small request of our own, and the service learns from
//! the [`Connection`] what to answer.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use solgate::fault::Fault;
use solgate_config::Limits;
use solgate_gateway::connections::LAST_CALL;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::connection::{Connection, Passed};
use super::framing::{BodyTracker, Framing};
use super::head::{self, Refusal};

/// What hyper gets in place of a head that was refused.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nHost: refused\r\nConnection: close\r\n\r\n";
/// Bytes read from the socket at once.
const READ_SIZE: usize = 8192;
/// Empty lines that are skipped before a request line (RFC 9112, 2.2).
const EMPTY_LINES: usize = 4;
/// After a refusal: how long and how much is still read and thrown away, so
/// that the client gets the answer instead of a connection reset.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 16 << 20;

/// Limits of what a client may do with a connection.
#[derive(Debug, Clone, Copy)]
pub struct GuardLimits {
    /// Bytes of a request head.
    pub head: usize,
    /// Bytes of a request target.
    pub target: usize,
    /// From the first byte of a head to its last.
    pub head_time: Duration,
    /// Without any request; also without taking any byte of an answer.
    pub idle: Duration,
}

impl From<&Limits> for GuardLimits {
    fn from(limits: &Limits) -> Self {
        Self { head: limits.head, target: limits.target, head_time: limits.head_timeout, idle: limits.idle }
    }
}

#[derive(Debug)]
enum Phase {
    /// Between requests or in a head; `scanned` bytes were searched, and the head does not end in them.
    Head {
        scanned: usize,
    },
    Body {
        tracker: BodyTracker,
        fault: Arc<OnceLock<Fault>>,
    },
    /// Nothing is let through any more.
    Refused,
    /// The connection is to end here.
    Ended,
}

/// The guarded socket.
pub struct Guard<S> {
    io: S,
    limits: GuardLimits,
    connection: Arc<Connection>,
    phase: Phase,
    /// Before the next head, in whatever pieces they came.
    empty_lines: usize,
    /// Received and not checked yet.
    incoming: BytesMut,
    /// Checked, for hyper to take.
    checked: BytesMut,
    scratch: Box<[u8; READ_SIZE]>,
    /// When the connection became idle, or the first byte of a head came: the
    /// last time that something was received or sent while nothing was waiting.
    since: Instant,
    read_timer: Pin<Box<Sleep>>,
    write_timer: Pin<Box<Sleep>>,
    write_stalled: bool,
    lingering: Option<usize>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Guard<S> {
    pub fn new(io: S, limits: GuardLimits, connection: Arc<Connection>) -> Self {
        Self {
            io,
            limits,
            connection,
            phase: Phase::Head { scanned: 0 },
            empty_lines: 0,
            incoming: BytesMut::new(),
            checked: BytesMut::new(),
            scratch: Box::new([0; READ_SIZE]),
            since: Instant::now(),
            read_timer: Box::pin(tokio::time::sleep(limits.idle)),
            write_timer: Box::pin(tokio::time::sleep(limits.idle)),
            write_stalled: false,
            lingering: None,
        }
    }

    /// The same for a connection of which some bytes were `received` already.
    pub fn begun(io: S, received: BytesMut, limits: GuardLimits, connection: Arc<Connection>) -> Self {
        Self { incoming: received, ..Self::new(io, limits, connection) }
    }

    /// Moves what can be checked from `incoming` to `checked`. Returns false if
    /// more bytes are needed.
    fn check(&mut self) -> io::Result<bool> {
        match &mut self.phase {
            Phase::Head { .. } => Ok(self.check_head()),
            Phase::Body { tracker, fault } => {
                if self.incoming.is_empty() {
                    return Ok(false);
                }
                match tracker.advance(&self.incoming) {
                    Ok(length) => {
                        self.checked = self.incoming.split_to(length);
                        if tracker.is_done() {
                            self.phase = Phase::Head { scanned: 0 };
                        }
                        Ok(true)
                    }
                    Err(reason) => {
                        let _ = fault.set(Fault::MalformedBody(reason.to_owned()));
                        self.phase = Phase::Refused;
                        Err(io::Error::new(io::ErrorKind::InvalidData, reason))
                    }
                }
            }
            Phase::Refused | Phase::Ended => Ok(false),
        }
    }

    fn check_head(&mut self) -> bool {
        let Phase::Head { scanned } = self.phase else {
            return false;
        };
        if scanned == 0 {
            while self.empty_lines < EMPTY_LINES && self.incoming.starts_with(b"\r\n") {
                self.incoming.advance(2);
                self.empty_lines = self.empty_lines.saturating_add(1);
            }
        }
        match self.incoming.first() {
            None => return false,
            Some(b'\r') if self.incoming.len() == 1 => return false,
            Some(0x16) => {
                return self.refuse(malformed("it looks like TLS, and this port takes plain HTTP"));
            }
            Some(first) if !first.is_ascii_graphic() => {
                return self.refuse(malformed("it does not start with a method"));
            }
            Some(_) => {}
        }
        let Some(end) = head_end(&self.incoming, scanned) else {
            return self.check_unfinished_head();
        };
        if end > self.limits.head {
            return self.refuse(Fault::HeadTooLarge { limit: self.limits.head });
        }
        let Some(bytes) = self.incoming.get(..end) else {
            return false;
        };
        match head::check(bytes, self.limits.target) {
            Ok(head) => {
                let passed = Passed::new(Ok((head.method, head.target)));
                let fault = passed.body_fault.clone();
                self.connection.push(passed);
                self.empty_lines = 0;
                self.checked = self.incoming.split_to(end);
                self.phase = match head.framing {
                    Framing::Length(0) => Phase::Head { scanned: 0 },
                    framing => Phase::Body { tracker: BodyTracker::new(framing), fault },
                };
                true
            }
            Err(refusal) => self.refuse(refusal),
        }
    }

    fn check_unfinished_head(&mut self) -> bool {
        // "METHOD /target": no line that long can become a good one.
        let line_limit = self.limits.target.saturating_add(64);
        let first_line = self.incoming.get(..line_limit).unwrap_or(&self.incoming);
        if self.incoming.len() > line_limit && !first_line.contains(&b'\n') {
            return self.refuse(Fault::TargetTooLong { limit: self.limits.target });
        }
        if self.incoming.len() > self.limits.head {
            return self.refuse(Fault::HeadTooLarge { limit: self.limits.head });
        }
        self.phase = Phase::Head { scanned: self.incoming.len() };
        false
    }

    fn refuse(&mut self, refusal: impl Into<Refusal>) -> bool {
        self.connection.push(Passed::new(Err(refusal.into())));
        self.incoming.clear();
        self.checked = BytesMut::from(STAND_IN);
        self.phase = Phase::Refused;
        true
    }

    /// The client will send no more.
    fn end_of_input(&mut self) {
        if let Phase::Body { fault, .. } = &self.phase {
            let _ = fault.set(Fault::MalformedBody("the connection ended before the body did".to_owned()));
        }
        self.phase = Phase::Ended;
    }

    /// Nothing to read: has that been so for too long?
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.phase, Phase::Head { .. }) {
            // The service watches over the body's time.
            return Poll::Pending;
        }
        loop {
            let idle = self.incoming.is_empty();
            let patience = if idle { self.limits.idle } else { self.limits.head_time };
            let Some(mut deadline) = self.since.checked_add(patience) else {
                return Poll::Pending;
            };
            let last_call = self.last_call();
            if let Some(last_call) = last_call {
                deadline = deadline.min(last_call);
            }
            if self.read_timer.deadline() != deadline {
                self.read_timer.as_mut().reset(deadline);
            }
            ready!(self.read_timer.as_mut().poll(context));
            // A head that is not whole by the last call is that of nobody's request yet.
            if !idle && last_call != Some(deadline) {
                self.refuse(Fault::RequestTimeout { seconds: patience.as_secs() });
                return Poll::Ready(());
            }
            if !self.connection.is_busy() {
                self.phase = Phase::Ended;
                return Poll::Ready(());
            }
            self.since = Instant::now();
        }
    }

    /// Until when a connection without a request is open that is to end.
    fn last_call(&self) -> Option<Instant> {
        self.connection.ending()?.max(self.since).checked_add(LAST_CALL)
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(self.scratch.as_mut_slice());
        ready!(Pin::new(&mut self.io).poll_read(context, &mut buffer))?;
        let received = buffer.filled();
        if self.lingering.is_none() {
            if self.incoming.is_empty() {
                self.since = Instant::now();
            }
            self.incoming.extend_from_slice(received);
        }
        Poll::Ready(Ok(received.len()))
    }

    /// Looks after a write: ends one that is waiting for a client which takes nothing.
    fn watch_write(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(result) = &written {
            self.connection.sent(result.as_ref().map_or(0, |bytes| *bytes));
            self.write_stalled = false;
            if self.incoming.is_empty() {
                self.since = Instant::now();
            }
            return written;
        }
        self.poll_stalled(context).map(Err)
    }

    /// The same for what TLS has taken, and not passed on yet; a plain socket has
    /// nothing of this kind.
    fn watch_flush(&mut self, context: &mut Context<'_>, flushed: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        if flushed.is_ready() {
            self.write_stalled = false;
            return flushed;
        }
        self.poll_stalled(context).map(Err)
    }

    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if !self.write_stalled {
            self.write_stalled = true;
            if let Some(deadline) = Instant::now().checked_add(self.limits.idle) {
                self.write_timer.as_mut().reset(deadline);
            }
        }
        ready!(self.write_timer.as_mut().poll(context));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.checked.is_empty() {
                let count = this.checked.len().min(buffer.remaining());
                buffer.put_slice(&this.checked.split_to(count));
                return Poll::Ready(Ok(()));
            }
            if this.check()? {
                continue;
            }
            match this.phase {
                Phase::Ended => return Poll::Ready(Ok(())),
                // The answer ends the connection; until then there is nothing to say.
                Phase::Refused => return Poll::Pending,
                Phase::Head { .. } | Phase::Body { .. } => {}
            }
            match this.poll_receive(context)? {
                Poll::Ready(0) => this.end_of_input(),
                Poll::Ready(_) => {}
                Poll::Pending => ready!(this.poll_patience(context)),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(context, bytes);
        this.watch_write(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(context, slices);
        this.watch_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(context);
        this.watch_flush(context, flushed)
    }

    /// Ends our side at once, and reads on for a while if the client may still
    /// be sending: to close with unread input would reset the connection and
    /// could take the answer with it.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.lingering.is_none() {
            let ended = Pin::new(&mut this.io).poll_shutdown(context);
            ready!(this.watch_flush(context, ended))?;
            let quiet = matches!(this.phase, Phase::Ended)
                || (matches!(this.phase, Phase::Head { .. }) && this.incoming.is_empty());
            if quiet {
                return Poll::Ready(Ok(()));
            }
            this.lingering = Some(0);
            if let Some(deadline) = Instant::now().checked_add(LINGER) {
                this.read_timer.as_mut().reset(deadline);
            }
        }
        while this.lingering.is_some_and(|dropped| dropped < LINGER_BYTES) {
            if this.read_timer.as_mut().poll(context).is_ready() {
                break;
            }
            match ready!(this.poll_receive(context)) {
                Ok(0) | Err(_) => break,
                Ok(count) => this.lingering = this.lingering.map(|dropped| dropped.saturating_add(count)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The length of the head that `bytes` start with, if it is complete. The first
/// `scanned` bytes are known to hold no end. A bare LF counts as the end of a
/// line, so that a head with one is complete and can be refused.
fn head_end(bytes: &[u8], scanned: usize) -> Option<usize> {
    let mut at = scanned.saturating_sub(3);
    while let Some(offset) = memchr::memchr(b'\n', bytes.get(at..)?) {
        let next = at.checked_add(offset)?.checked_add(1)?;
        match bytes.get(next..)? {
            [b'\n', ..] => return next.checked_add(1),
            [b'\r', b'\n', ..] => return next.checked_add(2),
            _ => at = next,
        }
    }
    None
}

fn malformed(reason: &str) -> Fault {
    Fault::MalformedHead(reason.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Takes everything, and passes nothing on: TLS to a client that reads nothing.
    struct Stuck;

    impl AsyncRead for Stuck {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Stuck {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn nobody_keeps_a_connection_by_taking_nothing() {
        let limits = GuardLimits { idle: Duration::from_millis(20), ..GuardLimits::from(&Limits::default()) };
        let guard = || Guard::new(Stuck, limits, Arc::default());
        let patience = Duration::from_secs(20);
        let mut flushed = guard();
        flushed.write_all(b"answer").await.unwrap();
        let error = tokio::time::timeout(patience, flushed.flush()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let error = tokio::time::timeout(patience, guard().shutdown()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
