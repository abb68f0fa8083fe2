//! The gate: policies, facts and settings in; a decision out.

mod aside;
mod decision;
mod judge;
mod observer;
mod operations;
mod ownership;
mod settings;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use crate::Request;
use crate::facts::FactSource;
use crate::fault::Fault;
use crate::policy::{EvaluationLimits, Policy};
use crate::problem::ProblemStyle;
use operations::{Located, Operations, Path, Resource};
use ownership::{Asked, Owners};

pub use decision::{Decision, FactTrace, Verdict};
pub use observer::Observer;
pub use settings::{SettingError, is_shared_out};
pub use solgate_contract::verdict::{Finding, Mode, Setting, Severity};

/// What happens when a fact is unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FactFailure {
    /// 503 with Retry-After.
    #[default]
    Deny,
    /// The rules that need it are skipped with a warning.
    Pass,
}

/// What a request is about, as far as a gate knows such a request.
#[derive(Debug, Clone, Default)]
pub struct About<'g> {
    /// The API, such as `vnflcm/v2`.
    pub api: Option<&'g Arc<str>>,
    /// The operation, by its id.
    pub operation: Option<&'g str>,
    /// The resource, such as `vnf_instances/1`; none if it is a collection.
    pub resource: Option<String>,
}

/// Policies, where their facts come from, and the operator's settings.
pub struct Gate {
    policies: Vec<Arc<Policy>>,
    owners: Owners,
    /// Of each policy.
    operations: Vec<Operations>,
    /// The ids of all rules that the policies declare.
    rules: HashSet<String>,
    facts: Arc<dyn FactSource>,
    settings: Vec<Setting>,
    /// What each policy gets of them.
    settings_of: Vec<Vec<Setting>>,
    mode: Mode,
    fact_failure: FactFailure,
    style: ProblemStyle,
    /// The style, with the version that each policy supports; empty if all have one style.
    style_of: Vec<ProblemStyle>,
    settings_digest: OnceLock<Arc<str>>,
    /// `None`: those of the policies' engine.
    limits: Option<EvaluationLimits>,
}

impl Gate {
    /// A gate that enforces, with the settings that are built into the policies.
    #[must_use]
    pub fn new(policies: Vec<Arc<Policy>>, facts: Arc<dyn FactSource>) -> Self {
        let gate = Self {
            owners: Owners::new(&policies),
            operations: policies.iter().map(|policy| Operations::new(policy.manifest())).collect(),
            rules: policies.iter().flat_map(|policy| &policy.manifest().rules).map(|rule| rule.id.clone()).collect(),
            settings_of: vec![Vec::new(); policies.len()],
            policies,
            facts,
            settings: Vec::new(),
            mode: Mode::default(),
            fact_failure: FactFailure::default(),
            style: ProblemStyle::default(),
            style_of: Vec::new(),
            settings_digest: OnceLock::new(),
            limits: None,
        };
        gate.with_style(ProblemStyle::default())
    }

    /// Overrides options and severities. An option's value may be given as a text:
    /// it is read by the option's type. A setting holds for each policy that has such an
    /// option or rule; with the name of a policy and a dot before it, for that policy only, and then wins.
    /// Of versions of APIs each policy gets those of its own major version.
    ///
    /// # Errors
    /// If no policy of the gate has such an option or rule, or the value is not of
    /// the option's type.
    pub fn with_settings(mut self, settings: Vec<Setting>) -> Result<Self, SettingError> {
        self.settings = Vec::with_capacity(settings.len());
        self.settings_of = vec![Vec::new(); self.policies.len()];
        let mut for_one = Vec::new();
        for setting in settings {
            let settings::Fitted { setting, of, is_for_one } = settings::fit(&self.policies, setting)?;
            self.settings.push(setting);
            if is_for_one {
                for_one.push(of);
                continue;
            }
            self.settings_of.iter_mut().zip(of).for_each(|(of, setting)| of.extend(setting));
        }
        // The last one holds.
        for of in for_one {
            self.settings_of.iter_mut().zip(of).for_each(|(of, setting)| of.extend(setting));
        }
        self.settings_digest = OnceLock::new();
        // The version that answers carry may be another one now.
        let style = ProblemStyle { version: None, ..self.style.clone() };
        Ok(self.with_style(style))
    }

    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self.settings_digest = OnceLock::new();
        self
    }

    #[must_use]
    pub fn with_fact_failure(mut self, fact_failure: FactFailure) -> Self {
        self.fact_failure = fact_failure;
        self.settings_digest = OnceLock::new();
        self
    }

    /// How much an evaluation may take, instead of what the policies' engine allows.
    #[must_use]
    pub fn with_evaluation_limits(mut self, limits: EvaluationLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// How problems are written. Without a version of its own the style gets the
    /// highest one that the policies support, and in a gate of several policies problems
    /// with a request have that of the policy that judges it; set it after the settings.
    #[must_use]
    pub fn with_style(mut self, style: ProblemStyle) -> Self {
        self.style_of = Vec::new();
        if style.version.is_none() {
            let with = |(policy, settings): (&Arc<Policy>, &Vec<Setting>)| ProblemStyle {
                version: settings::highest_version(policy, settings),
                ..style.clone()
            };
            self.style_of = self.policies.iter().zip(&self.settings_of).map(with).collect();
        }
        let version = || self.style_of.iter().find_map(|style| style.version.clone());
        self.style = ProblemStyle { version: style.version.clone().or_else(version), ..style };
        self
    }

    /// The settings that differ from those built into the policies.
    #[must_use]
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Tells one way to be set from another: lower-case hexadecimal SHA-256 over
    /// mode, fact failure, options and severities. Gates of equal settings have equal
    /// digests, in whichever order these were given.
    #[must_use]
    pub fn settings_digest(&self) -> &Arc<str> {
        self.settings_digest.get_or_init(|| settings::digest(&self.settings, self.mode, self.fact_failure).into())
    }

    /// Whether it denies.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What it does when a fact is unavailable.
    #[must_use]
    pub fn fact_failure(&self) -> FactFailure {
        self.fact_failure
    }

    /// How this gate writes problems that are about no request it could read.
    #[must_use]
    pub fn style(&self) -> &ProblemStyle {
        &self.style
    }

    /// How this gate writes its problems with a request: with the version that the policy
    /// supports which judges the API.
    #[must_use]
    pub fn style_for(&self, target: &str) -> &ProblemStyle {
        let of_policy = || self.style_of.get(self.owners.first(target));
        of_policy().filter(|style| style.version.is_some()).unwrap_or(&self.style)
    }

    /// The policies, in the order in which they are asked: about a request those below
    /// whose API roots it lies, about one that lies below none all of them.
    #[must_use]
    pub fn policies(&self) -> &[Arc<Policy>] {
        &self.policies
    }

    /// Whether a policy declares this rule. One may name others in its verdicts.
    #[must_use]
    pub fn declares(&self, rule: &str) -> bool {
        self.rules.contains(rule)
    }

    /// The most bytes of a body that a door needs to read: the largest limit of
    /// the policies. One byte more tells that there is more.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        self.policies.iter().map(|policy| policy.body_limit()).max().unwrap_or(1 << 20)
    }

    /// Whether a request can be dispatched as far as its body is concerned. A gate that
    /// only monitors, or is off, lets a large body pass, but a door that has read only
    /// the start of it has not seen the rest.
    ///
    /// # Errors
    /// The body is larger than [`body_limit`](Self::body_limit), so the rest is missing.
    pub fn check_whole(&self, body_complete: bool) -> Result<(), Fault> {
        if body_complete { Ok(()) } else { Err(Fault::BodyTooLarge { limit: self.body_limit() }) }
    }

    /// What a request is about, by the first policy that knows.
    #[must_use]
    pub fn about(&self, method: &str, target: &str) -> About<'_> {
        let path = Path::of(target);
        self.about_path(method, &path, &self.owners.asked(&path))
    }

    fn about_path(&self, method: &str, path: &Path<'_>, asked: &Asked<'_>) -> About<'_> {
        let about = self.locate(method, path, asked, |located| About {
            api: located.api,
            operation: located.operation,
            resource: located.resource.as_ref().map(Resource::written),
        });
        about.unwrap_or_default()
    }

    /// The operation that a request is, by the first policy that knows it.
    #[must_use]
    pub fn operation(&self, method: &str, target: &str) -> Option<&str> {
        self.about(method, target).operation
    }

    /// The resource that a request may change, such as `vnflcm/vnf_instances/1`, by the first
    /// policy that knows its operation; `None` if it changes none, or makes one. The
    /// identifier is decoded and in lower case, without blanks at its end: what a VNFM
    /// may take for the same resource has the same name here. All major versions of an API
    /// are about the same resources; those of different APIs have different names.
    #[must_use]
    pub fn changes(&self, method: &str, target: &str) -> Option<String> {
        if matches!(method, "GET" | "HEAD" | "OPTIONS") {
            return None;
        }
        let path = Path::of(target);
        self.locate(method, &path, &self.owners.asked(&path), |located| {
            located.resource.as_ref().map(Resource::folded)
        })?
    }

    /// Has `tell` look at what a request is about: by the first policy that knows its
    /// operation, else by the first that judges its API. Those that are not asked about it
    /// know nothing of it.
    fn locate<'g, T>(
        &'g self,
        method: &str,
        path: &Path<'_>,
        asked: &Asked<'_>,
        tell: impl Fn(&Located<'g, '_>) -> T,
    ) -> Option<T> {
        let mut first = None;
        for operations in asked.members.iter().filter_map(|index| self.operations.get(*index)) {
            match operations.locate(method, path) {
                Some(located) if located.operation.is_some() || located.resource.is_some() => {
                    return Some(tell(&located));
                }
                located => first = first.or(located),
            }
        }
        first.as_ref().map(tell)
    }

    /// Where its facts come from.
    #[must_use]
    pub fn facts(&self) -> &Arc<dyn FactSource> {
        &self.facts
    }

    /// Judges one request. Never fails: a fault is also a denial.
    pub async fn judge(&self, request: &Request) -> Decision {
        judge::judge(self, request, &*self.facts, &mut ()).await
    }

    /// Judges one request with facts from `facts` instead of the gate's own
    /// source: for a program that fetches them itself, as
    /// [`DelegatedFacts`](crate::facts::DelegatedFacts) lets it.
    pub async fn judge_with(&self, request: &Request, facts: &dyn FactSource) -> Decision {
        judge::judge(self, request, facts, &mut ()).await
    }

    /// As [`judge_with`](Self::judge_with), and tells `observer` what happens meanwhile.
    pub async fn judge_observed(
        &self,
        request: &Request,
        facts: &dyn FactSource,
        observer: &mut dyn Observer,
    ) -> Decision {
        judge::judge(self, request, facts, observer).await
    }
}
