//! The configuration of one gate, behind any door.

use std::time::{Duration, SystemTime};

use http::Uri;
use serde::{Deserialize, Serialize};
use solgate::gate::{FactFailure, Mode, Setting, Severity};
use solgate::policy::{EvaluationLimits, Isolation, PolicySources};
use solgate::problem::ProblemStyle;

use crate::values::{As, CredentialField, Each, Maybe, Positive, Span, TimeLimit};
use crate::vnfm_url::Url;

/// Policies and settings of one gate. The default is the built-in policy,
/// enforced.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GateConfig {
    pub policies: PolicySources,
    /// Options that differ from the policies' defaults.
    pub options: Vec<(String, serde_json::Value)>,
    pub severities: Vec<SeverityOverride>,
    pub mode: GateMode,
    pub isolation: Isolation,
    /// `None`: those of the engine that loads the policies.
    pub evaluation: Option<EvaluationLimits>,
    pub facts: FactsConfig,
    pub fact_failure: FactFailure,
    pub style: ProblemStyle,
}

impl GateConfig {
    /// The settings, overrides that have expired among them.
    #[must_use]
    pub fn all_settings(&self) -> Vec<Setting> {
        self.settings(SystemTime::UNIX_EPOCH)
    }

    /// The settings that hold at `now`: overrides that have expired are out.
    #[must_use]
    pub fn settings(&self, now: SystemTime) -> Vec<Setting> {
        let options =
            self.options.iter().map(|(name, value)| Setting::Option { name: name.clone(), value: value.clone() });
        let severities = self
            .severities
            .iter()
            .filter(|change| !change.has_expired(now))
            .map(|change| Setting::Severity { rule: change.rule.clone(), severity: change.severity });
        options.chain(severities).collect()
    }
}

/// What the gate of an upstream does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum GateMode {
    /// Refuses what a policy denies.
    #[default]
    Enforce,
    /// Judges, logs, and refuses nothing.
    Monitor,
    /// Does not judge. The checks of framing and the limits remain.
    Off,
}

impl GateMode {
    /// As it is written in the configuration and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Monitor => "monitor",
            Self::Off => "off",
        }
    }

    /// How the gate judges if it is asked. One that is off is made as if it
    /// were on, so that its settings are checked.
    #[must_use]
    pub fn judging(self) -> Mode {
        match self {
            Self::Enforce | Self::Off => Mode::Enforce,
            Self::Monitor => Mode::Monitor,
        }
    }
}

/// A rule whose severity the operator has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityOverride {
    pub rule: String,
    pub severity: Severity,
    /// Why, so that others understand it later.
    pub reason: String,
    /// From then on it no longer holds.
    pub until: Option<SystemTime>,
}

impl SeverityOverride {
    #[must_use]
    pub fn has_expired(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// Where and how facts are fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct FactsConfig {
    /// How long an answer may be used again; zero: never. A denial never rests on an old one.
    #[serde(with = "As::<Span>")]
    pub ttl: Duration,
    /// Time limit for one answer.
    #[serde(with = "As::<TimeLimit>")]
    pub timeout: Duration,
    /// The URL of who has the facts, if that is not the upstream.
    #[serde(with = "Maybe::<Url>", skip_serializing_if = "Option::is_none")]
    pub url: Option<Uri>,
    /// Fields of the judged request that are sent along, because they hold the caller's credentials.
    #[serde(with = "Each::<CredentialField>")]
    pub credentials: Vec<http::HeaderName>,
    /// Bytes of one answer.
    #[serde(with = "Positive")]
    pub max_bytes: usize,
}

impl Default for FactsConfig {
    fn default() -> Self {
        Self {
            ttl: Duration::ZERO,
            timeout: Duration::from_secs(2),
            url: None,
            credentials: solgate::facts::CREDENTIALS.to_vec(),
            max_bytes: 4 << 20,
        }
    }
}
