//! Lets a check in if there is room for it, before any of it is in memory.
//!
//! Envoy makes of an error in gRPC whatever it is configured to, by default 403. So
//! what there is no room for gets the same kind of answer as every other refusal: in
//! the place of the check the service finds an empty one, and why.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::Full;
use solgate::body::{Unread, collect};
use solgate::fault::Fault;
use solgate_gateway::admission::{BodyRoom, Place};
use solgate_gateway::judging::Judging;
use tonic::body::Body;
use tonic::server::NamedService;
use tower_service::Service;

/// A gRPC message of no bytes: flag and length.
const EMPTY: &[u8] = &[0; 5];

/// Why the message of a request was put aside; among the request's extensions.
#[derive(Debug, Clone)]
pub struct NotAdmitted(pub Fault);

/// A service that gets no more than there is room for.
#[derive(Clone)]
pub struct Admitted<S> {
    inner: S,
    judging: Arc<Judging>,
    /// Bytes of a message.
    limit: usize,
    /// For all of a message.
    patience: Duration,
}

impl<S> Admitted<S> {
    /// Messages have up to `limit` bytes, and come within `patience`.
    pub fn new(inner: S, judging: Arc<Judging>, limit: usize, patience: Duration) -> Self {
        Self { inner, judging, limit: limit.saturating_add(EMPTY.len()), patience }
    }
}

impl<S: NamedService> NamedService for Admitted<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Admitted<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that is ready goes with the request.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let (judging, limit, patience) = (Arc::clone(&self.judging), self.limit, self.patience);
        async move {
            let (mut head, body) = request.into_parts();
            let late = || Err(Fault::RequestTimeout { seconds: patience.as_secs() });
            // What is held is free again when there is an answer.
            let (message, _held) =
                match tokio::time::timeout(patience, admit(&judging, body, limit)).await.unwrap_or_else(|_| late()) {
                    Ok((message, held)) => (message, Some(held)),
                    Err(fault) => {
                        head.extensions.insert(NotAdmitted(fault));
                        (Bytes::from_static(EMPTY), None)
                    }
                };
            inner.call(Request::from_parts(head, Body::new(Full::new(message)))).await
        }
        .boxed()
    }
}

/// The whole message, and what it holds of the room. One that is too long is cut,
/// which the service notices.
async fn admit(judging: &Judging, body: Body, limit: usize) -> Result<(Bytes, (Place, BodyRoom)), Fault> {
    let place = judging.admission().request()?;
    let mut room = judging.admission().body();
    match collect(body, limit, |bytes| room.grow(bytes)).await {
        Ok((message, _)) => Ok((message, (place, room))),
        Err(Unread::NoRoom) => Err(room.fault()),
        Err(Unread::Broken(_)) => Err(Fault::Handover("the check breaks off".to_owned())),
    }
}
