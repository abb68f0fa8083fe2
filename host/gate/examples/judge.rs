use std::{error::Error, sync::Arc, time::SystemTime};

use solgate::facts::HttpFacts;
use solgate::gate::{Gate, Verdict};
use solgate::policy::{Engine, EngineConfig, Policy};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new(EngineConfig::default())?;
    let policy = Policy::vnflcm_v2(&engine)?;
    let facts = HttpFacts::builder("http://127.0.0.1:9890").build()?;
    let gate = Gate::new(vec![Arc::new(policy)], Arc::new(facts));

    let received = http::Request::post("/vnflcm/v2/subscriptions")
        .header("Version", "2.0.0")
        .header("Content-Type", "application/json")
        .body(r#"{"callbackUri": "nowhere"}"#)?;
    let request = solgate::Request::from_http(received, SystemTime::now());
    match gate.judge(&request).await.verdict {
        Verdict::Allow => println!("dispatch it"),
        Verdict::Deny(problem) => println!("{}: {}", problem.status, problem.detail),
    }
    Ok(())
}
