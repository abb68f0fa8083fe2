//! Places in a request, and what a condition tells of whether they are there.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, operators};

use crate::variables::DATA;

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Member(String),
    /// An item of a list.
    Item,
    /// An item of a list or a member of an object, by an index that is computed.
    Any,
    /// Back: the value as an item of a list, or a member of a map, that the
    /// expression makes.
    Collected,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    /// A variable of expressions, such as `body`, or a fact.
    pub root: String,
    pub steps: Vec<Step>,
}

impl Origin {
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        if steps.last() == Some(&Step::Collected) && step != Step::Collected {
            steps.pop();
        } else {
            steps.push(step);
        }
        Self { root: self.root.clone(), steps }
    }

    /// Whether this is what a name of `data` or of `options` stands for.
    pub fn is_table(&self) -> bool {
        matches!(self.root.as_str(), DATA | "options") && matches!(self.steps.as_slice(), [Step::Member(_)])
    }

    /// The name of the member, if that is what the last step leads to.
    pub fn member(&self) -> Option<&str> {
        match self.steps.last() {
            Some(Step::Member(name)) => Some(name),
            _ => None,
        }
    }
}

/// What is certain, by default places that are there; `None`: this point is never reached.
#[derive(Debug, Clone)]
pub(crate) struct Known<T = Origin>(Option<BTreeSet<T>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Some(BTreeSet::new()))
    }
}

impl<T: Clone + Ord> Known<T> {
    pub const UNREACHED: Self = Self(None);

    pub fn of(facts: impl IntoIterator<Item = T>) -> Self {
        Self(Some(facts.into_iter().collect()))
    }

    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.as_ref().zip(other.0.as_ref()).map(|(a, b)| a | b))
    }

    pub fn or(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Self(Some(a & b)),
            (Some(one), None) | (None, Some(one)) => Self(Some(one.clone())),
            (None, None) => Self::UNREACHED,
        }
    }

    pub fn holds(&self, fact: &T) -> bool {
        self.0.as_ref().is_none_or(|known| known.contains(fact))
    }

    /// Whether this point is never reached.
    pub fn is_unreached(&self) -> bool {
        self.0.is_none()
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }
}

/// What is certain if a condition is true, and if it is false.
#[derive(Debug, Clone)]
pub(crate) struct Truths<T = Origin> {
    pub when_true: Known<T>,
    pub when_false: Known<T>,
}

impl<T> Default for Truths<T> {
    fn default() -> Self {
        Self { when_true: Known::default(), when_false: Known::default() }
    }
}

/// What a condition tells that is made of others: `of` says what these tell. `None` for
/// any other.
pub(crate) fn combined<T: Clone + Ord>(
    node: &IdedExpr,
    mut of: impl FnMut(&IdedExpr) -> Truths<T>,
) -> Option<Truths<T>> {
    let call = match &node.expr {
        Expr::Literal(LiteralValue::Boolean(value)) => {
            let (reached, unreached) = (Known::default(), Known::UNREACHED);
            return Some(match *value.inner() {
                true => Truths { when_true: reached, when_false: unreached },
                false => Truths { when_true: unreached, when_false: reached },
            });
        }
        Expr::Call(call) => call,
        _ => return None,
    };
    Some(match (call.func_name.as_str(), call.args.as_slice()) {
        (operators::LOGICAL_NOT, [negated]) => {
            let Truths { when_true, when_false } = of(negated);
            Truths { when_true: when_false, when_false: when_true }
        }
        (operators::LOGICAL_AND, [a, b]) => {
            let (a, b) = (of(a), of(b));
            Truths { when_true: a.when_true.and(&b.when_true), when_false: a.when_false.or(&b.when_false) }
        }
        (operators::LOGICAL_OR, [a, b]) => {
            let (a, b) = (of(a), of(b));
            Truths { when_true: a.when_true.or(&b.when_true), when_false: a.when_false.and(&b.when_false) }
        }
        (operators::CONDITIONAL, [condition, then, other]) => {
            let (condition, then, other) = (of(condition), of(then), of(other));
            let (if_so, if_not) = (condition.when_true, condition.when_false);
            Truths {
                when_true: if_so.and(&then.when_true).or(&if_not.and(&other.when_true)),
                when_false: if_so.and(&then.when_false).or(&if_not.and(&other.when_false)),
            }
        }
        _ => return None,
    })
}

/// A test for a member that succeeds.
pub(super) fn tested(of: &[Origin], step: &Step) -> Truths {
    present(&of.iter().map(|origin| origin.then(step.clone())).collect::<Vec<_>>())
}

/// A test that succeeds tells of the place and of all on the way to it.
pub(super) fn present(places: &[Origin]) -> Truths {
    let mut known = BTreeSet::new();
    if let [origin] = places {
        for length in 1..=origin.steps.len() {
            let steps = origin.steps.iter().take(length).cloned().collect();
            known.insert(Origin { root: origin.root.clone(), steps });
        }
    }
    Truths { when_true: Known(Some(known)), ..Truths::default() }
}
