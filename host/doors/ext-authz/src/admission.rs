//! Admits a check if there is room for it, before any of it is in memory.
//!
//! Envoy turns an error in gRPC into whatever it is configured to, by default 403. So a
//! check for which there is no room gets the same kind of answer as every other
//! refusal: the service gets an empty check in its place, and the reason.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::Full;
use solgate::fault::Fault;
use solgate_gateway::admission::{Admission, AdmittedBody, BodyRoom};
use solgate_gateway::current::Current;
use solgate_gateway::pipeline::{Arrival, Pipeline};
use solgate_gateway::routes::ForwardedElsewhere;
use solgate_gateway::shares::Held;
use tonic::body::Body;
use tonic::server::NamedService;
use tower_service::Service;

/// A gRPC message of no bytes: flag and length.
const EMPTY: &[u8] = &[0; 5];

/// What became of the message before it was read; among the extensions of the request.
#[derive(Debug, Clone)]
pub struct Message {
    pub arrival: Arrival,
    /// Why it was put aside.
    pub admitted: Result<(), Fault>,
    /// What it takes, until there is an answer.
    held: Arc<Mutex<Option<(Held, BodyRoom)>>>,
}

impl Message {
    /// The message is about a request of this client.
    ///
    /// # Errors
    /// The client has its share of what the door may take on.
    pub fn of(&self, client: IpAddr, admission: &Admission) -> Result<(), Fault> {
        match &mut *self.held.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((place, room)) => admission.known(place, room, client),
            None => Ok(()),
        }
    }
}

impl Default for Message {
    fn default() -> Self {
        Self { arrival: Arrival::now(), admitted: Ok(()), held: Arc::default() }
    }
}

/// A service that gets no more than there is room for.
#[derive(Clone)]
pub struct CheckAdmission<S> {
    inner: S,
    pipeline: Arc<Current<Pipeline<ForwardedElsewhere>>>,
    /// Bytes of a message.
    limit: usize,
}

impl<S> CheckAdmission<S> {
    /// Messages have up to `limit` bytes.
    pub fn new(inner: S, pipeline: Arc<Current<Pipeline<ForwardedElsewhere>>>, limit: usize) -> Self {
        Self { inner, pipeline, limit: limit.saturating_add(EMPTY.len()) }
    }
}

impl<S: NamedService> NamedService for CheckAdmission<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for CheckAdmission<S>
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
        let (pipeline, limit) = (self.pipeline.get(), self.limit);
        async move {
            let arrival = Arrival::now();
            let (mut head, body) = request.into_parts();
            let (message, admitted, held) = match admit(&pipeline.admission, body, limit).await {
                Ok((place, body)) => (body.bytes, Ok(()), Some((place, body.room))),
                Err(fault) => (Bytes::from_static(EMPTY), Err(fault), None),
            };
            // What is held is free again when there is an answer.
            let held = Arc::new(Mutex::new(held));
            head.extensions.insert(Message { arrival, admitted, held: Arc::clone(&held) });
            let answer = inner.call(Request::from_parts(head, Body::new(Full::new(message)))).await;
            drop(held);
            answer
        }
        .boxed()
    }
}

/// The whole message, and what it holds of the room. One that is too long is cut,
/// which the service notices. Whose request it is stands in the message: its client is held to
/// its share when that has been read.
async fn admit(admission: &Admission, body: Body, limit: usize) -> Result<(Held, AdmittedBody), Fault> {
    let place = admission.place(None)?;
    let broken = || Fault::Handover("the check ended too early".to_owned());
    Ok((place, admission.body(body, limit, None, broken).await?))
}
