//! What happens to one request: it goes through the pipeline, and then to the VNFM.

use std::sync::{Arc, OnceLock};

use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, request};
use hyper::body::{Body, Incoming};
use solgate::fault::Fault;
use solgate_gateway::current::Current;
use solgate_gateway::pipeline::{Cleared, Exchange, Pipeline, Refused, headed};
use solgate_upstream::pool::PooledBody;

use super::answer::{Answer, InFlight};
use super::client::Client;
use super::connection::{Connection, Passed};
use super::forward::Upstream;
use super::head::Refusal;
use super::via::Pseudonym;

/// Answers requests; shared by all connections.
pub struct Proxy {
    pub pipeline: Arc<Current<Pipeline<Upstream>>>,
    pub pseudonym: Pseudonym,
}

impl Proxy {
    /// Answers the request that `connection` passed next.
    pub async fn handle(
        &self,
        request: Request<Incoming>,
        connection: Arc<Connection>,
        client: &Client,
    ) -> Response<Answer> {
        let (parts, body) = request.into_parts();
        let passed = connection.pop().unwrap_or_else(|| Passed::new(Err(disagreement().into())));
        let (method, target) = match &passed.outcome {
            Ok((method, target)) => (method.as_str(), target.as_str()),
            Err(refusal) => ("", refusal.target.as_deref().unwrap_or_default()),
        };
        let pipeline = self.pipeline.get();
        let mut exchange = pipeline.begin(passed.arrival, client.address, method, target, &parts.headers);
        let in_flight = InFlight(connection);
        let (mut answer, close) = match agreed(passed.outcome, &parts) {
            Ok((method, target)) => {
                // Without a body nothing is left unread.
                let bodiless = body.is_end_stream();
                let course = (&*pipeline, &self.pseudonym);
                match serve(course, &mut exchange, (method, target), parts, body, &passed.body_fault, client).await {
                    Ok(response) => return Answer::pass(response, exchange, in_flight),
                    Err(Refused { answer, body_read }) => (answer, !body_read && !bodiless),
                }
            }
            // What can be read in two ways is followed by nobody knows what.
            Err(Refusal { fault, target }) => {
                let refused = pipeline.refuse(&mut exchange, &fault, target.as_deref().unwrap_or_default());
                (refused.answer, true)
            }
        };
        if close {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Answer::own(answer, exchange, in_flight)
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
    client: &Client,
) -> Result<Response<PooledBody>, Refused> {
    if pseudonym.is_in(&parts.headers) {
        return Err(pipeline.refuse(exchange, &Fault::Loop, &target));
    }
    let headers = std::mem::take(&mut parts.headers);
    let mut request = headed(method, target, headers, Some(client.caller()), exchange.arrival());
    let identified = pipeline.route(exchange, &mut request)?.identify().await?;
    let broken = || Fault::MalformedBody("its framing is broken".to_owned());
    let admitted = identified.admit(body, || body_fault.get().cloned().unwrap_or_else(broken)).await?;
    forward(admitted.judge().await?, parts, pseudonym).await
}

/// Passes a request on, and waits for the head of the answer. Until then it has its room
/// and its turn.
async fn forward(
    mut passed: Cleared<'_, Upstream>,
    mut parts: request::Parts,
    pseudonym: &Pseudonym,
) -> Result<Response<PooledBody>, Refused> {
    let upstream = passed.onward();
    parts.headers = std::mem::take(&mut passed.request().headers);
    pseudonym.add(parts.version, &mut parts.headers);
    let body = std::mem::take(&mut passed.request().body);
    let forwarding = passed.exchange().forwarded(&parts.method, upstream.authority(), &mut parts.headers);
    let result = upstream.forward(parts, body).await;
    passed.exchange().returned(forwarding, result.as_ref().map(Response::status));
    result.map_err(|fault| passed.refuse(&fault))
}

/// Method and target, if the guard and hyper have read the same of the same bytes; if
/// they ever differ, what was checked is not what would be judged.
fn agreed(outcome: Result<(String, String), Refusal>, parts: &request::Parts) -> Result<(String, String), Refusal> {
    let (method, target) = outcome?;
    if parts.uri.path_and_query().is_none_or(|path| *path != *target) || parts.method.as_str() != method {
        return Err(Refusal { fault: disagreement(), target: Some(target) });
    }
    Ok((method, target))
}

fn disagreement() -> Fault {
    Fault::MalformedHead("it can be read in more than one way".to_owned())
}
