//! What is compiled ahead, as values that only functions look into.

use std::{any::Any, sync::Arc};

use cel::common::{
    types::Type,
    value::{StaticVal, Val},
};
use regex::Regex;

use super::{list::List, window::Window};

pub(super) static PATTERN_TYPE: Type = Type::new_unspecified_type("solgate.Pattern");
pub(super) static LIST_TYPE: Type = Type::new_unspecified_type("solgate.List");
pub(super) static WINDOW_TYPE: Type = Type::new_unspecified_type("solgate.Window");

/// A compiled regular expression as a CEL value.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(pub Arc<Regex>);

/// Makes something compiled ahead a CEL value that only functions look into.
macro_rules! opaque {
    ($value:ty, $type:ident) => {
        impl Val for $value {
            fn get_type(&self) -> &Type {
                &$type
            }

            fn cel_type() -> &'static Type {
                &$type
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
                Box::new(self.clone())
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }

        impl StaticVal for $value {}
    };
}

opaque!(Pattern, PATTERN_TYPE);
opaque!(List, LIST_TYPE);
opaque!(Window, WINDOW_TYPE);
