//! What was found out, and what was not.

use serde::Serialize;
use solgate_contract::version::ApiVersion;

use crate::suggestion::Suggestion;
use crate::unknown::Unknown;

/// The result of an examination.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The URL that was asked.
    pub upstream: String,
    /// Requests that were sent, all of them GET or HEAD.
    pub requests: usize,
    /// Each API root of the built-in policies that could be asked.
    pub roots: Vec<RootReport>,
    pub observations: Vec<Observation>,
    pub unknown: Vec<Unknown>,
    /// `None` if no API root answers.
    pub configuration: Option<Suggestion>,
}

/// Whether an API is below a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    Answers,
    /// It is there, and does not let this one see it.
    Withheld,
    Absent,
    /// Whatever is asked is answered in the same way, or not at all.
    Unclear,
}

/// An API root.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootReport {
    pub root: &'static str,
    /// The built-in policy that judges what lies below it.
    pub policy: &'static str,
    pub presence: Presence,
    /// The status of the last answer that decided this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// By its api_versions.
    pub declared: Vec<ApiVersion>,
    /// Those in which its list of instances was answered.
    pub answered: Vec<ApiVersion>,
}

/// What an observation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Topic {
    Versions,
    NoVersion,
    UnknownVersion,
    Head,
    Paging,
    Filter,
    UnknownFilterAttribute,
    UnknownSelector,
    ETag,
    IdentifierCase,
    Missing,
    References,
    Authorization,
    Dialect,
    AnswerTime,
    AnswerSize,
    OtherApis,
}

/// How the server behaves, and what follows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Observation {
    pub topic: Topic,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    pub text: String,
}

/// What is found while questions are put.
#[derive(Debug, Default)]
pub struct Findings {
    pub observations: Vec<Observation>,
    pub unknown: Vec<Unknown>,
}

impl Findings {
    pub fn saw(&mut self, topic: Topic, root: Option<&'static str>, status: Option<u16>, text: impl Into<String>) {
        self.observations.push(Observation { topic, root, status, text: text.into() });
    }

    pub fn cannot_tell(&mut self, what: &str, root: Option<&'static str>, why: impl Into<String>) {
        self.unknown.push(Unknown { what: what.to_owned(), root, why: why.into() });
    }
}
