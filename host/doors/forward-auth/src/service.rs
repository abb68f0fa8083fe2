//! Answers servers that ask.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{EXPECT, WARNING};
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use solgate::fault::Fault;
use solgate_access::tokens::Possession;
use solgate_config::networks::Networks;
use solgate_gateway::current::Current;
use solgate_gateway::peer::Peer;
use solgate_gateway::pipeline::{Arrival, Exchange, Pipeline, Refused};
use solgate_gateway::routes::ForwardedElsewhere;

use super::original::{Original, length};

/// Tells the answers of this door from those that a server makes itself when it
/// gets none.
pub const VERDICT: HeaderName = HeaderName::from_static("solgate-verdict");

/// What the connections share.
pub struct Service {
    pub pipeline: Arc<Current<Pipeline<ForwardedElsewhere>>>,
    /// Servers that may ask, and are believed.
    pub asking: Networks,
}

impl Service {
    fn may_ask(&self, server: Peer) -> bool {
        match server {
            Peer::Unix => self.asking.has_unix(),
            _ => server.ip().is_some_and(|address| self.asking.contains(address)),
        }
    }

    /// Answers `server`.
    pub async fn answer(&self, request: Request<Incoming>, server: Peer) -> Response<Bytes> {
        let arrival = Arrival::now();
        let pipeline = self.pipeline.get();
        let (mut asked, body) = request.into_parts();
        let original = if self.may_ask(server) {
            Original::take(&mut asked.headers, server, &pipeline.hops)
        } else {
            let peer = server.ip().map_or_else(|| server.to_string(), |address| address.to_string());
            Err(Fault::UntrustedServer { peer })
        };
        match original {
            Ok(original) => {
                let (peer, method, target) = (original.peer, &original.method, &original.target);
                let mut exchange = pipeline.begin(arrival, peer, method, target, &asked.headers);
                match judge(&pipeline, &mut exchange, original.request(asked.headers, arrival), body).await {
                    Ok(warnings) => pass(warnings),
                    Err(refused) => refuse(refused, &mut exchange),
                }
            }
            Err(fault) => {
                let (method, path) = (asked.method.as_str(), asked.uri.path());
                let mut exchange = pipeline.begin(arrival, server.ip(), method, path, &asked.headers);
                let refused = pipeline.refuse(&mut exchange, &fault, path);
                refuse(refused, &mut exchange)
            }
        }
    }
}

/// What the client is to be warned of, if the request may pass.
async fn judge(
    pipeline: &Pipeline<ForwardedElsewhere>,
    exchange: &mut Exchange,
    mut request: solgate::Request,
    mut body: Incoming,
) -> Result<Vec<HeaderValue>, Refused> {
    let length = length(&request.headers);
    let (waits, whole) = (request.headers.contains_key(EXPECT), body.size_hint().exact());
    let identified = match pipeline.route(exchange, &mut request) {
        // A certificate on this connection is that of the server that asks.
        Ok(routed) => routed.identify(|| Possession::Unseen).await,
        Err(refused) => Err(refused),
    };
    let judged = match identified {
        Ok(identified) => match identified.admit(&mut body, broken).await {
            Ok(admitted) => admitted.with_length(length).judge().await,
            Err(refused) => Err(refused),
        },
        Err(refused) => Err(refused),
    };
    // A server that waits for 100 before it sends a body need not send one that nobody began to read.
    if !waits || body.size_hint().exact() != whole {
        discard(body, pipeline.limits.body_timeout);
    }
    Ok(judged?.warnings)
}

/// Reads the rest of a body that nobody needs, beside the answer: a server that has
/// not sent all of it when the connection ends might not see the answer.
fn discard(mut body: Incoming, patience: Duration) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(async move {
        let rest = async { while let Some(Ok(_)) = body.frame().await {} };
        let _ = tokio::time::timeout(patience, rest).await;
    });
}

fn broken() -> Fault {
    Fault::MalformedBody("it ends too early, or its framing is broken".to_owned())
}

fn pass(warnings: Vec<HeaderValue>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    response.headers_mut().extend(warnings.into_iter().map(|warning| (WARNING, warning)));
    response.headers_mut().insert(VERDICT, HeaderValue::from_static("pass"));
    response
}

fn refuse(refused: Refused, exchange: &mut Exchange) -> Response<Bytes> {
    let Refused { mut answer, .. } = refused;
    exchange.answered_with(&answer);
    answer.headers_mut().insert(VERDICT, HeaderValue::from_static("refuse"));
    answer
}
