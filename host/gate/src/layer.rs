//! The gate as a layer of a Rust service: axum, hyper, tonic, anything that is a
//! tower service over HTTP.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::WARNING;
use http::{Request, Response};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use tower_layer::Layer;
use tower_service::Service;

use crate::body::collect;
use crate::fault::Fault;
use crate::gate::{Gate, Verdict};
use crate::request::Caller;

/// Puts a gate in front of a service.
///
/// A request is read up to the gate's [body limit](Gate::body_limit) and judged. The
/// service gets what is allowed, its body unchanged and in one piece, and what it
/// answers passes, with a Warning field for each rule that warns. The rest is
/// answered with ProblemDetails.
///
/// A [`Caller`] among the request's extensions is what the policy is told of the
/// caller: a layer outside this one that has verified a token puts it there.
#[derive(Clone)]
pub struct GateLayer {
    gate: Arc<Gate>,
}

impl GateLayer {
    /// A layer that asks `gate`.
    #[must_use]
    pub fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gated<S>;

    fn layer(&self, inner: S) -> Gated<S> {
        Gated { gate: Arc::clone(&self.gate), inner }
    }
}

/// A service with a gate in front of it.
#[derive(Clone)]
pub struct Gated<S> {
    gate: Arc<Gate>,
    inner: S,
}

/// The body of a request that the gate has let through.
pub type JudgedBody = Full<Bytes>;

/// The body of an answer: the service's own, or ProblemDetails.
pub type AnswerBody<E> = UnsyncBoxBody<Bytes, E>;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<S, B, R> Service<Request<B>> for Gated<S>
where
    S: Service<Request<JudgedBody>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    R: Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<AnswerBody<R::Error>>;
    type Error = S::Error;
    type Future = BoxFuture<Result<Self::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let gate = Arc::clone(&self.gate);
        // The one that is ready goes with the request.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            let (body, complete) = match collect(body, gate.body_limit(), |_| true).await {
                Ok(read) => read,
                Err(_) => {
                    let fault = Fault::MalformedBody("it ends too early, or its framing is broken".to_owned());
                    let target = parts.uri.path_and_query().map(|target| target.as_str());
                    return Ok(own(fault.problem(target).response(gate.style())));
                }
            };
            let judged = crate::Request {
                method: parts.method.as_str().to_owned(),
                target: parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
                headers: std::mem::take(&mut parts.headers),
                body,
                body_complete: complete,
                caller: parts.extensions.get::<Caller>().cloned(),
                received_at: SystemTime::now(),
            };
            let decision = gate.judge(&judged).await;
            let warnings = decision.warnings();
            if let Verdict::Deny(problem) = decision.verdict {
                return Ok(own(problem.response(gate.style_for(&judged.target))));
            }
            if let Err(fault) = gate.check_whole(complete) {
                return Ok(own(fault.problem(Some(&judged.target)).response(gate.style_for(&judged.target))));
            }
            parts.headers = judged.headers;
            let answer = inner.call(Request::from_parts(parts, Full::new(judged.body))).await?;
            let mut answer = answer.map(BodyExt::boxed_unsync);
            for warning in warnings {
                answer.headers_mut().append(WARNING, warning);
            }
            Ok(answer)
        })
    }
}

fn own<E: 'static>(response: Response<Bytes>) -> Response<AnswerBody<E>> {
    response.map(|body| Full::new(body).map_err(|never: Infallible| match never {}).boxed_unsync())
}
