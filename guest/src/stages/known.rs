//! What the VNFM has answered.

use super::call::Call;
use crate::{
    cel_env::FactValue,
    json::{self, Document, Node},
    verdict::FactAnswer,
};

/// The facts of a call.
pub(crate) struct State<'a> {
    /// By index in the bundle; `None` if it has not been asked for.
    answers: Vec<Option<Answer<'a>>>,
    pub(super) values: Vec<FactValue<'a>>,
    /// Facts about which it has been said that they cannot be looked at.
    pub(super) mentioned: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    Found {
        etag: Option<&'a str>,
    },
    Absent,
    Withheld,
    Unavailable,
    /// It was found, but a rule could not be evaluated on it.
    Unfit,
    /// It cannot be asked for: of what its template takes, this is not there.
    Unasked(&'a str),
}

impl<'a> State<'a> {
    pub(super) fn new(call: &Call<'a>) -> Self {
        let definitions = &call.bundle.ir.facts;
        let mut state = Self { answers: vec![None; definitions.len()], values: Vec::new(), mentioned: Vec::new() };
        for (name, answer) in call.context.facts {
            let Some(index) = definitions.iter().position(|definition| definition.name == *name) else {
                continue;
            };
            let (Some(definition), Some(slot)) = (definitions.get(index), state.answers.get_mut(index)) else {
                continue;
            };
            if slot.is_some() {
                continue;
            }
            *slot = Some(match answer {
                FactAnswer::Absent => Answer::Absent,
                FactAnswer::Withheld => Answer::Withheld,
                FactAnswer::Unavailable => Answer::Unavailable,
                FactAnswer::Found { etag, body } => match json::parse_fact(body) {
                    Some(read) if is_a(&read, definition.list) => {
                        state.values.push(FactValue { name: definition.name.as_str(), body: read });
                        Answer::Found { etag: etag.as_deref() }
                    }
                    _ => Answer::Unavailable,
                },
            });
        }
        state
    }

    /// The facts that were found.
    pub(super) fn values(&self) -> &[FactValue<'a>] {
        &self.values
    }

    pub(super) fn answer(&self, fact: usize) -> Option<Answer<'a>> {
        self.answers.get(fact).copied().flatten()
    }

    pub(super) fn is_found(&self, fact: &usize) -> bool {
        matches!(self.answer(*fact), Some(Answer::Found { .. }))
    }

    pub(super) fn is_unknown(&self, fact: &usize) -> bool {
        self.answer(*fact).is_none()
    }

    /// A fact that was found.
    pub(super) fn value(&self, name: &str) -> Option<Node<'_>> {
        self.values.iter().find(|fact| fact.name == name).map(|fact| fact.body.root())
    }

    /// Says that a fact cannot be asked for.
    pub(super) fn unasked(&mut self, fact: usize, variable: &'a str) {
        if let Some(slot) = self.answers.get_mut(fact) {
            *slot = Some(Answer::Unasked(variable));
        }
    }
}

/// Whether a fact is a list, or an object.
fn is_a(fact: &Document<'_>, list: bool) -> bool {
    if list { fact.root().is_array() } else { fact.root().is_object() }
}
