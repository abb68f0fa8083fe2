//! Facts: what the VNFM says about the state that a verdict depends on.
//!
//! A policy names a fact and its variables. A [`FactSource`] answers: either
//! [the VNFM itself](http::HttpFacts), asked with a target that the host has
//! [expanded](expand) from the policy's template; or the VNFM, asked by
//! [the program](delegated::DelegatedFacts) in which the gate is embedded; or
//! [a document](map::MapFacts) in tests and on the command line. Whatever the source, the policy sees only
//! the members that its template declares ([`project`]).

#[cfg(feature = "http-facts")]
mod cache;
#[cfg(feature = "http-facts")]
mod coalesce;
pub mod delegated;
mod exchange;
pub mod expand;
mod fields;
#[cfg(feature = "http-facts")]
pub mod http;
mod link;
pub mod map;
pub mod project;
#[cfg(feature = "http-facts")]
mod upstream;

use ::http::HeaderMap;
use bytes::Bytes;
use futures_util::future::BoxFuture;

pub use self::delegated::DelegatedFacts;
pub use self::fields::CREDENTIALS;
#[cfg(feature = "http-facts")]
pub use self::http::HttpFacts;
pub use self::map::MapFacts;
pub use solgate_contract::manifest::FactTemplate;

/// How many connections a [`FactSource`] holds to the VNFM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// A request, or its answer, is under way on them.
    pub busy: usize,
    pub idle: usize,
}

/// A question to a [`FactSource`].
#[derive(Debug, Clone, Copy)]
pub struct FactRequest<'a> {
    pub template: &'a FactTemplate,
    /// Decoded values of the template's variables, by name.
    pub variables: &'a [(String, String)],
    /// The API root of the judged request, such as `/vnflcm/v2`.
    pub api_root: &'a str,
    /// The judged request's header fields: the caller's credentials are in them.
    pub headers: &'a HeaderMap,
    /// True if the answer must not come from a cache, because a denial would
    /// rest on it.
    pub fresh: bool,
}

/// The answer of a [`FactSource`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub answer: FactAnswer,
    /// The answer was not fetched for this request.
    pub cached: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactAnswer {
    /// 200: the ETag field and the JSON text, reduced to the template's members.
    Found { etag: Option<String>, body: Bytes },
    /// 404.
    Absent,
    /// 401 or 403.
    Withheld,
    /// Anything else; the reason is for the log and the ProblemDetails.
    Unavailable(String),
}

impl FactAnswer {
    /// `found`, `absent`, `withheld` or `unavailable`.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Found { .. } => "found",
            Self::Absent => "absent",
            Self::Withheld => "withheld",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// The length of the body that was found.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Found { body, .. } => body.len(),
            Self::Absent | Self::Withheld | Self::Unavailable(_) => 0,
        }
    }
}

/// Where facts come from.
pub trait FactSource: Send + Sync + 'static {
    /// Answers one question. Never panics; failures are
    /// [`FactAnswer::Unavailable`].
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact>;

    /// The connections that it keeps for itself, if it does.
    fn connections(&self) -> Option<PoolUse> {
        None
    }
}

impl Fact {
    /// An answer that was obtained for the request that asked.
    #[must_use]
    pub fn fetched(answer: FactAnswer) -> Self {
        Self { answer, cached: false }
    }
}
