//! What is known of policies that are not files: for `/status`, for metrics, and so that each
//! thing is said once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use solgate::policy::FileDigest;
use solgate_registry::Remote;

use super::metrics::{Look, SourceMetrics};

/// What is known of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceStatus {
    pub source: String,
    /// The digest that it has there, as of the last answer.
    #[serde(serialize_with = "digest", skip_serializing_if = "Option::is_none")]
    pub offered: Option<FileDigest>,
    /// The digest of the one that judges.
    #[serde(serialize_with = "digest", skip_serializing_if = "Option::is_none")]
    pub in_force: Option<FileDigest>,
    /// Since when it does.
    #[serde(serialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub since: Option<SystemTime>,
    /// When there was an answer last.
    #[serde(serialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<SystemTime>,
    /// Why there is none now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub away: Option<Away>,
    /// What is offered and must not judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<RefusedOffer>,
}

/// The registry does not answer, or not as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Away {
    #[serde(serialize_with = "some_time")]
    pub since: SystemTime,
    pub reason: String,
}

/// A policy that is offered and must not judge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedOffer {
    #[serde(serialize_with = "some_digest")]
    pub digest: FileDigest,
    #[serde(serialize_with = "some_time")]
    pub at: SystemTime,
    pub reason: String,
    /// Another look at the same policy may find the signature that it lacks.
    #[serde(skip)]
    pub may_change: bool,
}

/// What is known of all.
#[derive(Default)]
pub struct States {
    states: Mutex<BTreeMap<String, SourceStatus>>,
    metrics: OnceLock<SourceMetrics>,
}

impl States {
    pub fn measure(&self, metrics: &SourceMetrics) {
        let _ = self.metrics.set(metrics.clone());
        for status in self.status() {
            metrics.set(&status.source, status.away.is_none(), status.refused.is_some());
        }
    }

    pub fn status(&self) -> Vec<SourceStatus> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub fn of(&self, remote: &Remote) -> Option<SourceStatus> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).get(&remote.to_string()).cloned()
    }

    fn change<T>(&self, remote: &Remote, look: Option<Look>, change: impl FnOnce(&mut SourceStatus) -> T) -> T {
        let source = remote.to_string();
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(source.clone()).or_insert_with(|| SourceStatus {
            source: source.clone(),
            offered: None,
            in_force: None,
            since: None,
            answered_at: None,
            away: None,
            refused: None,
        });
        let changed = change(state);
        if let Some(metrics) = self.metrics.get() {
            metrics.set(&source, state.away.is_none(), state.refused.is_some());
            look.iter().for_each(|look| metrics.count(&source, *look));
        }
        changed
    }

    /// There was an answer.
    pub fn answered(&self, remote: &Remote, offered: Option<FileDigest>, look: Look) {
        let back = self.change(remote, Some(look), |state| {
            state.offered = offered.or(state.offered);
            state.answered_at = Some(SystemTime::now());
            if state.refused.as_ref().is_some_and(|refused| Some(refused.digest) != state.offered) {
                // It is offered no longer.
                state.refused = None;
            }
            state.away.take()
        });
        if let Some(Away { since, .. }) = back {
            let since = humantime::format_rfc3339_seconds(since);
            tracing::info!(source = %remote, %since, "the policy can be fetched again");
        }
    }

    /// There was none, or not the one that there should be.
    pub fn away(&self, remote: &Remote, reason: &str) {
        let is_news = self.change(remote, Some(Look::Failed), |state| match &mut state.away {
            Some(away) => {
                reason.clone_into(&mut away.reason);
                false
            }
            None => {
                state.away = Some(Away { since: SystemTime::now(), reason: reason.to_owned() });
                true
            }
        });
        if is_news {
            tracing::warn!(source = %remote, reason, "the policy cannot be fetched: the one of the last time is used");
        }
    }

    /// This one judges.
    pub fn judges(&self, remote: &Remote, digest: FileDigest, now: SystemTime) {
        self.change(remote, None, |state| {
            if state.in_force != Some(digest) {
                (state.in_force, state.since) = (Some(digest), Some(now));
            }
            if state.refused.as_ref().is_some_and(|refused| refused.digest == digest) {
                state.refused = None;
            }
        });
    }

    /// This one must not. False if that is known.
    pub fn refused(&self, remote: &Remote, digest: FileDigest, reason: &str, may_change: bool) -> bool {
        self.change(remote, None, |state| match &state.refused {
            Some(known) if known.digest == digest && known.reason == reason => false,
            _ => {
                let (at, reason) = (SystemTime::now(), reason.to_owned());
                state.refused = Some(RefusedOffer { digest, at, reason, may_change });
                true
            }
        })
    }

    /// Only these are followed from here on.
    pub fn keep(&self, remotes: &[Remote]) {
        let kept: BTreeSet<String> = remotes.iter().map(ToString::to_string).collect();
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.retain(|source, _| {
            let keeps = kept.contains(source);
            if !keeps && let Some(metrics) = self.metrics.get() {
                metrics.forget(source);
            }
            keeps
        });
    }
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn digest<S: Serializer>(digest: &Option<FileDigest>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&digest.map(|digest| format!("sha256:{digest}")).unwrap_or_default())
}

fn some_digest<S: Serializer>(digest: &FileDigest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("sha256:{digest}"))
}

#[expect(clippy::ref_option, reason = "serde asks for it")]
fn time<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    some_time(&time.unwrap_or(SystemTime::UNIX_EPOCH), serializer)
}

fn some_time<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_seconds(*time))
}
