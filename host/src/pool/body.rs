//! The body of an answer, which brings its connection along.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::{Connection, Pool};

/// The body of an answer. Read to its end, it gives its connection back;
/// dropped before, it closes it.
pub struct PooledBody {
    /// What came with the head.
    first: Option<Result<Frame<Bytes>, hyper::Error>>,
    body: Incoming,
    /// Why there is no more, to be said the next time.
    failed: Option<hyper::Error>,
    lease: Option<Lease>,
}

struct Lease {
    connection: Box<Connection>,
    pool: Arc<Pool>,
}

impl PooledBody {
    pub(super) fn new(body: Incoming, connection: Box<Connection>, pool: &Arc<Pool>) -> Self {
        let mut pooled =
            Self { first: None, body, failed: None, lease: Some(Lease { connection, pool: Arc::clone(pool) }) };
        // A short body usually came with its head: the connection is free at once.
        if let Poll::Ready(first) = pooled.poll_body(&mut Context::from_waker(Waker::noop())) {
            pooled.first = first;
        }
        pooled
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        // Only the driver fills the body, so nobody else has to wake this task.
        let mut polled = self.poll_filled();
        if polled.is_pending()
            && let Some(lease) = &mut self.lease
        {
            lease.connection.drive(context);
            polled = self.poll_filled();
        }
        if (matches!(polled, Poll::Ready(None)) || self.body.is_end_stream())
            && let Some(Lease { connection, pool }) = self.lease.take()
        {
            pool.put(connection);
        }
        polled
    }

    fn poll_filled(&mut self) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(&mut Context::from_waker(Waker::noop()))
    }
}

impl Body for PooledBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let polled = match this.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => this.poll_body(context),
        };
        match polled {
            // An error ends the client's connection at once. What came before it
            // is to be sent first, which happens when there is nothing to do.
            Poll::Ready(Some(Err(error))) => {
                this.failed = Some(error);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            polled => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.failed.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.body.size_hint();
        // Of what is left, the first frame is a part.
        if let Some(Ok(frame)) = &self.first
            && let Some(ahead) = frame.data_ref()
        {
            let ahead = u64::try_from(ahead.len()).unwrap_or(u64::MAX);
            let lower = hint.lower().saturating_add(ahead);
            match hint.upper().map(|upper| upper.saturating_add(ahead)) {
                Some(upper) if upper == lower => hint = SizeHint::with_exact(upper),
                Some(upper) => {
                    hint.set_upper(upper);
                    hint.set_lower(lower);
                }
                None => hint.set_lower(lower),
            }
        }
        hint
    }
}
