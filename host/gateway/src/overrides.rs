//! What the operator has relaxed: gates that are off, and severities, some of
//! them until a certain time.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use solgate_config::{GateMode, SeverityOverride, UpstreamConfig};

use crate::current_gate::CurrentGate;
use crate::policy_metrics::Role;

/// The clock may be set, so the end of an override is looked at this often.
const LOOK: Duration = Duration::from_secs(30);

/// What is relaxed is easily forgotten: it is named at every start.
pub fn report(upstreams: &[UpstreamConfig], now: SystemTime) {
    for upstream in upstreams.iter().filter(|upstream| upstream.gate.mode == GateMode::Off) {
        let upstream = upstream.name();
        tracing::warn!(%upstream, "the gate is off: requests pass without being judged");
    }
    for change in upstreams.iter().flat_map(|upstream| &upstream.gate.severities) {
        if change.has_expired(now) {
            expired(change);
        } else {
            let until = change.until.map(|until| humantime::format_rfc3339_seconds(until).to_string());
            tracing::info!(
                rule = change.rule,
                severity = change.severity.name(),
                reason = change.reason,
                until,
                "override holds"
            );
        }
    }
}

/// Ends each override of these gates at its time, for as long as the server runs; shadows
/// are among the gates. If the clock is set back, one that has ended holds again until
/// then. `looked` is when that was last looked at.
pub async fn expire(gates: Vec<Arc<CurrentGate>>, looked: &mut SystemTime) -> Infallible {
    if overrides(&gates).all(|change| change.until.is_none()) {
        return pending().await;
    }
    loop {
        let now = SystemTime::now();
        let ends = overrides(&gates).filter_map(|change| change.until?.duration_since(now).ok());
        tokio::time::sleep(ends.min().unwrap_or(LOOK).min(LOOK)).await;
        let now = SystemTime::now();
        follow(&gates, *looked, now);
        *looked = now;
    }
}

/// Lets those overrides hold that hold at `now`, if they are others than those when it
/// was last `looked`.
fn follow(gates: &[Arc<CurrentGate>], looked: SystemTime, now: SystemTime) {
    for gate in gates {
        let changes = &gate.upstream.gate.severities;
        if changes.iter().any(|change| change.has_expired(now) != change.has_expired(looked)) {
            gate.apply_settings(now);
            // Its shadow has the same.
            if gate.role == Role::Live {
                let ended = |change: &&SeverityOverride| change.has_expired(now) && !change.has_expired(looked);
                changes.iter().filter(ended).for_each(expired);
            }
        }
    }
}

fn overrides(gates: &[Arc<CurrentGate>]) -> impl Iterator<Item = &SeverityOverride> {
    gates.iter().flat_map(|gate| &gate.upstream.gate.severities)
}

fn expired(change: &SeverityOverride) {
    tracing::warn!(
        rule = change.rule,
        severity = change.severity.name(),
        reason = change.reason,
        "override has expired and no longer applies; remove it"
    );
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::vnfm::Vnfm;
    use solgate::facts::MapFacts;
    use solgate::gate::{Gate, Setting, Severity};
    use solgate_config::LiveGate;

    #[test]
    fn overrides_follow_a_clock_that_is_set() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut upstream = UpstreamConfig::new("http://vnfm.example".parse().unwrap());
        upstream.gate.severities = vec![SeverityOverride {
            rule: "query.unknown".to_owned(),
            severity: Severity::Warn,
            reason: "until the next release".to_owned(),
            until: Some(end),
        }];
        let applied = Arc::new(Mutex::new(Vec::new()));
        let build = |_: &UpstreamConfig, _: &Vnfm| {
            let seen = Arc::clone(&applied);
            let make = move |settings: Vec<Setting>| {
                seen.lock().unwrap().push(settings.len());
                Ok(Gate::new(Vec::new(), Arc::new(MapFacts::default())))
            };
            Ok(LiveGate { make: Box::new(make), policies: Vec::new() })
        };
        let gate =
            CurrentGate::open(upstream.clone(), Arc::new(Vnfm::open(&upstream, &[]).unwrap()), Role::Live, &build)
                .unwrap();
        let gates = [Arc::new(gate)];
        applied.lock().unwrap().clear();
        let (before, after) = (end - Duration::from_secs(1), end + Duration::from_secs(1));
        for (looked, now, expected) in [
            (before, before, &[][..]),
            (before, end, &[0]),
            (end, after, &[]),
            // Set back, and forth again.
            (after, before, &[1]),
            (before, after, &[0]),
        ] {
            follow(&gates, looked, now);
            assert_eq!(std::mem::take(&mut *applied.lock().unwrap()), expected, "{looked:?} {now:?}");
        }
    }
}
