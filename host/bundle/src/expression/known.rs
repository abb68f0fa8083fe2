//! Places in a request, and what a condition tells of whether they are there.

use std::collections::BTreeSet;

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

/// Places that are certain to be there; `None`: this point is never reached.
#[derive(Debug, Clone)]
pub(crate) struct Known(Option<BTreeSet<Origin>>);

impl Default for Known {
    fn default() -> Self {
        Self(Some(BTreeSet::new()))
    }
}

impl Known {
    pub const UNREACHED: Self = Self(None);

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

    pub fn holds(&self, origin: &Origin) -> bool {
        self.0.as_ref().is_none_or(|known| known.contains(origin))
    }
}

/// What is certain if a condition is true, and if it is false.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truths {
    pub when_true: Known,
    pub when_false: Known,
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
    Truths { when_true: Known(Some(known)), when_false: Known::default() }
}
