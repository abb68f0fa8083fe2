//! The body of an answer, which also sees when the request has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::Response;
use hyper::body::{Body, Frame, SizeHint};
use solgate::fault::Fault;
use solgate::record::Outcome;
use solgate_config::LogFormat;
use solgate_gateway::metrics::Metrics;
use solgate_gateway::verdict::handling;
use solgate_telemetry::decision_log;
use solgate_telemetry::decision_log::{Record, TARGET};
use solgate_telemetry::record_file::HeldRecord;
use solgate_telemetry::spans::RequestSpan;
use solgate_upstream::pool::{BodyError, PooledBody};

use super::connection::Connection;

/// Follows one request to its end, however it ends: dropped, it writes the log
/// line and counts.
pub struct Watch {
    pub record: Record,
    pub started: Instant,
    pub connection: Arc<Connection>,
    pub metrics: Arc<Metrics>,
    pub format: LogFormat,
    /// The decision, to be recorded when the request has ended.
    pub held: Option<HeldRecord>,
    pub span: Option<RequestSpan>,
}

impl Watch {
    /// The request ends with a fault.
    pub fn fault(&mut self, fault: &Fault) {
        self.record.verdict = Outcome::Fault;
        self.record.rule = Some(fault.id().to_owned());
        self.record.upstream_fault = fault.is_of_upstream().then(|| fault.id());
    }

    /// The VNFM's answer ends before its end, of which the client has the head.
    fn cut(&mut self, body: &PooledBody, error: &BodyError) {
        let upstream = body.authority().map(tracing::field::display);
        tracing::warn!(upstream, %error, "the VNFM failed within its answer");
        self.fault(&match error {
            BodyError::Broken(_) => Fault::UpstreamCut,
            BodyError::Silent(limit) => Fault::UpstreamSilent { seconds: limit.as_secs() },
        });
    }

    /// Makes the answer from its head and our own body.
    #[must_use]
    pub fn answer(mut self, response: Response<Bytes>) -> Response<Answer> {
        self.record.status = Some(response.status().as_u16());
        response.map(|body| Answer { content: Content::Own(Some(body).filter(|body| !body.is_empty())), watch: self })
    }

    /// Passes an answer of the VNFM on.
    #[must_use]
    pub fn pass(mut self, response: Response<PooledBody>) -> Response<Answer> {
        self.record.status = Some(response.status().as_u16());
        self.record.upstream_status = self.record.status;
        response.map(|body| Answer { content: Content::Upstream(body), watch: self })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.connection.finished();
        self.record.micros.total = decision_log::micros(self.started.elapsed());
        if let Some(line) = self.record.line(self.format) {
            tracing::info!(target: TARGET, line = line.as_str());
        }
        if let Some(held) = self.held.take() {
            held.offer(handling(&self.record));
        }
        if let Some(span) = &mut self.span {
            span.end(&self.record);
        }
        self.metrics.request(&mut self.record);
    }
}

enum Content {
    Own(Option<Bytes>),
    Upstream(PooledBody),
}

/// The body of an answer.
pub struct Answer {
    content: Content,
    watch: Watch,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = match &mut this.content {
            Content::Own(body) => Poll::Ready(body.take().map(|bytes| Ok(Frame::data(bytes)))),
            Content::Upstream(body) => Pin::new(body).poll_frame(context),
        };
        match (&polled, &this.content) {
            (Poll::Ready(Some(Ok(frame))), _) => {
                let length = frame.data_ref().map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX));
                this.watch.record.response_bytes = this.watch.record.response_bytes.saturating_add(length);
            }
            (Poll::Ready(Some(Err(error))), Content::Upstream(body)) => this.watch.cut(body, error),
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
