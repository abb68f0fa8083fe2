//! One request being judged, step by step.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use solgate::Request;
use solgate::facts::delegated::{Delegation, Question};
use solgate::fault::Fault;
use solgate::gate::Gate;
use solgate_embedded::{Hearing, Step};

use crate::answer::{About, Answer};
use crate::lent::Fields;
use crate::types::{SOLGATE_ALLOW, SOLGATE_DENY, SOLGATE_NEED};

/// One request being judged.
pub struct Evaluation(State);

enum State {
    Pending(Box<Pending>),
    Decided(Answer),
}

/// The gate at work, or waiting for facts.
struct Pending {
    gate: Arc<Gate>,
    about: About,
    hearing: Hearing,
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
        let hearing = Hearing::new(Arc::clone(&gate), delegation, Arc::new(request), ());
        Self(State::Pending(Box::new(Pending { gate, about, hearing, questions: Vec::new(), supplied: false })))
    }

    /// One that is over before it has begun.
    pub fn decided(answer: Answer) -> Self {
        Self(State::Decided(answer))
    }

    /// Goes on as far as it can.
    pub fn evaluate(&mut self) -> i32 {
        if let State::Pending(pending) = &mut self.0 {
            let step = catch_unwind(AssertUnwindSafe(|| pending.go_on()));
            match step.unwrap_or_else(|_| Some(pending.failed("it panicked"))) {
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
            State::Pending(pending) => &pending.questions,
            State::Decided(_) => &[],
        }
    }

    /// Takes the reply to a question; `None` says that there was none. Returns
    /// false if there is no such question, or it has its reply.
    pub fn supply(&mut self, index: usize, reply: Option<Response<Bytes>>) -> bool {
        let State::Pending(pending) = &mut self.0 else { return false };
        let Some(question) = pending.questions.get_mut(index).and_then(|open| open.question.take()) else {
            return false;
        };
        pending.supplied = true;
        if let Some(reply) = reply {
            question.answer(reply);
        }
        true
    }

    pub fn answer(&self) -> Option<&Answer> {
        match &self.0 {
            State::Pending(_) => None,
            State::Decided(answer) => Some(answer),
        }
    }
}

impl Pending {
    /// The answer, or `None` if facts are needed first.
    fn go_on(&mut self) -> Option<Answer> {
        if !self.questions.is_empty() && !self.supplied {
            return None;
        }
        // To drop a question says that it has no answer.
        self.questions.clear();
        self.supplied = false;
        match self.hearing.go_on() {
            Step::Decided(heard) => Some(Answer::decided(&self.gate, &self.about, &heard.decision)),
            Step::Asks(questions) => {
                self.questions = questions.into_iter().map(Open::from).collect();
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
