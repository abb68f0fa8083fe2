//! Replaces policies and configurations while a door is open: when one of their files
//! changes, and at SIGHUP.
//!
//! The crate `solgate-watch` says when to look at the files, and whether they have
//! changed since they were last read. A [`candidate`] is then loaded beside the
//! policies in use, and replaces them only if it passes all checks. The same holds for a
//! [`configuration`].

mod candidate;
mod configuration;
mod configured;
mod loaders;
mod plan;
mod versions;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use solgate_watch::changes::Changes;
use solgate_watch::files::{Look, look, settled};
use solgate_watch::loader::LoaderThread;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::candidate::{Candidate, Refused, prepare};
pub use self::candidate::{Reason, examine};
use self::configuration::Opening;
use self::configured::Configured;
pub use self::loaders::{ComponentLoader, ConfigurationFile, SourceLoader};
use self::plan::Plan;
use self::versions::Versions;
use solgate::gate::Gate;
use solgate::policy::{Policy, PolicySources};
use solgate_config::{Config, Limits};

use crate::current::Current;
use crate::current_gate::CurrentGate;
use crate::error::GatewayError;
use crate::metrics::Metrics;
use crate::pipeline::Pipeline;
use crate::policy_metrics::{ReloadOutcome, Role};
use crate::rollout::Rollout;
use crate::routes::{self, Onward};

/// Replaces the policies of a door, and its configuration, while it is open.
pub struct Reload {
    load: ComponentLoader,
    enabled: bool,
    hangups: Signal,
    file: Option<ConfigurationFile>,
    rollout: Arc<Rollout>,
}

impl Reload {
    /// Takes SIGHUP from here on; it no longer ends the process, whether anything is
    /// replaced or not.
    ///
    /// # Errors
    /// The handler cannot be installed.
    pub fn new(load: ComponentLoader, rollout: Arc<Rollout>, config: &Config) -> Result<Self, GatewayError> {
        let hangups = signal(SignalKind::hangup()).map_err(GatewayError::Signals)?;
        Ok(Self { load, enabled: config.reload, hangups, file: None, rollout })
    }

    /// The file that the configuration comes from is read again, too.
    #[must_use]
    pub fn with_file(mut self, file: Option<ConfigurationFile>) -> Self {
        self.file = file;
        self
    }

    /// What fetches policies that are not files.
    #[must_use]
    pub fn rollout(&self) -> &Arc<Rollout> {
        &self.rollout
    }

    /// Looks after what a door has been opened with, for as long as it is open.
    pub async fn run<F: Onward>(
        mut self,
        pipeline: Arc<Current<Pipeline<F>>>,
        in_force: Arc<Current<Config>>,
        metrics: Arc<Metrics>,
    ) {
        if !self.enabled {
            return self.ignore("reloading is turned off").await;
        }
        let (mut thread, mut configured) = (LoaderThread::default(), self.file.take().map(Configured::new));
        let versions = Arc::new(Versions::default());
        // A file may have changed before anybody watched it.
        let mut asked = false;
        loop {
            let gates = routes::gates(&pipeline.get().routes);
            let mut watched: Vec<Watched> = gates
                .iter()
                .filter(|gate| !gate.upstream.gate.policies.files.is_empty())
                .map(|gate| {
                    let files = self.rollout.depends_on(&gate.upstream.gate.policies);
                    Watched { gate: gate.clone(), files, seen: None }
                })
                .collect();
            if watched.is_empty() && configured.is_none() {
                return self.ignore("no policy was loaded from a file").await;
            }
            let files = watched.iter().flat_map(|watched| &watched.files);
            let files = files.chain(configured.iter().flat_map(|configured| &configured.files));
            let mut changes = Changes::of(files.map(|path| path.as_path()));
            let sources: Vec<PolicySources> =
                watched.iter().map(|watched| watched.gate.upstream.gate.policies.clone()).collect();
            let mut following = std::pin::pin!(self.rollout.follow(&sources));
            let running = in_force.get();
            let (load, limits) = (self.load.clone(), running.limits);
            let rollout = self.rollout.clone();
            let (metrics, versions) = (metrics.clone(), versions.clone());
            let mut reload = Reloading { load, limits, metrics, versions, rollout, gates: &gates, thread };
            loop {
                if let Some(configured) = &mut configured
                    && let Some(wanted) = configured.changed(asked, &running, &reload.metrics).await
                {
                    let plan = Plan::new(&running, wanted);
                    let opening = Opening {
                        running: Config::clone(&running),
                        pipeline: pipeline.get(),
                        metrics: reload.metrics.clone(),
                        component: self.load.clone(),
                        sources: configured.file.load.clone(),
                        versions: reload.versions.clone(),
                        rollout: self.rollout.clone(),
                    };
                    if let Some(next) = configured.open(opening, &plan, &mut reload.thread).await {
                        routes::report(&next.routes, &gates, &reload.metrics);
                        reload.metrics.shares.measure(next.admission.clone(), None);
                        pipeline.replace(next);
                        configured.applied(&plan, &reload.metrics);
                        in_force.replace(plan.config);
                        break;
                    }
                }
                if asked {
                    self.rollout.look_now(&sources).await;
                }
                for one in &mut watched {
                    if let Some(candidate) = reload.changed(one, asked).await {
                        reload.settle(&one.gate, candidate);
                    }
                }
                asked = tokio::select! {
                    Some(()) = self.hangups.recv() => true,
                    () = changes.next() => false,
                    () = &mut following => false,
                };
            }
            thread = reload.thread;
            asked = false;
        }
    }

    /// Says at every SIGHUP why it does nothing.
    async fn ignore(mut self, reason: &str) {
        while self.hangups.recv().await.is_some() {
            tracing::warn!(reason, "SIGHUP has no effect on policies");
        }
    }
}

/// A gate whose policies come from files.
struct Watched {
    gate: Arc<CurrentGate>,
    files: Vec<PathBuf>,
    /// The files when they were last read.
    seen: Option<Look>,
}

struct Reloading<'a> {
    load: ComponentLoader,
    limits: Limits,
    metrics: Arc<Metrics>,
    versions: Arc<Versions>,
    rollout: Arc<Rollout>,
    gates: &'a [Arc<CurrentGate>],
    thread: LoaderThread,
}

impl Reloading<'_> {
    /// What is to become of policies whose files have changed; `None` if they have
    /// not. If somebody has `asked`, the files are read at once and in any case.
    async fn changed(&mut self, watched: &mut Watched, asked: bool) -> Option<Result<Candidate, Refused>> {
        let upstream = &watched.gate.upstream;
        let mut now = look(&watched.files).await;
        if !asked {
            if watched.seen.as_ref() == Some(&now) {
                return None;
            }
            now = settled(&watched.files, now).await;
        }
        watched.seen = Some(now);
        let live = watched.gate.get().policies().to_vec();
        let (upstream, vnfm, load) = (upstream.clone(), watched.gate.vnfm.clone(), self.load.clone());
        let (limits, versions, rollout) = (self.limits, self.versions.clone(), self.rollout.clone());
        let prepare = move || {
            let mut local = upstream.clone();
            local.gate.policies = rollout.local(&upstream.gate.policies).map_err(Refused::source)?;
            let prepared = prepare(&local, &vnfm, &limits, &live, &versions, &load)?;
            if prepared.is_none() {
                // Another artefact may hold the same policy.
                rollout.judges(&upstream.gate.policies);
            }
            Ok(prepared)
        };
        let prepared = self.thread.run(prepare).await;
        prepared.unwrap_or_else(|| Err(Refused::unfinished())).transpose()
    }

    /// Lets a candidate judge, or says why it does not.
    fn settle(&self, gate: &CurrentGate, candidate: Result<Candidate, Refused>) {
        let upstream = &*gate.name;
        let shadow = (gate.role == Role::Shadow).then_some(true);
        let swapped = candidate.and_then(|candidate| {
            let before = gate.replace(candidate.live, SystemTime::now()).map_err(Refused::setting)?;
            candidate.versions.iter().for_each(|(path, version)| self.versions.judges(path, *version));
            Ok((before, candidate.cases))
        });
        match swapped {
            Ok((before, cases)) => {
                let after = gate.get();
                self.count(gate, &before, &after);
                self.rollout.judges(&gate.upstream.gate.policies);
                tracing::info!(upstream, shadow, policies = names(&after), cases, "policies replaced");
            }
            Err(refused) => {
                let (sources, unsigned) = (&gate.upstream.gate.policies, refused.is_unsigned());
                let reason = refused.reason.to_string();
                if !self.rollout.refused(sources, refused.file.as_deref(), &reason, unsigned) {
                    return;
                }
                self.metrics.policies(gate.role).reloads.count(ReloadOutcome::Refused);
                let file = refused.file.as_deref().map(|path| tracing::field::display(path.display()));
                let in_use = names(&gate.get());
                tracing::error!(upstream, shadow, file, reason, in_use, "policies not replaced");
            }
        }
    }

    fn count(&self, gate: &CurrentGate, before: &Gate, after: &Gate) {
        let (upstream, metrics) = (&*gate.name, self.metrics.policies(gate.role));
        metrics.reloads.count(ReloadOutcome::Swapped);
        for policy in after.policies() {
            metrics.policy(upstream, &policy.id().name, &policy.id().digest);
        }
        for policy in before.policies() {
            let same = |one: &&Arc<CurrentGate>| one.role == gate.role && *one.name == *upstream;
            // Two gates of one VNFM may have it.
            let in_use = self.gates.iter().filter(same).flat_map(|gate| gate.get().policies().to_vec());
            if !in_use.into_iter().any(|one| one.id() == policy.id()) {
                metrics.forget_policy(upstream, &policy.id().name, &policy.id().digest);
            }
        }
    }
}

/// The policies of a gate, for a log line.
fn names(gate: &Gate) -> String {
    let one = |policy: &Arc<Policy>| format!("{} {}", policy.id().name, policy.id().digest);
    gate.policies().iter().map(one).collect::<Vec<_>>().join(", ")
}
