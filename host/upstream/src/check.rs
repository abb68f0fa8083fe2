//! Health checks: an address is asked from time to time whether the VNFM there is well.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use http::{HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;

use crate::address::Address;
use crate::cause::chain;
use crate::connect::{CertificatesError, Connector};
use crate::pool::Pool;
use crate::reach::Reach;

/// What is asked, and which answers are good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Path and query.
    pub target: Uri,
    /// Between two checks.
    pub interval: Duration,
    /// For a connection and the head of an answer.
    pub timeout: Duration,
    pub statuses: Vec<RangeInclusive<u16>>,
    /// Checks in a row that must fail for an address to be left out.
    pub fails: u32,
    /// Checks in a row that must pass for it to be used again.
    pub passes: u32,
}

/// Checks one address of a VNFM for as long as this is polled.
///
/// # Errors
/// No certificate can have the host of the URL.
pub fn run(
    reach: &Arc<Reach>,
    address: &Arc<Address>,
    check: Check,
) -> Result<impl Future<Output = ()> + Send + use<>, CertificatesError> {
    let connector = Connector::new(&reach.url, &reach.tls, check.timeout)?;
    let (reach, address) = (Arc::clone(reach), Arc::clone(address));
    Ok(async move {
        let mut times = tokio::time::interval(check.interval);
        times.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            times.tick().await;
            // A connection of its own: whether there is one is part of the question.
            let pool = Pool::new(connector.clone(), reach.clone(), address.clone(), check.timeout, check.timeout);
            let result = tokio::time::timeout(check.timeout, ask(&pool, &reach, &check)).await;
            let late = || Err(format!("no answer within {:?}", check.timeout));
            let result = result.unwrap_or_else(|_| late());
            let outcome = match &result {
                Ok(()) => Ok(()),
                Err(reason) => Err(reason.as_str()),
            };
            address.checked(outcome, (check.fails, check.passes), &reach.name);
        }
    })
}

async fn ask(pool: &Arc<Pool>, reach: &Reach, check: &Check) -> Result<(), String> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = check.target.clone();
    let host = reach.url.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let headers = request.headers_mut();
    headers.extend(host.map(|host| (HOST, host)));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(USER_AGENT, HeaderValue::from_static("solgate"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let response = pool.send(request).await.map_err(|failed| chain(&failed.error(1)))?;
    let status: StatusCode = response.status();
    if check.statuses.iter().any(|good| good.contains(&status.as_u16())) {
        return Ok(());
    }
    Err(format!("it answered {}", status.as_u16()))
}
