//! What is known about a value before it is there.

use super::kinds::Kinds;
use super::schema::{Described, Member};

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value<'n> {
    pub kinds: Kinds,
    pub parts: Parts<'n>,
    /// If it is text, the only texts that it can be.
    pub texts: Option<Vec<String>>,
}

/// What is known about items and members.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Parts<'n> {
    Unknown,
    /// By schemas of openapi.yaml.
    Schemas(Described<'n>),
    /// All items of a list, or all values of an object.
    Items(Box<Value<'n>>),
    /// Members by name; of others nothing is known.
    Members(Vec<(String, Value<'n>)>),
    /// What an optional value holds.
    Held(Box<Value<'n>>),
}

impl Parts<'_> {
    /// Of a list or an object that is written out, with nothing in it.
    fn is_empty(&self) -> bool {
        match self {
            Self::Items(item) => item.kinds.is_none(),
            Self::Members(members) => members.is_empty(),
            Self::Unknown | Self::Schemas(_) | Self::Held(_) => false,
        }
    }
}

impl<'n> Value<'n> {
    pub const ANY: Self = Self { kinds: Kinds::ANY, parts: Parts::Unknown, texts: None };

    pub fn of(kinds: Kinds) -> Self {
        Self { kinds, parts: Parts::Unknown, texts: None }
    }

    /// Text that is one of these.
    pub fn one_of(texts: Vec<String>) -> Self {
        Self { kinds: Kinds::TEXT, parts: Parts::Unknown, texts: Some(texts) }
    }

    pub fn list(item: Self) -> Self {
        Self { kinds: Kinds::LIST, parts: Parts::Items(Box::new(item)), texts: None }
    }

    pub fn object(members: Vec<(String, Self)>) -> Self {
        Self { kinds: Kinds::MAP, parts: Parts::Members(members), texts: None }
    }

    pub fn optional(held: Self) -> Self {
        Self { kinds: Kinds::OPTIONAL, parts: Parts::Held(Box::new(held)), texts: None }
    }

    pub fn described(schemas: Described<'n>) -> Self {
        Self { kinds: schemas.kinds(), texts: schemas.texts(), parts: Parts::Schemas(schemas) }
    }

    /// A value that is the one or the other.
    pub fn or(self, other: Self) -> Self {
        let texts = match (&self.texts, &other.texts) {
            _ if !self.kinds.meets(Kinds::TEXT) => other.texts,
            _ if !other.kinds.meets(Kinds::TEXT) => self.texts,
            (Some(one), Some(more)) => Some(one.iter().chain(more).cloned().collect()),
            _ => None,
        };
        let has_parts = Kinds::LIST | Kinds::MAP | Kinds::OPTIONAL;
        let parts = if self.parts == other.parts || !other.kinds.meets(has_parts) || other.parts.is_empty() {
            self.parts
        } else if !self.kinds.meets(has_parts) || self.parts.is_empty() {
            other.parts
        } else {
            match (self.parts, other.parts) {
                (Parts::Items(one), Parts::Items(more)) => Parts::Items(Box::new(one.or(*more))),
                (Parts::Schemas(one), Parts::Schemas(more)) => one.or(more).map_or(Parts::Unknown, Parts::Schemas),
                (Parts::Schemas(schemas), Parts::Items(item)) | (Parts::Items(item), Parts::Schemas(schemas)) => {
                    match schemas.item() {
                        Member::Described(more) => Parts::Items(Box::new(item.or(Self::described(more)))),
                        Member::Open => Parts::Unknown,
                    }
                }
                _ => Parts::Unknown,
            }
        };
        Self { kinds: self.kinds | other.kinds, parts, texts }
    }

    /// Any item of a list, or any value of an object.
    pub fn item(&self) -> Self {
        // What is done with the items of an empty list is never done.
        Some(self.items()).filter(|item| !item.kinds.is_none()).unwrap_or(Self::ANY)
    }

    /// What a macro, or `forEach`, goes through: the items of a list, or the names in an object.
    pub fn passed(&self) -> Self {
        let names = Self::of(Kinds::TEXT);
        match (self.kinds.meets(Kinds::LIST), self.kinds.meets(Kinds::MAP)) {
            (false, true) => names,
            (true, true) if !self.kinds.is_unknown() => self.item().or(names),
            (true, false) => self.item(),
            _ => Self::ANY,
        }
    }

    /// The same; the items of an empty list are of no kind.
    pub fn items(&self) -> Self {
        match &self.parts {
            Parts::Items(item) => (**item).clone(),
            Parts::Schemas(schemas) => match schemas.item() {
                Member::Described(item) => Self::described(item),
                Member::Open => Self::ANY,
            },
            _ => Self::ANY,
        }
    }

    /// What an optional value holds; any other value is itself.
    pub fn held(&self) -> Self {
        match &self.parts {
            Parts::Held(held) => (**held).clone(),
            _ if self.kinds.meets(Kinds::OPTIONAL) => Self::ANY,
            _ => self.clone(),
        }
    }
}
