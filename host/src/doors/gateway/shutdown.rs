//! SIGTERM and SIGINT.

use std::future::Future;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::GatewayError;

/// Ready at the first SIGTERM or SIGINT. A second one ends the process at once.
///
/// # Errors
/// The handlers cannot be installed.
pub fn signals() -> Result<impl Future<Output = ()>, GatewayError> {
    let mut term = signal(SignalKind::terminate()).map_err(GatewayError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(GatewayError::Signals)?;
    Ok(async move {
        next(&mut term, &mut interrupt).await;
        tokio::spawn(async move {
            next(&mut term, &mut interrupt).await;
            anstream::eprintln!("solgate: stopped at once");
            std::process::exit(130);
        });
    })
}

async fn next(term: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}
