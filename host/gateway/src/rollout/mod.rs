//! Policies that are not files: they are fetched when a gate is opened, followed while it is
//! open, and the last good ones are used when nobody has them for us.
//!
//! The store of `solgate-registry` keeps them as files. So a policy of a tag is loaded,
//! watched, examined and replaced as every other one is (see [`reload`](crate::reload)). Here
//! is what goes beyond that: when to [look](follow) at a tag, what to use when the registry is
//! away or has something bad, and [what is said](state) of it.

mod follow;
mod metrics;
mod state;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use solgate::policy::PolicySources;
use solgate_config::{Config, GateError, RegistryConfig};
use solgate_registry::{Remote, Settings, Store, StoreError, wait_for};

use self::metrics::Look;
pub use self::metrics::SourceMetrics;
pub use self::state::SourceStatus;
use self::state::States;

/// What fetches, keeps and follows the policies of a door that are not files.
pub struct Rollout {
    settings: Settings,
    poll: Duration,
    /// Opened when the first policy is named that is not a file: a gate without any needs no
    /// folder.
    store: OnceLock<Store>,
    states: States,
}

impl Rollout {
    /// As a configuration has it.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let RegistryConfig { folder, poll, timeout, ca_file, auth_file, plain_http } = config.registry.clone();
        let settings = Settings { folder, ca_file, plain_http, auth_file, timeout };
        Self { settings: settings.or_environment(), poll, store: OnceLock::new(), states: States::default() }
    }

    /// Counts in these metrics from here on.
    pub fn measure(&self, metrics: &SourceMetrics) {
        self.states.measure(metrics);
    }

    /// What is known of each policy that is followed, or was fetched.
    #[must_use]
    pub fn status(&self) -> Vec<SourceStatus> {
        self.states.status()
    }

    /// Loads policies with `load`, which gets files: fetches those that are not. If they
    /// cannot be fetched, those of the last time are loaded; if they are not to be loaded,
    /// those that have judged last are. Both are said. Waits for the network: to be called
    /// on a thread that may wait.
    ///
    /// # Errors
    /// Neither they nor any of before can be loaded.
    pub fn load<T, E: std::fmt::Display>(
        &self,
        sources: &PolicySources,
        load: impl Fn(&PolicySources) -> Result<T, E>,
    ) -> Result<T, GateError> {
        let loaded = |files: &PolicySources| load(files).map_err(|error| GateError::Policy(error.to_string()));
        let remotes = remotes(sources).map_err(refused)?;
        if remotes.is_empty() {
            return loaded(sources);
        }
        let store = self.store().map_err(refused)?;
        for remote in &remotes {
            self.fetch(store, remote).map_err(refused)?;
        }
        let load_current = || loaded(&store.local(sources).map_err(refused)?);
        let result = load_current().or_else(|error| {
            // All that can go back does: they belong together.
            let back: Vec<&Remote> = remotes.iter().filter(|remote| self.fall_back(store, remote, &error)).collect();
            if back.is_empty() { Err(error) } else { load_current() }
        });
        if result.is_ok() {
            remotes.iter().for_each(|remote| self.judges_now(store, remote));
        }
        result
    }

    fn fetch(&self, store: &Store, remote: &Remote) -> Result<(), StoreError> {
        match wait_for(store.fetch(remote)).map_err(StoreError::from).flatten() {
            Ok(kept) => {
                self.states.answered(remote, Some(kept.digest), Look::Fetched);
                Ok(())
            }
            Err(error) if store.current(remote).is_some() => {
                self.states.away(remote, &error.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn fall_back(&self, store: &Store, remote: &Remote, error: &GateError) -> bool {
        let bad = store.current(remote);
        let falls = store.fall_back(remote);
        if let Some(bad) = bad.filter(|_| falls) {
            let reason = error.to_string();
            tracing::error!(source = %remote, digest = %bad.digest, reason, "policy refused: the one that has judged last is used");
            self.states.refused(remote, bad.digest, &reason, true);
        }
        falls
    }

    /// The files of the policies, as far as they have been fetched.
    ///
    /// # Errors
    /// One has not been, or is not signed as it must be.
    pub fn local(&self, sources: &PolicySources) -> Result<PolicySources, StoreError> {
        if remotes(sources)?.is_empty() {
            return Ok(sources.clone());
        }
        self.store()?.local(sources)
    }

    /// All files on which it depends whether these policies are loaded, and which.
    #[must_use]
    pub fn depends_on(&self, sources: &PolicySources) -> Vec<PathBuf> {
        let Ok(store) = self.store() else { return sources.depends_on() };
        let mut placed = sources.clone();
        for file in placed.files.iter_mut().filter(|file| file.is_elsewhere()) {
            if let Some(remote) = Remote::named(&file.path) {
                file.path = store.path(&remote);
            }
        }
        let also = placed.files.iter().flat_map(|file| Store::beside(&file.path));
        let also: Vec<PathBuf> = also.filter(|_| !sources.signers.is_empty()).collect();
        placed.depends_on().into_iter().chain(also).collect()
    }

    /// The current policies of these sources judge.
    pub fn judges(&self, sources: &PolicySources) {
        if let (Ok(remotes), Ok(store)) = (remotes(sources), self.store()) {
            remotes.iter().for_each(|remote| self.judges_now(store, remote));
        }
    }

    fn judges_now(&self, store: &Store, remote: &Remote) {
        if let Err(error) = store.judges(remote) {
            tracing::error!(source = %remote, %error, "the policy is not kept as the last good one");
        }
        if let Some(current) = store.current(remote) {
            self.states.judges(remote, current.digest, SystemTime::now());
        }
    }

    /// The current policies of these sources must not judge; it is about the one in `file`, if
    /// it is about one. False if that was said already.
    pub fn refused(&self, sources: &PolicySources, file: Option<&Path>, reason: &str, unsigned: bool) -> bool {
        let (Ok(remotes), Ok(store)) = (remotes(sources), self.store()) else { return true };
        let is_meant = |remote: &&Remote| file.is_none_or(|file| file == store.path(remote));
        let offered = remotes.iter().filter(is_meant).filter_map(|remote| {
            let current = store.current(remote)?;
            (store.good(remote).as_ref() != Some(&current)).then_some((remote, current))
        });
        let offered: Vec<_> = offered.collect();
        // It may be about a file.
        let mut is_news = offered.is_empty();
        for (remote, current) in offered {
            is_news |= self.states.refused(remote, current.digest, reason, unsigned);
        }
        is_news
    }

    fn store(&self) -> Result<&Store, StoreError> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        let store = Store::new(self.settings.clone())?;
        Ok(self.store.get_or_init(|| store))
    }
}

fn refused(error: StoreError) -> GateError {
    GateError::Policy(error.to_string())
}

/// Those of the policies that are not files.
fn remotes(sources: &PolicySources) -> Result<Vec<Remote>, StoreError> {
    sources.files.iter().filter(|file| file.is_elsewhere()).map(|file| Store::remote(&file.path)).collect()
}
