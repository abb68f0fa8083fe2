//! The body of an answer, which brings its connection along.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use super::{Connection, Pool};

/// The body of an answer. Read to its end, it gives its connection back, if that can be
/// used again; dropped before, it closes it.
pub struct PooledBody {
    /// What came with the head.
    first: Option<Result<Frame<Bytes>, BodyError>>,
    body: Incoming,
    /// Why there is no more, to be said the next time.
    failed: Option<BodyError>,
    connection: Option<Box<Connection>>,
    reusable: bool,
    pool: Arc<Pool>,
    /// Since when there is nothing to read.
    waiting: Option<Instant>,
    /// Only for a body for which somebody had to wait.
    silence: Option<Pin<Box<Sleep>>>,
}

/// Why an answer ends before its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the connection failed")]
    Broken(#[source] hyper::Error),
    #[error("nothing came for {0:?}")]
    Silent(Duration),
}

impl PooledBody {
    pub(super) fn new(body: Incoming, connection: Box<Connection>, reusable: bool, pool: &Arc<Pool>) -> Self {
        let mut pooled = Self {
            first: None,
            body,
            failed: None,
            connection: Some(connection),
            reusable,
            pool: Arc::clone(pool),
            waiting: None,
            silence: None,
        };
        // A short body usually came with its head: the connection is free at once.
        if let Poll::Ready(first) = pooled.poll_body(&mut Context::from_waker(Waker::noop())) {
            pooled.first = first;
        }
        pooled
    }

    /// Whose answer it is.
    pub fn authority(&self) -> Option<&Authority> {
        self.pool.address.uri().authority()
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        // Only the driver fills the body, so nobody else has to wake this task.
        let mut polled = self.poll_filled();
        if polled.is_pending()
            && let Some(connection) = &mut self.connection
        {
            connection.drive(context);
            polled = self.poll_filled();
        }
        if (matches!(polled, Poll::Ready(None)) || self.body.is_end_stream())
            && let Some(connection) = self.connection.take()
            && self.reusable
        {
            self.pool.put(connection);
        }
        polled
    }

    fn poll_filled(&mut self) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(&mut Context::from_waker(Waker::noop()));
        polled.map_err(BodyError::Broken)
    }

    /// Nothing to read: has that been so for too long? The time counts only while
    /// somebody waits, so not while a client takes nothing.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<BodyError> {
        let limit = self.pool.silence;
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let silence = self.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        loop {
            ready!(silence.as_mut().poll(context));
            match since.checked_add(limit).filter(|end| *end > Instant::now()) {
                // It was set for an earlier wait.
                Some(end) => silence.as_mut().reset(end),
                None => break,
            }
        }
        self.connection = None;
        Poll::Ready(BodyError::Silent(limit))
    }
}

impl Body for PooledBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(error) = this.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let mut polled = match this.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => this.poll_body(context),
        };
        if polled.is_pending() {
            polled = this.poll_silence(context).map(|error| Some(Err(error)));
        } else {
            this.waiting = None;
        }
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
