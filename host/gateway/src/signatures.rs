//! When the signatures of the policies in force end.
//!
//! A policy that judges goes on after its signature has ended, but the gate would not start
//! with it again. Nobody should learn of that then.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use solgate::policy::{NOTICE, Policy};

use crate::current_gate::CurrentGate;
use crate::policy_metrics::Role;

/// Between two warnings of the same end.
const AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// When the signature of a policy ends, in seconds since 1970, if it has an end.
pub fn not_after(policy: &Policy) -> Option<i64> {
    let end = policy.terms().not_after?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(end.as_secs()).ok()
}

/// Warns every day of ends that are near, for as long as these gates are open. Whoever loads
/// a policy has warned then.
pub async fn warn(gates: Vec<Arc<CurrentGate>>) -> Infallible {
    loop {
        tokio::time::sleep(AGAIN).await;
        for gate in gates.iter().filter(|gate| gate.role == Role::Live) {
            for policy in gate.get().policies() {
                look(&gate.name, policy, SystemTime::now());
            }
        }
    }
}

fn look(upstream: &str, policy: &Policy, now: SystemTime) {
    let Some(end) = policy.terms().not_after else { return };
    let (name, at) = (&policy.id().name, humantime::format_rfc3339_seconds(end));
    match end.duration_since(now) {
        Ok(left) if left < NOTICE => {
            tracing::warn!(upstream, policy = name, end = %at, "the signature of the policy ends soon: have the policy signed again");
        }
        Ok(_) => {}
        Err(_) => {
            tracing::error!(upstream, policy = name, end = %at, "the signature of the policy has ended: the gate would not start with the policy again");
        }
    }
}
