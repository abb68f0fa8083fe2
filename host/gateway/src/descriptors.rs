//! File descriptors: every connection takes one, and so does the connection to the
//! VNFM that it waits for.

use rustix::process::{Resource, getrlimit, setrlimit};

/// For everything but connections: listeners, files, the runtime.
const RESERVE: u64 = 64;
/// For each connection: its own, and that to the VNFM.
const EACH: u64 = 2;

/// How many of the `wanted` connections there can be beside those to the `admin` address,
/// which nobody else may take. Most systems start a process
/// with fewer descriptors than it may have: it takes what it may.
#[must_use]
pub fn connections(wanted: usize, admin: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum || limit.maximum.is_none() {
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit.current = limit.maximum;
        }
    }
    let Some(descriptors) = limit.current else { return wanted };
    let reserve = RESERVE.saturating_add(u64::try_from(admin).unwrap_or(u64::MAX));
    let possible = usize::try_from(descriptors.saturating_sub(reserve) / EACH).unwrap_or(usize::MAX).max(1);
    if possible < wanted {
        tracing::warn!(
            descriptors,
            connections = possible,
            wanted,
            "the limit of open files allows fewer connections than are configured; raise it (ulimit -n, LimitNOFILE)"
        );
    }
    wanted.min(possible)
}
