//! The zones that `getHours('Europe/Berlin')` and its like name. Names are literals, so
//! that a policy carries the rules of its own zones only.

use std::{any::Any, sync::Arc};

use cel::common::{
    types::Type,
    value::{StaticVal, Val},
};
use jiff::tz::TimeZone;

use super::text::parse_offset;

pub(super) static ZONE_TYPE: Type = Type::new_unspecified_type("solgate.Zone");

/// A time zone as a CEL value.
#[derive(Debug, Clone)]
pub(in crate::cel_env) struct Zone(pub TimeZone);

/// A zone that needs no rules: UTC, or an offset such as `+02:00`.
fn fixed(name: &str) -> Option<TimeZone> {
    match name {
        "" | "UTC" => Some(TimeZone::UTC),
        offset => parse_offset(offset).map(TimeZone::fixed),
    }
}

/// The zones that the expressions of one engine name, each once.
#[derive(Default)]
pub(in crate::cel_env) struct Zones(Vec<(String, Zone)>);

impl Zones {
    /// The place of a zone; `None` if there is none of that name.
    pub fn place(&mut self, name: &str, rules: impl FnOnce() -> Option<TimeZone>) -> Option<usize> {
        if let Some(place) = self.0.iter().position(|(known, _)| known == name) {
            return Some(place);
        }
        let zone = fixed(name).or_else(rules)?;
        self.0.push((name.to_owned(), Zone(zone)));
        self.0.len().checked_sub(1)
    }

    pub fn finish(self) -> Arc<[Zone]> {
        self.0.into_iter().map(|(_, zone)| zone).collect()
    }
}

/// Whether a name of a zone needs no rules: `UTC`, or an offset such as `+02:00`.
#[must_use]
pub fn is_fixed(name: &str) -> bool {
    fixed(name).is_some()
}

impl Val for Zone {
    fn get_type(&self) -> &Type {
        &ZONE_TYPE
    }

    fn cel_type() -> &'static Type {
        &ZONE_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Zone {}
