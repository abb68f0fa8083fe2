//! Dates, as windows have them.

use jiff::civil;
use serde::{Deserialize, Serialize};

use super::Day;

/// A date of the Gregorian calendar: year, month and day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Date(i16, i8, i8);

/// A month and a day, in any year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DayOfYear(i8, i8);

/// One or more dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dates {
    /// From the first to the second, both included.
    Once(Date, Date),
    /// In every year from the first to the second, both included. If the second is
    /// before the first, it is in the year after.
    Yearly(DayOfYear, DayOfYear),
    /// In every year so many days after Easter Sunday, in the same year.
    Easter(i16),
}

impl Date {
    /// `None` if the calendar has no such date.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        civil::Date::new(year, month, day).ok().map(|_| Self(year, month, day))
    }

    #[must_use]
    pub fn weekday(self) -> Option<Day> {
        civil::Date::new(self.0, self.1, self.2).ok().map(|date| Day::of(date.weekday()))
    }

    /// The date before it.
    #[must_use]
    pub fn yesterday(self) -> Option<Self> {
        civil::Date::new(self.0, self.1, self.2).ok()?.yesterday().ok().map(Self::from)
    }

    /// Year, month and day.
    #[must_use]
    pub fn parts(self) -> (i16, i8, i8) {
        (self.0, self.1, self.2)
    }
}

impl From<civil::Date> for Date {
    fn from(date: civil::Date) -> Self {
        Self(date.year(), date.month(), date.day())
    }
}

impl DayOfYear {
    /// `None` if no year has such a day.
    #[must_use]
    pub fn new(month: i8, day: i8) -> Option<Self> {
        // A leap year.
        civil::Date::new(2000, month, day).ok().map(|_| Self(month, day))
    }

    /// Month and day.
    #[must_use]
    pub fn parts(self) -> (i8, i8) {
        (self.0, self.1)
    }
}

impl Day {
    pub(crate) fn of(weekday: civil::Weekday) -> Self {
        match weekday {
            civil::Weekday::Monday => Self::Mon,
            civil::Weekday::Tuesday => Self::Tue,
            civil::Weekday::Wednesday => Self::Wed,
            civil::Weekday::Thursday => Self::Thu,
            civil::Weekday::Friday => Self::Fri,
            civil::Weekday::Saturday => Self::Sat,
            civil::Weekday::Sunday => Self::Sun,
        }
    }
}

impl Dates {
    pub(crate) fn contain(self, date: civil::Date) -> bool {
        match self {
            Self::Once(first, last) => (first..=last).contains(&date.into()),
            Self::Yearly(first, last) => {
                let day = DayOfYear(date.month(), date.day());
                let is_over_new_year = last < first;
                if is_over_new_year { first <= day || day <= last } else { first <= day && day <= last }
            }
            Self::Easter(days) => {
                let day = easter(date.year()).and_then(|sunday| sunday.day_of_year().checked_add(days));
                day == Some(date.day_of_year())
            }
        }
    }
}

/// Easter Sunday of a year, by the Gregorian calendar.
#[allow(clippy::arithmetic_side_effects, reason = "a year has at most four digits")]
fn easter(of: i16) -> Option<civil::Date> {
    let year = i32::from(of);
    let split = |number: i32, by: i32| (number.div_euclid(by), number.rem_euclid(by));
    let (century, in_century) = split(year, 100);
    let (century_leaps, century_rest) = split(century, 4);
    let (leaps, rest) = split(in_century, 4);
    let golden = year.rem_euclid(19);
    // The full moon, and the days from it to Sunday (Meeus, Jones and Butcher).
    let correction = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let moon = (19 * golden + century - century_leaps - correction + 15).rem_euclid(30);
    let sunday = (32 + 2 * century_rest + 2 * leaps - moon - rest).rem_euclid(7);
    let late = (golden + 11 * moon + 22 * sunday).div_euclid(451);
    let (month, day) = split(moon + sunday - 7 * late + 114, 31);
    civil::Date::new(of, i8::try_from(month).ok()?, i8::try_from(day + 1).ok()?).ok()
}
