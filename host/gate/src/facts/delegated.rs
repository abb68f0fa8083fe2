//! Facts that the embedding program fetches: a server that has its own non-blocking
//! client, or a VNFM that asks itself.
//!
//! One [`DelegatedFacts`] belongs to one request. While
//! [`Gate::judge_with`](crate::gate::Gate::judge_with) waits, it holds the
//! [questions](Question) for the VNFM. When they are answered, the gate goes on; it may
//! then have more questions, such as the next page of a list.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, Response};
use http_body_util::Full;
use tokio::sync::oneshot;

use super::exchange::{Ask, DEFAULT_MAX_BYTES, DEFAULT_MAX_PAGES, Exchange, Unusable};
use super::expand::expand;
use super::fields::{Credentials, FactFields};
use super::{Fact, FactAnswer, FactRequest, FactSource};
use crate::trace_context;

/// How facts are asked for, for any number of requests. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Delegation(Arc<Terms>);

#[derive(Debug)]
struct Terms {
    fields: FactFields,
    exchange: Exchange,
}

/// The facts of one request.
#[derive(Debug)]
pub struct DelegatedFacts {
    terms: Arc<Terms>,
    questions: Mutex<Vec<Question>>,
}

/// A GET that is to be put to the VNFM. To drop it says that there was no answer.
#[derive(Debug)]
pub struct Question {
    /// Path and query below the VNFM's base URL.
    pub target: String,
    /// All fields but Host.
    pub headers: HeaderMap,
    answer: oneshot::Sender<Response<Bytes>>,
}

impl Question {
    /// What the VNFM has answered, without transfer coding.
    pub fn answer(self, response: Response<Bytes>) {
        // Nobody listens when the request was given up.
        let _ = self.answer.send(response);
    }
}

impl Default for Delegation {
    /// With the caller's Authorization, X-Auth-Token and X-HM-Authorization, and 4 MiB
    /// for a fact.
    fn default() -> Self {
        Self::with(Credentials::default(), DEFAULT_MAX_BYTES)
    }
}

impl Delegation {
    /// The fields of the judged request that carry its caller's credentials are
    /// sent along; a fact has at most `max_bytes`, with all its pages.
    #[must_use]
    pub fn new(credentials: Vec<HeaderName>, max_bytes: usize) -> Self {
        Self::with(Credentials::Caller(credentials), max_bytes)
    }

    fn with(credentials: Credentials, max_bytes: usize) -> Self {
        let exchange = Exchange { max_bytes, max_pages: DEFAULT_MAX_PAGES, own_account: false };
        Self(Arc::new(Terms { fields: FactFields::with_default_version(credentials), exchange }))
    }

    /// The facts of one more request.
    #[must_use]
    pub fn facts(&self) -> DelegatedFacts {
        DelegatedFacts { terms: Arc::clone(&self.0), questions: Mutex::default() }
    }
}

impl DelegatedFacts {
    /// The questions that nobody has taken yet.
    #[must_use]
    pub fn take_questions(&self) -> Vec<Question> {
        std::mem::take(&mut *self.questions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, request: FactRequest<'_>) -> FactAnswer {
        let target = match expand(request.template, request.variables, request.api_root) {
            Ok(target) => target,
            Err(error) => return FactAnswer::Unavailable(error.to_string()),
        };
        let mut headers = self.terms.fields.headers(request.headers);
        trace_context::copy(request.headers, &mut headers);
        let fetched = self.terms.exchange.fetch(self, &target, request.template, &headers).await;
        fetched.unwrap_or_else(|unusable| FactAnswer::Unavailable(unusable.to_string()))
    }
}

impl Ask for DelegatedFacts {
    type Body = Full<Bytes>;

    async fn ask(&self, target: &str, headers: &HeaderMap) -> Result<Response<Full<Bytes>>, Unusable> {
        let (answer, answered) = oneshot::channel();
        let question = Question { target: target.to_owned(), headers: headers.clone(), answer };
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).push(question);
        let response = answered.await.map_err(|_| Unusable::NoAnswer)?;
        Ok(response.map(Full::new))
    }
}

impl FactSource for DelegatedFacts {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        self.answer(request).map(Fact::fetched).boxed()
    }
}
