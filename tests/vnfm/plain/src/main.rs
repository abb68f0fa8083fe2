//! A VNFM that asks the gate before it dispatches a request.
//!
//! `vnfm-plain POLICY.wasm BODY`: may this subscription be made?
use std::{error::Error, sync::Arc, time::SystemTime};

use solgate::facts::MapFacts;
use solgate::gate::{Gate, Verdict};
use solgate::policy::{Engine, EngineConfig, Policy};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (policy, body) = arguments.next().zip(arguments.next()).ok_or("which policy, and which body?")?;
    let policy = Policy::from_file(&Engine::new(EngineConfig::default())?, policy.as_ref())?;
    let gate = Gate::new(vec![Arc::new(policy)], Arc::new(MapFacts::default()));

    let received = http::Request::post("/vnflcm/v2/subscriptions").header("Version", "2.0.0");
    let received = received.header("Content-Type", "application/json").body(body)?;
    let request = solgate::Request::from_http(received, SystemTime::now());
    match tokio::runtime::Builder::new_current_thread().build()?.block_on(gate.judge(&request)).verdict {
        Verdict::Allow => println!("dispatched"),
        Verdict::Deny(problem) => println!("{} {}", problem.status.as_u16(), problem.rule),
    }
    Ok(())
}
