//! A VNFM with the gate as a layer in front of its service.
//!
//! `vnfm-tower BODY`: how is this subscription answered?
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::{error::Error, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use solgate::facts::MapFacts;
use solgate::gate::Gate;
use solgate::layer::GateLayer;
use solgate::policy::{Engine, EngineConfig, Policy};
use tower_layer::Layer;
use tower_service::Service;

/// Creates whatever it is asked for.
#[derive(Clone)]
struct Vnfm;

impl<B> Service<Request<B>> for Vnfm {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut created = Response::new(String::new());
        *created.status_mut() = StatusCode::CREATED;
        ready(Ok(created))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let policy = Policy::vnflcm_v2(&Engine::new(EngineConfig::default())?)?;
    let gate = Gate::new(vec![Arc::new(policy)], Arc::new(MapFacts::default()));
    let mut service = GateLayer::new(Arc::new(gate)).layer(Vnfm);

    let request = Request::post("/vnflcm/v2/subscriptions").header("Version", "2.0.0");
    let body = std::env::args().nth(1).ok_or("which body?")?;
    let request = request.header("Content-Type", "application/json").body(Full::<Bytes>::from(body))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!("{}", runtime.block_on(service.call(request))?.status());
    Ok(())
}
