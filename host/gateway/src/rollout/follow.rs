//! Looks at tags and URLs while a gate is open.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use solgate::policy::PolicySources;
use solgate_registry::{Found, Remote, Store};
use tokio::task::JoinSet;

use super::Rollout;
use super::metrics::Look;

impl Rollout {
    /// Follows all policies of these gates that may change, for as long as this is polled.
    pub fn follow(self: &Arc<Self>, sources: &[PolicySources]) -> impl Future<Output = ()> + Send + use<> {
        let all = sources.iter().flat_map(|sources| super::remotes(sources).unwrap_or_default());
        let mut remotes: Vec<Remote> = Vec::new();
        for remote in all {
            if !remotes.contains(&remote) {
                remotes.push(remote);
            }
        }
        self.states.keep(&remotes);
        let this = Arc::clone(self);
        async move {
            let mut tasks = JoinSet::new();
            for remote in remotes.into_iter().filter(Remote::may_change) {
                let this = Arc::clone(&this);
                tasks.spawn(async move {
                    loop {
                        tokio::time::sleep(around(this.poll)).await;
                        this.look(&remote).await;
                    }
                });
            }
            while tasks.join_next().await.is_some() {}
            std::future::pending().await
        }
    }

    /// Looks at all policies of these gates at once.
    pub async fn look_now(&self, sources: &[PolicySources]) {
        for remote in sources.iter().flat_map(|sources| super::remotes(sources).unwrap_or_default()) {
            self.look(&remote).await;
        }
    }

    /// Fetches what a remote has now, if that is news. Whoever watches the files of the store
    /// does the rest.
    async fn look(&self, remote: &Remote) {
        let Ok(store) = self.store() else { return };
        let found = match store.look(remote).await {
            Ok(found) => found,
            Err(error) => return self.states.away(remote, &error.to_string()),
        };
        let refused = self.states.of(remote).and_then(|state| state.refused);
        match found {
            // It may have been signed meanwhile.
            Found::Same if refused.as_ref().is_some_and(|refused| refused.may_change) => {}
            Found::Same => {
                let current = store.current(remote).map(|current| current.digest);
                return self.states.answered(remote, current, Look::Same);
            }
            // It was refused at the start, and what has judged before is in its place.
            Found::Other(Some(digest))
                if refused.is_some_and(|refused| refused.digest == digest && !refused.may_change) =>
            {
                return self.states.answered(remote, Some(digest), Look::Same);
            }
            Found::Other(_) => {}
        }
        self.update(store, remote).await;
    }

    async fn update(&self, store: &Store, remote: &Remote) {
        let before = store.current(remote);
        match store.update(remote).await {
            Ok(kept) => {
                let known = before.is_some_and(|before| before.digest == kept.digest);
                let look = if known { Look::Same } else { Look::Fetched };
                if look == Look::Fetched {
                    tracing::info!(source = %remote, digest = %kept.digest, "policy fetched");
                }
                self.states.answered(remote, Some(kept.digest), look);
            }
            Err(error) => self.states.away(remote, &error.to_string()),
        }
    }
}

/// A tenth more or less, so that many gates do not ask at the same moment.
fn around(time: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8) % 2_001;
    let factor = 0.9 + f64::from(u32::try_from(random).unwrap_or_default()) / 10_000.0;
    time.mul_f64(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_spread() {
        let all: Vec<Duration> = (0..100).map(|_| around(Duration::from_secs(10))).collect();
        assert!(all.iter().all(|one| (9_000..=11_100).contains(&one.as_millis())), "{all:?}");
        assert!(all.iter().any(|one| Some(one) != all.first()));
    }
}
