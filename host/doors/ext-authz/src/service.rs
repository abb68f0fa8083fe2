//! The gRPC service `envoy.service.auth.v3.Authorization`.

use std::net::IpAddr;
use std::sync::Arc;

use envoy_types::ext_authz::v3::pb::{Authorization, CheckRequest, CheckResponse};
use envoy_types::pb::envoy::service::auth::v3::attribute_context::Peer;
use http::HeaderValue;
use solgate::trace_context;
use solgate_gateway::current::Current;
use solgate_gateway::pipeline::{Exchange, Pipeline, Refused};
use solgate_gateway::routes::ForwardedElsewhere;
use tonic::{Request, Response, Status};

use super::admission::Message;
use super::answer::{allow, deny};
use super::caller::{has_address, possession};
use super::request::{Asked, Content, read};

/// Answers checks.
pub struct Checks {
    pub pipeline: Arc<Current<Pipeline<ForwardedElsewhere>>>,
    /// Where Envoy keeps the claims of the caller.
    pub jwt_payload: String,
}

#[tonic::async_trait]
impl Authorization for Checks {
    async fn check(&self, check: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let envoy = check.remote_addr().map(|address| address.ip());
        let message: Message = check.extensions().get().cloned().unwrap_or_default();
        let arrival = message.arrival;
        let asking = check.metadata().clone().into_headers();
        let Asked { mut request, source, content } = read(check.into_inner(), &self.jwt_payload, arrival);
        // Envoy's span for this check, if it makes one, rather than its client's.
        trace_context::replace(&asking, &mut request.headers);
        let client = request.caller.as_ref().and_then(|caller| caller.source_address.as_deref());
        let peer = match &source {
            Some(source) if has_address(source) => client.and_then(|address| address.parse().ok()),
            // Then it is Envoy that asks.
            _ => envoy,
        };
        let pipeline = self.pipeline.get();
        let behind: Option<IpAddr> = peer.filter(|_| source.as_ref().is_some_and(has_address));
        let admitted = message.admitted.clone();
        let admitted = admitted.and_then(|()| behind.map_or(Ok(()), |client| message.of(client, &pipeline.admission)));
        let mut exchange = pipeline.begin(arrival, peer, &request.method, &request.target, &request.headers);
        let answer = match admitted.and(content) {
            Ok(content) => match judge(&pipeline, &mut exchange, request, source.as_ref(), content).await {
                Ok(warnings) => allow(&warnings, exchange.line()),
                Err(refused) => deny(&refused.answer, &mut exchange),
            },
            Err(fault) => {
                let refused = pipeline.refuse(&mut exchange, &fault, &request.target);
                deny(&refused.answer, &mut exchange)
            }
        };
        Ok(Response::new(answer))
    }
}

/// What the client is to be warned of, if the request may pass.
async fn judge(
    pipeline: &Pipeline<ForwardedElsewhere>,
    exchange: &mut Exchange,
    mut request: solgate::Request,
    source: Option<&Peer>,
    content: Content,
) -> Result<Vec<HeaderValue>, Refused> {
    let identified = pipeline.route(exchange, &mut request)?.identify(|| possession(source)).await?;
    Ok(identified.admitted(content.body, content.complete).judge().await?.warnings)
}
