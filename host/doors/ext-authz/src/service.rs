//! The gRPC service `envoy.service.auth.v3.Authorization`.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::SystemTime;

use envoy_types::ext_authz::v3::pb::{Authorization, CheckRequest, CheckResponse};
use solgate::trace_context;
use solgate_gateway::judging::Judging;
use tonic::{Request, Response, Status};

use super::admitted::NotAdmitted;
use super::answer::answer;
use super::request::{Refused, request};

/// Answers checks.
pub struct Checks {
    pub judging: Arc<Judging>,
    /// Where Envoy keeps the claims of the caller.
    pub jwt_payload: String,
}

#[tonic::async_trait]
impl Authorization for Checks {
    async fn check(&self, check: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let envoy = check.remote_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
        if let Some(NotAdmitted(fault)) = check.extensions().get() {
            return Ok(Response::new(answer(self.judging.fault(fault, "", "", envoy))));
        }
        let asking = check.metadata().clone().into_headers();
        let judged = match request(check.into_inner(), &self.jwt_payload, SystemTime::now()) {
            Ok(mut request) => {
                // Envoy's span for this check, if it makes one, rather than its client's.
                trace_context::replace(&asking, &mut request.headers);
                let client = request.caller.as_ref().and_then(|caller| caller.source_address.as_deref());
                // A client on a Unix socket has no address: then it is Envoy that asks.
                let peer = client.and_then(|address| address.parse().ok()).unwrap_or(envoy);
                self.judging.judge(request, peer).await
            }
            Err(Refused { fault, method, target }) => self.judging.fault(&fault, &method, &target, envoy),
        };
        Ok(Response::new(answer(judged)))
    }
}
