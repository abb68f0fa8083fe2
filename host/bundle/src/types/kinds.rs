//! Sets of kinds of values.

use std::ops::{BitAnd, BitOr};

/// The kinds that a value can be of. A number is one kind, because JSON does not say
/// which type of CEL's a number is, and operators take them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kinds(u16);

impl Kinds {
    /// Of a value that is never there.
    pub const NONE: Self = Self(0);
    pub const NULL: Self = Self(1);
    pub const BOOL: Self = Self(1 << 1);
    pub const NUMBER: Self = Self(1 << 2);
    pub const TEXT: Self = Self(1 << 3);
    pub const BYTES: Self = Self(1 << 4);
    pub const LIST: Self = Self(1 << 5);
    pub const MAP: Self = Self(1 << 6);
    pub const OPTIONAL: Self = Self(1 << 7);
    pub const TYPE: Self = Self(1 << 8);
    pub const TIMESTAMP: Self = Self(1 << 9);
    pub const DURATION: Self = Self(1 << 10);
    /// Of software, by Semantic Versioning.
    pub const VERSION: Self = Self(1 << 11);
    pub const ANY: Self = Self((1 << 12) - 1);
    /// What has a size.
    pub const SIZED: Self = Self(Self::TEXT.0 | Self::BYTES.0 | Self::LIST.0 | Self::MAP.0);
    /// What `string()` takes.
    pub const SHOWN: Self =
        Self(Self::BOOL.0 | Self::NUMBER.0 | Self::TEXT.0 | Self::BYTES.0 | Self::TIMESTAMP.0 | Self::DURATION.0);
    /// What JSON can hold.
    pub const JSON: Self =
        Self(Self::NULL.0 | Self::BOOL.0 | Self::NUMBER.0 | Self::TEXT.0 | Self::LIST.0 | Self::MAP.0);

    const NAMES: [(Self, &'static str); 12] = [
        (Self::TEXT, "text"),
        (Self::NUMBER, "a number"),
        (Self::BOOL, "true or false"),
        (Self::LIST, "a list"),
        (Self::MAP, "an object"),
        (Self::NULL, "null"),
        (Self::BYTES, "bytes"),
        (Self::OPTIONAL, "an optional value"),
        (Self::TYPE, "a type"),
        (Self::TIMESTAMP, "a timestamp"),
        (Self::DURATION, "a duration"),
        (Self::VERSION, "a version"),
    ];

    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// Whether a value of one of these kinds may be of one of those.
    pub fn meets(self, other: Self) -> bool {
        !(self & other).is_none()
    }

    /// Whether there is no other kind than those.
    pub fn is_within(self, other: Self) -> bool {
        self & other == self
    }

    /// Whether nothing is known. What a schema leaves open is known to be JSON.
    pub fn is_unknown(self) -> bool {
        self == Self::ANY
    }

    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// The kinds one by one.
    pub fn each(self) -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().map(|(kind, _)| kind).filter(move |kind| self.meets(*kind))
    }

    /// For a message: "text or a list".
    pub fn name(self) -> String {
        let names: Vec<&str> =
            Self::NAMES.iter().filter(|(kind, _)| self.meets(*kind)).map(|(_, name)| *name).collect();
        match names.as_slice() {
            [] => "nothing".to_owned(),
            [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
            all => all.concat(),
        }
    }
}

impl BitAnd for Kinds {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Kinds {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
