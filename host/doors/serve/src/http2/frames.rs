//! The frames of a client, on their way to the HTTP implementation.
//!
//! Every frame costs the gate some work. A client that sends requests and bodies pays for
//! its other frames with them; one that sends frames without content only, or resets what
//! it asks for again and again, is cut. So is one that leaves a head unfinished, or that
//! does not take what is sent to it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use solgate_config::Limits;
use solgate_gateway::connection_metrics::{ConnectionMetrics, Http2Cut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Bytes of the preface of a client.
const PREFACE: usize = 24;
/// Bytes before the content of a frame.
const FRAME_HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// With which a connection begins, and the most that it may have.
const CREDIT: u64 = 4100;
/// Added in each second: pings and the like of a client that is quiet.
const PER_SECOND: u64 = 100;
/// Added by a request.
const REQUEST: u64 = 10;
/// A cancelled request is as good as any; to cancel most of them is not. The credit is for
/// 200 at one time, twice as many as there may be streams.
const RESET: u64 = 20;
/// Bytes of bodies and answers that add one.
const CONTENT: u64 = 512;

/// What a client may still send without content.
struct Credit {
    left: u64,
    added: Instant,
    /// Bytes of content that have not added anything yet.
    bytes: u64,
}

impl Credit {
    fn new() -> Self {
        Self { left: CREDIT, added: Instant::now(), bytes: 0 }
    }

    fn add(&mut self, credit: u64) {
        self.left = self.left.saturating_add(credit).min(CREDIT);
    }

    fn content(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        self.add(self.bytes / CONTENT);
        self.bytes %= CONTENT;
    }

    /// False if there is not so much.
    fn take(&mut self, credit: u64) -> bool {
        if self.left < credit {
            let seconds = self.added.elapsed().as_secs();
            if seconds > 0 {
                self.added = Instant::now();
                self.add(seconds.saturating_mul(PER_SECOND));
            }
        }
        match self.left.checked_sub(credit) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// Follows the frames in the bytes that pass.
struct Follower {
    /// Bytes of the preface or of the content of a frame that are still to come.
    skip: usize,
    head: [u8; FRAME_HEAD],
    /// Bytes of it that have come.
    have: usize,
    /// Since when a head of a request is unfinished.
    unfinished: Option<Instant>,
    credit: Credit,
}

impl Follower {
    fn new() -> Self {
        Self { skip: PREFACE, head: [0; FRAME_HEAD], have: 0, unfinished: None, credit: Credit::new() }
    }

    /// False if a client has sent too much without content.
    fn follow(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip = self.skip.saturating_sub(skipped);
            bytes = bytes.get(skipped..).unwrap_or_default();
            let Some((first, rest)) = bytes.split_first() else { break };
            if let Some(place) = self.head.get_mut(self.have) {
                *place = *first;
            }
            self.have = self.have.saturating_add(1);
            bytes = rest;
            if self.have == FRAME_HEAD {
                self.have = 0;
                if !self.frame() {
                    return false;
                }
            }
        }
        true
    }

    /// A frame begins.
    fn frame(&mut self) -> bool {
        let [a, b, c, kind, flags, ..] = self.head;
        self.skip = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
        match kind {
            HEADERS => {
                self.credit.add(REQUEST);
                self.unfinished = (flags & END_HEADERS == 0).then(Instant::now);
                true
            }
            CONTINUATION => {
                if flags & END_HEADERS != 0 {
                    self.unfinished = None;
                }
                self.credit.take(1)
            }
            // By how many bytes a client sends its body is its own affair.
            DATA if self.skip > 0 || flags & END_STREAM != 0 => {
                self.credit.content(self.skip);
                true
            }
            RST_STREAM => self.credit.take(RESET),
            _ => self.credit.take(1),
        }
    }
}

/// A connection whose frames are followed.
pub struct Frames<S> {
    io: S,
    /// Read already, and not yet handed on.
    received: BytesMut,
    follower: Follower,
    head_time: Duration,
    idle: Duration,
    read_timer: Pin<Box<Sleep>>,
    write_timer: Pin<Box<Sleep>>,
    write_stalled: bool,
    metrics: ConnectionMetrics,
}

impl<S> Frames<S> {
    /// Of a connection of which some bytes were `received`; how it is cut is counted.
    pub fn new(io: S, received: BytesMut, limits: &Limits, metrics: ConnectionMetrics) -> Self {
        Self {
            io,
            received,
            follower: Follower::new(),
            head_time: limits.head_timeout,
            idle: limits.idle,
            read_timer: Box::pin(tokio::time::sleep(limits.idle)),
            write_timer: Box::pin(tokio::time::sleep(limits.idle)),
            write_stalled: false,
            metrics,
        }
    }

    fn cut(&self, how: Http2Cut) -> io::Error {
        self.metrics.http2_cut.count(how);
        tracing::warn!(reason = how.reason(), "a connection of HTTP/2 was cut");
        io::ErrorKind::ConnectionAborted.into()
    }

    /// Nothing to read: has a head been unfinished for too long?
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let Some(deadline) = self.follower.unfinished.and_then(|since| since.checked_add(self.head_time)) else {
            return Poll::Pending;
        };
        if self.read_timer.deadline() != deadline {
            self.read_timer.as_mut().reset(deadline);
        }
        ready!(self.read_timer.as_mut().poll(context));
        Poll::Ready(self.cut(Http2Cut::Head))
    }

    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if !self.write_stalled {
            self.write_stalled = true;
            if let Some(deadline) = Instant::now().checked_add(self.idle) {
                self.write_timer.as_mut().reset(deadline);
            }
        }
        ready!(self.write_timer.as_mut().poll(context));
        Poll::Ready(self.cut(Http2Cut::Unread))
    }

    fn watch<T>(&mut self, context: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            self.write_stalled = false;
            return done;
        }
        self.poll_stalled(context).map(Err)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Frames<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if this.received.is_empty() {
            if Pin::new(&mut this.io).poll_read(context, buffer)?.is_pending() {
                return this.poll_patience(context).map(Err);
            }
        } else {
            let count = this.received.len().min(buffer.remaining());
            buffer.put_slice(this.received.get(..count).unwrap_or_default());
            this.received.advance(count);
        }
        let news = buffer.filled().get(before..).unwrap_or_default();
        if this.follower.follow(news) { Poll::Ready(Ok(())) } else { Poll::Ready(Err(this.cut(Http2Cut::Flood))) }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Frames<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(context, bytes);
        if let Poll::Ready(Ok(bytes)) = &written {
            this.follower.credit.content(*bytes);
        }
        this.watch(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(context, slices);
        if let Poll::Ready(Ok(bytes)) = &written {
            this.follower.credit.content(*bytes);
        }
        this.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.io).poll_flush(context);
        this.watch(context, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let ended = Pin::new(&mut this.io).poll_shutdown(context);
        this.watch(context, ended)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, length: usize) -> Vec<u8> {
        let length = u32::try_from(length).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags, 0, 0, 0, 1]].concat();
        [head, vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()]].concat()
    }

    fn passes(frames: &[Vec<u8>], step: usize) -> bool {
        let mut follower = Follower::new();
        let bytes = [vec![0; PREFACE], frames.concat()].concat();
        bytes.chunks(step).all(|piece| follower.follow(piece))
    }

    #[test]
    fn what_clients_send_passes_however_it_comes() {
        // Requests with bodies, and updates of two windows for each.
        let request = [
            frame(HEADERS, END_HEADERS, 60),
            frame(DATA, 0, 1),
            frame(DATA, END_STREAM, 300),
            frame(8, 0, 4),
            frame(8, 0, 4),
        ];
        let requests: Vec<Vec<u8>> = std::iter::repeat_n(request, 3000).flatten().collect();
        // As many requests are cancelled as there may be streams, twice.
        let cancelled = std::iter::repeat_n(frame(RST_STREAM, 0, 4), 200);
        let all: Vec<Vec<u8>> = requests.into_iter().chain(cancelled).collect();
        for step in [1, 7, 9, 1000] {
            assert!(passes(&all, step), "{step}");
        }
        // Half of all requests are cancelled.
        let half = [frame(HEADERS, END_HEADERS, 60), frame(HEADERS, END_HEADERS, 60), frame(RST_STREAM, 0, 4)];
        assert!(passes(&std::iter::repeat_n(half, 3000).flatten().collect::<Vec<_>>(), 1000));
    }

    #[test]
    fn floods_do_not() {
        for (what, one) in [
            ("pings", vec![frame(6, 0, 8)]),
            ("settings", vec![frame(4, 0, 0)]),
            ("priorities", vec![frame(2, 0, 5)]),
            ("window updates", vec![frame(8, 0, 4)]),
            ("empty data", vec![frame(DATA, 0, 0)]),
            ("continuations", vec![frame(CONTINUATION, 0, 1)]),
            ("unknown frames", vec![frame(200, 0, 0)]),
            ("resets", vec![frame(HEADERS, END_HEADERS | END_STREAM, 10), frame(RST_STREAM, 0, 4)]),
        ] {
            let flood: Vec<Vec<u8>> = std::iter::repeat_n(one, 5000).flatten().collect();
            assert!(!passes(&flood, 1000), "{what}");
        }
    }
}
