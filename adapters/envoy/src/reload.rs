//! Policies whose files change while Envoy runs.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use solgate::policy::{EvaluateError, Policy, PolicySources};
use solgate_embedded::{EmbedError, load_checked};
use solgate_watch::changes::Changes;
use solgate_watch::files::{look, settled};
use tokio::runtime::Builder;

use crate::door::{Door, engine};

/// How soon it is noticed that a gate is gone.
const LOOK: Duration = Duration::from_secs(1);

/// Replaces the policies of a gate when their files change, for as long as it exists, unless
/// they are to stay.
pub fn follow(door: &Arc<Door>) {
    if !door.config.reload {
        return;
    }
    let policies = &door.config.gate.policies;
    let keys = policies.signers.iter().chain(&policies.withdrawn).cloned();
    let files: Vec<PathBuf> = policies.files.iter().map(|file| file.path.clone()).chain(keys).collect();
    if files.is_empty() {
        return;
    }
    let door = Arc::downgrade(door);
    let thread = std::thread::Builder::new().name("solgate-reload".to_owned());
    let started = thread.spawn(move || match Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime.block_on(watch(&door, &files)),
        Err(error) => tracing::error!(%error, "policies are not followed"),
    });
    if let Err(error) = started {
        tracing::error!(%error, "policies are not followed");
    }
}

async fn watch(door: &Weak<Door>, files: &[PathBuf]) {
    let mut changes = Changes::of(files.iter().map(PathBuf::as_path));
    let mut seen = look(files).await;
    while door.strong_count() > 0 {
        // A timeout only looks whether the gate is still there.
        let _ = tokio::time::timeout(LOOK, changes.next()).await;
        let now = look(files).await;
        if now == seen {
            continue;
        }
        seen = settled(files, now).await;
        if let Some(door) = door.upgrade() {
            replace(&door);
        }
    }
}

fn replace(door: &Door) {
    let loaded = engine().map_err(EmbedError::from).and_then(|engine| {
        door.gate.replace(&|sources: &PolicySources, isolation| load_checked(engine, sources, isolation, &passes))
    });
    match loaded {
        Ok(()) => {
            let gate = door.gate.current();
            let policies: Vec<&str> = gate.policies().iter().map(|policy| policy.manifest().name.as_str()).collect();
            tracing::info!(policies = policies.join(", "), "policies replaced");
        }
        Err(error) => tracing::error!(%error, "policies not replaced; those in use stay"),
    }
}

/// A policy must pass the test cases that it carries.
fn passes(policy: &Policy, component: &[u8]) -> Result<(), String> {
    let names = policy.manifest().into();
    let passed = solgate_cases::examine(policy, &names, component, &EvaluateError::is_busy);
    passed.map(|_| ()).map_err(|failure| failure.to_string())
}
