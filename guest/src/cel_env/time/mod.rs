//! Timestamps and durations, as CEL has them: a timestamp lies in the years 1 to 9999, a
//! duration is of up to 292 years, both have nanoseconds. What lies beyond is an error.

mod functions;
mod text;
mod zone;

use std::{any::Any, cmp::Ordering};

use cel::{
    ExecutionError,
    common::{
        ast::operators,
        traits::{Adder, Comparer, Subtractor, Zeroer},
        types::{self, Type},
        value::{CowVal, StaticVal, Val},
    },
};

pub(super) use functions::{ZONED, declare, shown};
pub use zone::is_fixed;
pub(super) use zone::{Zone, Zones};

use jiff::{civil::DateTime, tz::TimeZone};

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;
/// The first and the last nanosecond of CEL's calendar, since 1970.
const FIRST: i128 = -62_135_596_800_000_000_000;
const LAST: i128 = 253_402_300_799_999_999_999;

/// After so many years the calendar returns, days of the week included.
const CYCLE: i16 = 400;
/// The same in nanoseconds.
const CYCLE_NANOSECONDS: i128 = 146_097 * 86_400 * 1_000_000_000;
/// From this year on, dates are looked at a cycle before: the library's last timestamp is
/// two days before CEL's.
const LATE: i16 = 9000;
/// Its first nanosecond.
const LATE_NANOSECONDS: i128 = 221_845_392_000_000_000_000;

/// An instant, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timestamp(i128);

/// A length of time, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Duration(i64);

/// What clocks of a zone show.
struct Local {
    year: i64,
    /// The rest, perhaps of a year with the same days.
    at: DateTime,
}

impl Timestamp {
    fn new(nanoseconds: i128) -> Option<Self> {
        (FIRST..=LAST).contains(&nanoseconds).then_some(Self(nanoseconds))
    }

    fn from_seconds(seconds: i64) -> Option<Self> {
        i128::from(seconds).checked_mul(SECOND.into()).and_then(Self::new)
    }

    /// Of what lies beyond CEL's calendar its end.
    pub(super) fn from_milliseconds(milliseconds: u64) -> Self {
        Self(i128::from(milliseconds).saturating_mul(1_000_000).min(LAST))
    }

    /// What `timestamp()` reads.
    fn parse(text: &str) -> Option<Self> {
        text::parse_timestamp(text).and_then(Self::new)
    }

    pub(super) fn text(self) -> String {
        text::timestamp(&self.local(&TimeZone::UTC))
    }

    pub(super) fn nanoseconds(self) -> i128 {
        self.0
    }

    /// Whole seconds since 1970.
    pub(super) fn seconds(self) -> i64 {
        i64::try_from(self.nanoseconds().div_euclid(SECOND.into())).unwrap_or(0)
    }

    /// The last two days of CEL's calendar are one instant to the library.
    pub(super) fn instant(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }

    fn local(self, zone: &TimeZone) -> Local {
        let is_late = self.0 >= LATE_NANOSECONDS;
        let before = if is_late { Self(self.0.saturating_sub(CYCLE_NANOSECONDS)) } else { self };
        let at = zone.to_datetime(before.instant());
        Local { year: i64::from(at.year()).saturating_add(if is_late { CYCLE.into() } else { 0 }), at }
    }

    fn plus(self, nanoseconds: i128) -> Option<Self> {
        self.0.checked_add(nanoseconds).and_then(Self::new)
    }
}

impl Duration {
    fn parse(text: &str) -> Option<Self> {
        text::parse_duration(text).map(Self)
    }

    pub(super) fn text(self) -> String {
        text::duration(self.0)
    }

    pub(super) fn nanoseconds(self) -> i64 {
        self.0
    }
}

fn beyond(operator: &str) -> ExecutionError {
    ExecutionError::function_error(operator, "the result is out of range")
}

fn no_overload(operator: &str, left: &dyn Val, right: &dyn Val) -> ExecutionError {
    let names = vec![left.get_type().name().to_owned(), right.get_type().name().to_owned()];
    ExecutionError::no_such_overload(operator, names)
}

fn owned<'b, 'v, V: Val + 'v>(operator: &str, value: Option<V>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    value.map(CowVal::owned).ok_or_else(|| beyond(operator))
}

impl Adder for Timestamp {
    fn add<'b, 'v>(&'b self, right: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match right.downcast_ref::<Duration>() {
            Some(duration) => owned(operators::ADD, self.plus(duration.0.into())),
            None => Err(no_overload(operators::ADD, self, right)),
        }
    }
}

impl Subtractor for Timestamp {
    fn sub<'b, 'v>(&'b self, right: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(duration) = right.downcast_ref::<Duration>() {
            return owned(operators::SUBSTRACT, i128::from(duration.0).checked_neg().and_then(|back| self.plus(back)));
        }
        let Some(other) = right.downcast_ref::<Self>() else {
            return Err(no_overload(operators::SUBSTRACT, self, right));
        };
        let between = self.nanoseconds().checked_sub(other.nanoseconds()).and_then(|length| length.try_into().ok());
        owned(operators::SUBSTRACT, between.map(Duration))
    }
}

impl Adder for Duration {
    fn add<'b, 'v>(&'b self, right: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(other) = right.downcast_ref::<Self>() {
            return owned(operators::ADD, self.0.checked_add(other.0).map(Self));
        }
        match right.downcast_ref::<Timestamp>() {
            Some(timestamp) => owned(operators::ADD, timestamp.plus(self.0.into())),
            None => Err(no_overload(operators::ADD, self, right)),
        }
    }
}

impl Subtractor for Duration {
    fn sub<'b, 'v>(&'b self, right: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match right.downcast_ref::<Self>() {
            Some(other) => owned(operators::SUBSTRACT, self.0.checked_sub(other.0).map(Self)),
            None => Err(no_overload(operators::SUBSTRACT, self, right)),
        }
    }
}

impl Zeroer for Timestamp {
    fn is_zero_value(&self) -> bool {
        self.nanoseconds() == 0
    }
}

impl Zeroer for Duration {
    fn is_zero_value(&self) -> bool {
        self.0 == 0
    }
}

/// Makes a value of what can be added, subtracted and compared with its like.
macro_rules! value {
    ($value:ident, $type:ident) => {
        impl Comparer for $value {
            fn compare(&self, right: &dyn Val) -> Result<Ordering, ExecutionError> {
                let right_value = right.downcast_ref::<Self>();
                right_value.map(|other| self.cmp(other)).ok_or_else(|| no_overload(operators::LESS, self, right))
            }
        }

        impl Val for $value {
            fn get_type(&self) -> &Type {
                &types::$type
            }

            fn cel_type() -> &'static Type {
                &types::$type
            }

            fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_comparer(&self) -> Option<&dyn Comparer> {
                Some(self)
            }

            fn as_zeroer(&self) -> Option<&dyn Zeroer> {
                Some(self)
            }

            fn equals(&self, other: &dyn Val) -> bool {
                other.downcast_ref::<Self>() == Some(self)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
                Box::new(*self)
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }

        impl StaticVal for $value {}
    };
}

value!(Timestamp, TIMESTAMP_TYPE);
value!(Duration, DURATION_TYPE);
