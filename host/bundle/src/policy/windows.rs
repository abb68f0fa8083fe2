//! Windows: periods that return every week, on certain dates, or are there once.

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::yaml::{Node, Value};
use solgate_engine::ir::{self, Day};

use super::dates::{self, Written};
use super::{List, redefinition};
use crate::variables::is_identifier;
use crate::zones;

const DAYS: [(&str, Day); 7] = [
    ("mon", Day::Mon),
    ("tue", Day::Tue),
    ("wed", Day::Wed),
    ("thu", Day::Thu),
    ("fri", Day::Fri),
    ("sat", Day::Sat),
    ("sun", Day::Sun),
];

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// A window and the place that messages about it point at.
#[derive(Debug)]
pub(crate) struct Window {
    pub def: ir::Window,
    pub at: At,
    /// Of each period.
    pub dates: Vec<PeriodDates>,
}

/// Reads `windows` and adds them to the inherited ones.
pub(super) fn read(node: Option<&Node>, mut windows: Vec<Window>, report: &mut Report) -> Vec<Window> {
    let entries = node.and_then(|node| reader::map(node, "`windows`", report));
    for (key, node) in entries.unwrap_or_default() {
        if !is_identifier(&key.name) {
            report
                .mistake(key.at, format!("`{}` cannot be the name of a window", key.name))
                .hint("letters, digits and `_`, beginning with a letter or `_`");
            continue;
        }
        let mut periods = Some(node);
        let mut replaces = None;
        if node.get("periods").is_some()
            && let Some(mut members) = Members::open(node, "a window", report)
        {
            periods = members.get("periods");
            replaces = members.get("override");
            members.finish(report);
        }
        let known = windows.iter().position(|window| window.def.name == key.name);
        let first = known.and_then(|index| windows.get(index)).map(|window| window.at);
        if !redefinition("window", key, first, replaces, report) {
            continue;
        }
        let items = match periods {
            Some(Node { value: Value::List(items), .. }) => items.as_slice(),
            Some(node) => std::slice::from_ref(node),
            None => &[],
        };
        if items.is_empty() {
            report.mistake(node.at, format!("the window `{}` has no period, so that it is never open", key.name));
        }
        // Known even if its periods are not: rules may name it.
        let (periods, dates) = items.iter().filter_map(|item| period(item, report)).unzip();
        let window = Window { def: ir::Window { name: key.name.clone(), periods }, at: key.at, dates };
        match known.and_then(|index| windows.get_mut(index)) {
            Some(known) => *known = window,
            None => windows.push(window),
        }
    }
    windows
}

/// The zones of all windows.
pub(crate) fn zones(windows: &[Window]) -> impl Iterator<Item = &str> {
    windows.iter().flat_map(|window| &window.def.periods).map(|period| period.zone.as_str())
}

/// Fills in the dates of all windows, when all lists are known.
pub(crate) fn resolve(windows: &mut [Window], lists: &[List], report: &mut Report) {
    for window in windows {
        for (period, written) in window.def.periods.iter_mut().zip(&window.dates) {
            period.dates = written.dates.resolved(lists, report);
            period.except = written.except.resolved(lists, report);
            check_days(period, written.at, report);
        }
    }
}

/// A date on which a period does not begin, because it is on another day of the week.
fn check_days(period: &ir::Period, at: At, report: &mut Report) {
    let is_other = |dates: &&ir::Dates| match dates {
        ir::Dates::Once(first, last) if first == last => first.weekday().is_some_and(|day| !period.days.contains(&day)),
        _ => false,
    };
    if let Some(ir::Dates::Once(date, _)) = period.dates.iter().find(is_other) {
        let (year, month, day) = date.parts();
        report
            .warning(
                at,
                format!("{year:04}-{month:02}-{day:02} is on none of the `days`: the period does not begin then"),
            )
            .hint("leave `days` out; it is for dates that are on several days of the week");
    }
}

/// What a period says of its dates, and where it stands.
#[derive(Debug)]
pub(crate) struct PeriodDates {
    dates: Written,
    except: Written,
    at: At,
}

fn period(node: &Node, report: &mut Report) -> Option<(ir::Period, PeriodDates)> {
    let mut members = Members::open(node, "a period of a window", report)?;
    let zone = members.require("zone", report).and_then(|node| zone(node, report));
    let day_nodes = [members.get("days"), members.get("dates"), members.get("except")];
    let has_dates = day_nodes.iter().skip(1).any(Option::is_some);
    // With dates, the whole of each may be meant.
    let whole_days = has_dates && node.get("from").is_none() && node.get("to").is_none();
    let (from, to) =
        if whole_days { (None, None) } else { (members.require("from", report), members.require("to", report)) };
    members.finish(report);
    if let (Some(from), Some(to)) = (from, to)
        && (is_dated(from) || is_dated(to))
    {
        for node in day_nodes.into_iter().flatten() {
            report
                .mistake(node.at, "a period from one date to another has no days")
                .hint("write the times of `from` and `to` without dates, or leave this out");
        }
        return once(zone?, from, to, report).map(|def| (def, PeriodDates::none(node.at)));
    }
    let [days_node, dates_node, except_node] = day_nodes;
    let days = days_node.map(|node| days(node, report));
    let dates = dates_node.map(|node| dates::read(node, "dates", report)).unwrap_or_default();
    let except = except_node.map(|node| dates::read(node, "except", report)).unwrap_or_default();
    let (start, end) = if whole_days {
        (Some(0), Some(DAY))
    } else {
        let start = from.and_then(|node| minute(node, "from", DAY.saturating_sub(1), report));
        (start, to.and_then(|node| minute(node, "to", DAY, report)))
    };
    if let (Some(node), Some(start), Some(end)) = (to, start, end)
        && start == end
    {
        report.mistake(node.at, "the period ends when it begins").hint("a whole day is from \"00:00\" to \"24:00\"");
        return None;
    }
    let def = ir::Period {
        zone: zone?,
        days: days.unwrap_or_else(|| DAYS.iter().map(|(_, day)| *day).collect()),
        dates: Vec::new(),
        except: Vec::new(),
        once: None,
        from: start?,
        // Midnight is the end of the day that the period began on.
        to: Some(end?).filter(|end| *end > 0).unwrap_or(DAY),
    };
    Some((def, PeriodDates { dates, except, at: node.at }))
}

impl PeriodDates {
    fn none(at: At) -> Self {
        Self { dates: Written::default(), except: Written::default(), at }
    }

    /// The lists that it names.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.dates.lists().chain(self.except.lists())
    }
}

/// Whether a time has a date before it.
fn is_dated(node: &Node) -> bool {
    node.as_str().is_some_and(|text| text.contains('-'))
}

/// A stretch of time that is there once.
fn once(zone: String, from: &Node, to: &Node, report: &mut Report) -> Option<ir::Period> {
    let mut read = |node: &Node, name: &str, most: u16| {
        let found = node
            .as_str()
            .and_then(|text| text.split_once([' ', 'T']))
            .and_then(|(date, time)| Some((dates::date(date)?, minute_of(time).filter(|minute| *minute <= most)?)));
        if found.is_none() {
            report
                .mistake(
                    node.at,
                    format!("`{name}` is a date and a time of the day, but here is {}", reader::shown(node)),
                )
                .hint("write both with dates, such as \"2026-12-24 18:00\", or both without");
        }
        found
    };
    let (first, last) = (read(from, "from", DAY.saturating_sub(1)), read(to, "to", DAY));
    let ((first, from), (last, end)) = (first?, last?);
    if (last, end) <= (first, from) {
        report.mistake(to.at, "the period ends before it begins");
        return None;
    }
    let days = DAYS.iter().map(|(_, day)| *day).collect();
    let (dates, except, once) = (Vec::new(), Vec::new(), Some((first, last)));
    if end > 0 {
        return Some(ir::Period { zone, days, dates, except, once, from, to: end });
    }
    // Before the first minute of a day: the end of the day before it.
    let once = last.yesterday().map(|last| (first, last));
    Some(ir::Period { zone, days, dates, except, once, from, to: DAY })
}

fn zone(node: &Node, report: &mut Report) -> Option<String> {
    let name = reader::line(node, "the name of a time zone", report)?;
    match zones::known(name) {
        Ok(()) => Some(name.to_owned()),
        Err(meant) => {
            report
                .mistake(node.at, format!("there is no time zone `{name}`"))
                .maybe_hint(meant)
                .hint_if_none("write its name in the time zone database, such as Europe/Berlin or UTC");
            None
        }
    }
}

fn days(node: &Node, report: &mut Report) -> Vec<Day> {
    let items = reader::list(node, "`days`", report).unwrap_or_default();
    if items.is_empty() && node.as_list().is_some() {
        report.mistake(node.at, "`days` is empty").hint("leave it out if the window opens every day");
    }
    let mut days = Vec::new();
    for item in items {
        if let Some(day) = reader::choice(item, "a day", &DAYS, report) {
            if days.contains(&day) {
                report.mistake(item.at, format!("`{}` is here twice", item.text));
            } else {
                days.push(day);
            }
        }
    }
    days
}

/// `22:00` in minutes.
fn minute_of(text: &str) -> Option<u16> {
    let digits = |text: &str| {
        let two = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        two.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (digits(hour)?, digits(minute).filter(|minute| *minute < 60)?);
    Some(hour.saturating_mul(60).saturating_add(minute))
}

/// A time of the day as minutes since midnight.
fn minute(node: &Node, name: &str, most: u16, report: &mut Report) -> Option<u16> {
    let minute = node.as_str().and_then(minute_of).filter(|minute| *minute <= most);
    if minute.is_none() {
        report
            .mistake(node.at, format!("`{name}` is a time of the day, but here is {}", reader::shown(node)))
            .hint("hours and minutes with two digits each, such as \"22:00\"; `to` may be \"24:00\"");
    }
    minute
}
