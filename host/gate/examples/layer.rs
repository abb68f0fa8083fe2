use std::{error::Error, sync::Arc};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use solgate::facts::HttpFacts;
use solgate::gate::Gate;
use solgate::layer::GateLayer;
use solgate::policy::{Engine, EngineConfig, Policy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(EngineConfig::default())?;
    let policy = Policy::vnflcm_v2(&engine)?;
    // A VNFM implements FactSource over its own store instead.
    let facts = HttpFacts::builder("http://127.0.0.1:9890").build()?;
    let gate = Gate::new(vec![Arc::new(policy)], Arc::new(facts));

    let service = Router::new()
        .route("/vnflcm/v2/vnf_instances/{id}/terminate", post(async || StatusCode::ACCEPTED))
        .layer(GateLayer::new(Arc::new(gate)));
    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, service).await?;
    Ok(())
}
