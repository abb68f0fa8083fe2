//! One request being judged, step by step.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::task::noop_waker_ref;
use http::Response;
use solgate::Request;
use solgate::facts::DelegatedFacts;
use solgate::facts::delegated::{Delegation, Question};
use solgate::fault::Fault;
use solgate::gate::{Decision, Gate};

use crate::answer::{About, Answer};
use crate::lent::Fields;
use crate::types::{SOLGATE_ALLOW, SOLGATE_DENY, SOLGATE_NEED};

/// One request being judged.
pub struct Evaluation(State);

enum State {
    Heard(Box<Hearing>),
    Decided(Answer),
}

/// The gate at work, or waiting for facts.
struct Hearing {
    gate: Arc<Gate>,
    about: About,
    facts: Arc<DelegatedFacts>,
    decision: BoxFuture<'static, Decision>,
    /// What the gate waits for.
    questions: Vec<Open>,
    /// One of them has got its reply.
    supplied: bool,
}

/// A question, as C sees it.
pub struct Open {
    pub target: String,
    pub fields: Fields,
    /// `None` when it has been answered.
    question: Option<Question>,
}

impl Evaluation {
    pub fn new(gate: Arc<Gate>, delegation: &Delegation, request: Request) -> Self {
        let about = About::from(&request);
        let facts = Arc::new(delegation.facts());
        let decision = {
            let (gate, facts) = (Arc::clone(&gate), Arc::clone(&facts));
            async move { gate.judge_with(&request, &*facts).await }.boxed()
        };
        Self(State::Heard(Box::new(Hearing { gate, about, facts, decision, questions: Vec::new(), supplied: false })))
    }

    /// One that is over before it has begun.
    pub fn decided(answer: Answer) -> Self {
        Self(State::Decided(answer))
    }

    /// Goes on as far as it can.
    pub fn evaluate(&mut self) -> i32 {
        if let State::Heard(hearing) = &mut self.0 {
            let step = catch_unwind(AssertUnwindSafe(|| hearing.go_on()));
            match step.unwrap_or_else(|_| Some(hearing.failed("it panicked"))) {
                Some(answer) => self.0 = State::Decided(answer),
                None => return SOLGATE_NEED,
            }
        }
        match self.answer() {
            Some(answer) if answer.status == 0 => SOLGATE_ALLOW,
            _ => SOLGATE_DENY,
        }
    }

    /// What the VNFM is to be asked.
    pub fn questions(&self) -> &[Open] {
        match &self.0 {
            State::Heard(hearing) => &hearing.questions,
            State::Decided(_) => &[],
        }
    }

    /// Takes the reply to a question; `None` says that there was none. Returns
    /// false if there is no such question, or it has its reply.
    pub fn supply(&mut self, index: usize, reply: Option<Response<Bytes>>) -> bool {
        let State::Heard(hearing) = &mut self.0 else { return false };
        let Some(question) = hearing.questions.get_mut(index).and_then(|open| open.question.take()) else {
            return false;
        };
        hearing.supplied = true;
        if let Some(reply) = reply {
            question.answer(reply);
        }
        true
    }

    pub fn answer(&self) -> Option<&Answer> {
        match &self.0 {
            State::Heard(_) => None,
            State::Decided(answer) => Some(answer),
        }
    }
}

impl Hearing {
    /// The answer, or `None` if facts are needed first.
    fn go_on(&mut self) -> Option<Answer> {
        if !self.questions.is_empty() && !self.supplied {
            return None;
        }
        // To drop a question says that it has no answer.
        self.questions.clear();
        self.supplied = false;
        // Nobody needs to be woken: the embedding program says when to go on.
        match self.decision.poll_unpin(&mut Context::from_waker(noop_waker_ref())) {
            Poll::Ready(decision) => Some(Answer::decided(&self.gate, &self.about, &decision)),
            Poll::Pending => {
                self.questions = self.facts.take_questions().into_iter().map(Open::from).collect();
                self.questions.is_empty().then(|| self.failed("it waits for nothing"))
            }
        }
    }

    fn failed(&self, reason: &str) -> Answer {
        Answer::failed(&self.gate, &self.about, &Fault::Internal(reason.to_owned()))
    }
}

impl From<Question> for Open {
    fn from(question: Question) -> Self {
        Self {
            target: question.target.clone(),
            fields: Fields::from(question.headers.clone()),
            question: Some(question),
        }
    }
}
