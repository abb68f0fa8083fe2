//! The body of an answer, which also sees when the request has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use hyper::body::{Body, Frame, SizeHint};
use solgate::fault::Fault;
use solgate_gateway::pipeline::Exchange;
use solgate_gateway::shares::AnswerInFlight;
use solgate_upstream::pool::{BodyError, PooledBody};

use super::connection::Connection;
use super::http2::streams::OpenStream;

/// A request of a connection that has not been answered to the end; dropped, it tells
/// the connection.
pub struct InFlight(pub Arc<Connection>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.finished();
    }
}

/// To where an answer goes, and how much of it may wait there.
pub enum Flow {
    Connection(InFlight),
    Stream(OpenStream),
}

impl Flow {
    fn begins(&self) {
        match self {
            Self::Connection(in_flight) => in_flight.0.begins(),
            Self::Stream(_) => {}
        }
    }

    fn poll_room(&self, context: &Context<'_>) -> Poll<()> {
        match self {
            Self::Connection(in_flight) => in_flight.0.poll_room(context),
            // Of a stream more is asked for only when its client has room.
            Self::Stream(stream) => {
                stream.asked();
                Poll::Ready(())
            }
        }
    }

    fn handed_over(&self, bytes: usize) {
        match self {
            Self::Connection(in_flight) => in_flight.0.handed_over(bytes),
            Self::Stream(stream) => stream.handed_over(),
        }
    }

    /// Whether the connection ends with an answer, of whose request a part may be `unread`.
    pub fn ends(&self, unread: bool) -> bool {
        match self {
            Self::Connection(in_flight) => unread || in_flight.0.is_last(),
            Self::Stream(_) => false,
        }
    }
}

enum Content {
    Own(Option<Bytes>),
    Upstream(PooledBody),
}

/// The body of an answer. The exchange ends with it.
pub struct Answer {
    content: Content,
    // Dropped in this order: the connection is free before the request is reported.
    flow: Flow,
    exchange: Exchange,
    /// Of a VNFM.
    _counted: Option<AnswerInFlight>,
}

impl Answer {
    /// The gate's own answer.
    #[must_use]
    pub fn own(response: Response<Bytes>, mut exchange: Exchange, flow: Flow) -> Response<Self> {
        exchange.answered(response.status());
        let content = |body: Bytes| Content::Own(Some(body).filter(|body| !body.is_empty()));
        response.map(|body| Self { content: content(body), flow, exchange, _counted: None })
    }

    /// Passes an answer of the VNFM on.
    #[must_use]
    pub fn pass(
        response: Response<PooledBody>,
        mut exchange: Exchange,
        flow: Flow,
        counted: AnswerInFlight,
    ) -> Response<Self> {
        exchange.answered(response.status());
        flow.begins();
        let counted = Some(counted);
        response.map(|body| Self { content: Content::Upstream(body), flow, exchange, _counted: counted })
    }
}

/// The VNFM's answer ends before its end, of which the client has the head.
fn cut(exchange: &mut Exchange, body: &PooledBody, error: &BodyError) {
    let upstream = body.authority().map(tracing::field::display);
    tracing::warn!(upstream, %error, "the VNFM failed in the middle of its answer");
    exchange.failed(&match error {
        BodyError::Broken(_) => Fault::UpstreamCut,
        BodyError::Silent(limit) => Fault::UpstreamSilent { seconds: limit.as_secs() },
    });
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = match &mut this.content {
            Content::Own(body) => Poll::Ready(body.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Upstream(body) => {
                // What the client does not take stays with the VNFM.
                ready!(this.flow.poll_room(context));
                Pin::new(body).poll_frame(context)
            }
        };
        match (&polled, &this.content) {
            (Poll::Ready(Some(Ok(frame))), _) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                this.flow.handed_over(bytes);
                this.exchange.sent(bytes);
            }
            (Poll::Ready(Some(Err(error))), Content::Upstream(body)) => cut(&mut this.exchange, body, error),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Own(body) => body.is_none(),
            Content::Upstream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Own(body) => {
                SizeHint::with_exact(body.as_ref().map_or(0, |bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
            }
            Content::Upstream(body) => body.size_hint(),
        }
    }
}
