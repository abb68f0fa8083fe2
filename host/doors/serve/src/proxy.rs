//! What happens to one request: it goes through the pipeline, and then to the VNFM.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version, request};
use hyper::body::{Body, Incoming};
use solgate::fault::Fault;
use solgate::request::Caller;
use solgate_config::Limits;
use solgate_gateway::connection_metrics::ConnectionMetrics;
use solgate_gateway::current::Current;
use solgate_gateway::pipeline::{Cleared, Exchange, Pipeline, Refused, headed};
use solgate_gateway::shares::Full;
use solgate_upstream::pool::PooledBody;

use super::answer::{Answer, Flow, InFlight};
use super::client::Client;
use super::connection::{Connection, Passed};
use super::forward::Upstream;
use super::head::Refusal;
use super::http2::head as http2_head;
use super::http2::streams::{OpenStream, Streams};
use super::rewrite::{self, Seen};
use super::told::{self, Sender};
use super::via::Pseudonym;

/// Answers requests; shared by all connections.
pub struct Proxy {
    pub pipeline: Arc<Current<Pipeline<Upstream>>>,
    pub pseudonym: Pseudonym,
    /// Clients may speak HTTP/2.
    pub http2: bool,
    pub connections: ConnectionMetrics,
}

impl Proxy {
    /// Answers the request that `connection` passed next.
    pub async fn handle(
        &self,
        request: Request<Incoming>,
        connection: Arc<Connection>,
        client: &Client,
    ) -> Response<Answer> {
        let passed = connection.pop().unwrap_or_else(|| Passed::new(Err(disagreement().into())));
        let (parts, body) = request.into_parts();
        self.answer(parts, body, passed, Flow::Connection(InFlight(connection)), client).await
    }

    /// Answers a request of a connection of HTTP/2 that has these `streams`.
    pub async fn handle_stream(
        &self,
        request: Request<Incoming>,
        streams: &Arc<Streams>,
        client: &Client,
        limits: &Limits,
    ) -> Response<Answer> {
        let (mut parts, body) = request.into_parts();
        let admission = self.pipeline.get().admission.clone();
        let (stream, place) =
            OpenStream::begin(streams, || admission.connection(client.peer.ip(), streams.connections));
        let checked = http2_head::check(&mut parts, limits);
        let outcome = match (checked, place) {
            (Ok((method, target)), Err(full)) => {
                Err(Refusal { fault: crowded(full), target: Some(target), method: Some(method) })
            }
            (checked, _) => checked,
        };
        self.answer(parts, body, Passed::new(outcome), Flow::Stream(stream), client).await
    }

    async fn answer(
        &self,
        mut parts: request::Parts,
        body: Incoming,
        passed: Passed,
        flow: Flow,
        client: &Client,
    ) -> Response<Answer> {
        let (method, target) = match &passed.outcome {
            Ok((method, target)) => (method.as_str(), target.as_str()),
            Err(Refusal { method, target, .. }) => {
                (method.as_deref().unwrap_or_default(), target.as_deref().unwrap_or_default())
            }
        };
        let pipeline = self.pipeline.get();
        let sender = sender(&pipeline, client, &parts.headers);
        told::clean(&mut parts.headers, sender, &pipeline.forwarding);
        let mut exchange = pipeline.begin(passed.arrival, sender.client, method, target, &parts.headers);
        let to_head = parts.method == Method::HEAD;
        let (mut answer, unread) = match agreed(passed.outcome, &parts) {
            Ok((method, target)) => {
                // Without a body nothing is left unread.
                let bodiless = body.is_end_stream();
                let course = (&*pipeline, &self.pseudonym);
                let from = (client, sender);
                match serve(course, &mut exchange, (method, target), parts, body, &passed.body_fault, from).await {
                    Ok(mut response) => {
                        if flow.ends(false) {
                            close(response.headers_mut());
                        }
                        return Answer::pass(response, exchange, flow, pipeline.admission.answer());
                    }
                    Err(Refused { answer, body_read }) => (answer, !body_read && !bodiless),
                }
            }
            // What can be read in two ways is followed by nobody knows what.
            Err(Refusal { fault, target, .. }) => {
                let refused = pipeline.refuse(&mut exchange, &fault, target.as_deref().unwrap_or_default());
                (refused.answer, true)
            }
        };
        if flow.ends(unread) {
            close(answer.headers_mut());
        }
        if to_head && matches!(flow, Flow::Stream(_)) {
            empty(&mut answer);
        }
        Answer::own(answer, exchange, flow)
    }
}

/// The connection ends with this answer.
fn close(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

/// In HTTP/2 hyper would send the body of an answer to HEAD.
fn empty(answer: &mut Response<Bytes>) {
    let length = std::mem::take(answer.body_mut()).len();
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
}

/// A stream is a connection like any other.
fn crowded(full: Full) -> Fault {
    match full {
        Full::Total => Fault::TooManyConnections,
        Full::Share => Fault::ClientShare,
    }
}

/// Takes a request to its verdict, and from there to the VNFM.
async fn serve(
    (pipeline, pseudonym): (&Pipeline<Upstream>, &Pseudonym),
    exchange: &mut Exchange,
    (method, target): (String, String),
    mut parts: request::Parts,
    body: Incoming,
    body_fault: &OnceLock<Fault>,
    (client, sender): (&Client, Sender),
) -> Result<Response<PooledBody>, Refused> {
    if pseudonym.is_in(&parts.headers) {
        return Err(pipeline.refuse(exchange, &Fault::Loop, &target));
    }
    let headers = std::mem::take(&mut parts.headers);
    let mut request = headed(method, target, headers, Some(client.caller(sender.client)), exchange.arrival());
    let identified = pipeline.route(exchange, &mut request)?.identify(|| client.possession()).await?;
    let broken = || Fault::MalformedBody("its framing is broken".to_owned());
    let admitted = identified.admit(body, || body_fault.get().cloned().unwrap_or_else(broken)).await?;
    forward(admitted.judge().await?, parts, sender, |version, headers, caller, prefix| {
        told::tell(headers, sender, caller, prefix, &pipeline.forwarding);
        pseudonym.add(version, headers);
    })
    .await
}

/// Passes a request on, and waits for the head of the answer. Until then it has its room
/// and its turn.
async fn forward(
    mut passed: Cleared<'_, Upstream>,
    mut parts: request::Parts,
    sender: Sender,
    tell: impl FnOnce(Version, &mut HeaderMap, Option<&Caller>, &str),
) -> Result<Response<PooledBody>, Refused> {
    let upstream = passed.onward();
    parts.headers = std::mem::take(&mut passed.request().headers);
    let prefixes = passed.prefixes();
    let seen = if prefixes.is_none() { None } else { Some(Seen::of(&parts.headers, sender, passed.prefix())) };
    if seen.is_some() {
        match rewrite::target(prefixes.base(), &passed.request().target) {
            Some(uri) => parts.uri = uri,
            None => {
                return Err(passed.refuse(&Fault::Internal("the VNFM's path cannot be put before this one".to_owned())));
            }
        }
    }
    let prefix = seen.as_ref().map_or("", |seen| &seen.prefix);
    tell(parts.version, &mut parts.headers, passed.request().caller.as_ref(), prefix);
    let body = std::mem::take(&mut passed.request().body);
    let forwarding = passed.exchange().forwarded(&parts.method, upstream.authority(), &mut parts.headers);
    let result = upstream.forward(parts, body, passed.lives()).await;
    passed.exchange().returned(forwarding, result.as_ref().map(Response::status));
    let mut response = result.map_err(|fault| passed.refuse(&fault))?;
    if let Some(seen) = seen {
        rewrite::answer(response.headers_mut(), &seen, prefixes.base(), |secure, host| upstream.is_own(secure, host));
    }
    Ok(response)
}

/// Who sends a request on the connection of `client` with these fields.
fn sender(pipeline: &Pipeline<Upstream>, client: &Client, headers: &HeaderMap) -> Sender {
    let trusted = pipeline.hops.trusts(client.peer);
    let address = if trusted { pipeline.hops.client(client.peer, headers) } else { client.peer.ip() };
    Sender { client: address, trusted, secure: client.tls.is_some() }
}

/// Method and target, if the guard and hyper have read the same of the same bytes; if
/// they ever differ, what was checked is not what would be judged.
fn agreed(outcome: Result<(String, String), Refusal>, parts: &request::Parts) -> Result<(String, String), Refusal> {
    let (method, target) = outcome?;
    if parts.uri.path_and_query().is_none_or(|path| *path != *target) || parts.method.as_str() != method {
        return Err(Refusal { fault: disagreement(), target: Some(target), method: Some(method) });
    }
    Ok((method, target))
}

fn disagreement() -> Fault {
    Fault::MalformedHead("it can be read in more than one way".to_owned())
}
