//! One request being judged, step by step.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::task::noop_waker_ref;
use solgate::Request;
use solgate::facts::DelegatedFacts;
use solgate::facts::delegated::{Delegation, Question};
use solgate::gate::{Decision, Gate, Observer};

/// The gate at work, or waiting for facts.
pub struct Hearing {
    facts: Arc<DelegatedFacts>,
    decision: BoxFuture<'static, Box<Heard>>,
}

/// A request, and what the gate says of it.
pub struct Heard {
    pub request: Arc<Request>,
    pub decision: Decision,
}

/// How far a hearing has come.
pub enum Step {
    Decided(Box<Heard>),
    /// What the VNFM is to be asked. If this is empty, it can never end.
    Asks(Vec<Question>),
}

impl Hearing {
    /// Begins; `observer` is told of what happens.
    pub fn new(
        gate: Arc<Gate>,
        delegation: &Delegation,
        request: Arc<Request>,
        mut observer: impl Observer + 'static,
    ) -> Self {
        let facts = Arc::new(delegation.facts());
        let decision = {
            let facts = Arc::clone(&facts);
            async move {
                let decision = gate.judge_observed(&request, &*facts, &mut observer).await;
                Box::new(Heard { request, decision })
            }
            .boxed()
        };
        Self { facts, decision }
    }

    /// Goes on as far as it can. The questions that it gave before must have been
    /// answered or dropped.
    pub fn go_on(&mut self) -> Step {
        // Nobody needs to be woken: the embedding program says when to go on.
        match self.decision.poll_unpin(&mut Context::from_waker(noop_waker_ref())) {
            Poll::Ready(heard) => Step::Decided(heard),
            Poll::Pending => Step::Asks(self.facts.take_questions()),
        }
    }
}
