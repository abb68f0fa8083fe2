//! The file of the configuration: whether it says something else now, and what became
//! of that.

use std::path::PathBuf;
use std::time::SystemTime;

use solgate_config::{Config, UpstreamConfig};
use solgate_watch::files::{Look, look, settled};
use solgate_watch::loader::LoaderThread;
use tokio::runtime::Handle;

use super::configuration::Opening;
use super::loaders::ConfigurationFile;
use super::plan::Plan;
use crate::metrics::Metrics;
use crate::overrides;
use crate::pipeline::Pipeline;
use crate::policy_metrics::ReloadOutcome;
use crate::routes::Onward;

/// The file, as it was when it was last read.
pub struct Configured {
    pub file: ConfigurationFile,
    /// Only this one.
    pub files: [PathBuf; 1],
    seen: Option<Look>,
    /// What it said, if that could be read.
    last: Option<Config>,
}

impl Configured {
    /// Nothing is known of it yet.
    pub fn new(file: ConfigurationFile) -> Self {
        Self { files: [file.path.clone()], file, seen: None, last: None }
    }

    /// What it says now, if that is something else than what holds, or than what it said
    /// before. If somebody has `asked`, it is read in any case.
    pub async fn changed(&mut self, asked: bool, running: &Config, metrics: &Metrics) -> Option<Config> {
        let mut now = look(&self.files).await;
        if !asked {
            if self.seen.as_ref() == Some(&now) {
                return None;
            }
            now = settled(&self.files, now).await;
        }
        self.seen = Some(now);
        match (self.file.read)() {
            Ok(wanted) => {
                let known = if asked { None } else { self.last.as_ref() };
                let news = wanted != *running && known != Some(&wanted);
                self.last = Some(wanted.clone());
                news.then_some(wanted)
            }
            Err(error) => {
                self.last = None;
                self.refused(&error.to_string(), metrics);
                None
            }
        }
    }

    /// Opens everything that the plan needs; `None` if nothing is to be, or that cannot
    /// be, which is said.
    pub async fn open<F: Onward>(
        &self,
        opening: Opening<F>,
        plan: &Plan,
        thread: &mut LoaderThread,
    ) -> Option<Pipeline<F>> {
        if plan.config == opening.running {
            self.left(plan);
            return None;
        }
        let (config, metrics) = (plan.config.clone(), opening.metrics.clone());
        let runtime = Handle::current();
        let open = move || {
            // What keeps the ways to VNFMs up to date is started there.
            let _entered = runtime.enter();
            opening.open(&config)
        };
        match thread.run(open).await {
            Some(Ok(pipeline)) => Some(pipeline),
            Some(Err(error)) => {
                self.refused(&error.in_file(Some(&self.file.path)).to_string(), &metrics);
                None
            }
            None => {
                self.refused("the thread that was to load it could not be started, or did not end well", &metrics);
                None
            }
        }
    }

    /// It holds from here on.
    pub fn applied(&self, plan: &Plan, metrics: &Metrics) {
        metrics.configurations.count(ReloadOutcome::Swapped);
        let upstreams: Vec<String> = plan.config.upstreams.iter().map(UpstreamConfig::name).collect();
        let file = self.file.path.display();
        tracing::info!(%file, upstreams = upstreams.join(", "), "configuration replaced");
        overrides::report(&plan.config.upstreams, SystemTime::now());
        self.left(plan);
    }

    /// Names what needs a restart.
    fn left(&self, plan: &Plan) {
        if !plan.restart.is_empty() {
            let (file, members) = (self.file.path.display(), plan.restart.join(", "));
            tracing::warn!(%file, members, "these members hold after a restart only");
        }
    }

    fn refused(&self, reason: &str, metrics: &Metrics) {
        metrics.configurations.count(ReloadOutcome::Refused);
        tracing::error!(file = %self.file.path.display(), reason, "configuration not replaced");
    }
}
