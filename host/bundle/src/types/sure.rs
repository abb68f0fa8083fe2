//! What is certain of values at a point of an expression.

use super::kinds::Kinds;
use crate::expression::{Known, Truths};

/// A value, by its key, and what is so.
pub(super) type Fact = (String, Property);
pub(super) type Sure = Known<Fact>;
pub(super) type Told = Truths<Fact>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Property {
    /// A list, text or object has more than so many parts.
    LongerThan(usize),
    /// A number is less than the length of the value with this key.
    Below(String),
    NotZero,
    NotNegative,
    NotNull,
    /// It is of one of these kinds.
    Of(Kinds),
    /// This pattern is found in a text.
    Found(String),
    /// A function such as `isCIDR` says so.
    Is(String),
    /// One of these texts.
    OneOf(Vec<String>),
    /// An object, or list, holds the value with this key.
    Holds(String),
    /// An optional value holds one.
    Present,
    /// Each item, which has the key [`ITEM`].
    Items(Box<Fact>),
}

/// The key of any item of a list.
pub(super) const ITEM: &str = "@item@";

/// What is known of a variable of the rule beside its type.
#[derive(Debug, Default)]
pub(super) struct Definition {
    pub key: Option<String>,
    pub told: Told,
    /// Of its items, which have the key [`ITEM`].
    pub items: Vec<Fact>,
    /// It has more parts than so many.
    pub least: usize,
    pub is_double: bool,
}
