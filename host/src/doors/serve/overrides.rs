//! What the operator has relaxed: gates that are off, and severities, some of
//! them until a certain time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::config::{GateMode, SeverityOverride, UpstreamConfig};
use super::decision_log::severity_name;
use super::proxy::Proxy;

/// The clock may be set, so the end of an override is looked at this often.
const LOOK: Duration = Duration::from_secs(30);

/// What is relaxed is easily forgotten: it is named at every start.
pub fn report(upstreams: &[UpstreamConfig], now: SystemTime) {
    for upstream in upstreams.iter().filter(|upstream| upstream.mode == GateMode::Off) {
        let upstream = upstream.url.authority().map(tracing::field::display);
        tracing::warn!(upstream, "the gate is off: requests are forwarded without being judged");
    }
    for change in upstreams.iter().flat_map(|upstream| &upstream.severities) {
        if change.has_expired(now) {
            expired(change);
        } else {
            let until = change.until.map(|until| humantime::format_rfc3339_seconds(until).to_string());
            tracing::info!(
                rule = change.rule,
                severity = severity_name(change.severity),
                reason = change.reason,
                until,
                "override holds"
            );
        }
    }
}

/// Ends each override at its time, for as long as the server runs.
pub async fn expire(proxy: Arc<Proxy>) {
    let mut looked = SystemTime::now();
    while let Some(next) = next_end(&proxy, looked) {
        let left = next.duration_since(SystemTime::now()).unwrap_or_default();
        tokio::time::sleep(left.min(LOOK)).await;
        let now = SystemTime::now();
        for route in proxy.routes.values() {
            let ended = || {
                route.config.severities.iter().filter(|change| change.has_expired(now) && !change.has_expired(looked))
            };
            if ended().next().is_some() {
                route.apply_settings(now);
                ended().for_each(expired);
            }
        }
        looked = now;
    }
}

/// The next time after `now` at which an override ends.
fn next_end(proxy: &Proxy, now: SystemTime) -> Option<SystemTime> {
    let changes = proxy.routes.values().flat_map(|route| &route.config.severities);
    changes.filter_map(|change| change.until).filter(|until| *until > now).min()
}

fn expired(change: &SeverityOverride) {
    tracing::warn!(
        rule = change.rule,
        severity = severity_name(change.severity),
        reason = change.reason,
        "override has expired and does not hold; remove it"
    );
}
