//! Dates of windows: as people write them.

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Node, Value};
use solgate_engine::ir::{Date, Dates, DayOfYear};

use super::List;
use crate::variables::is_identifier;

/// Most dates of one period.
const MOST: usize = 1000;
/// Days before and after Easter Sunday that lie in the same year, whenever it is.
const AROUND_EASTER: std::ops::RangeInclusive<i16> = -80..=249;

const HINT: &str = "write 2026-12-24, 2026-12-24..2027-01-01, without the year what returns every year (12-25, \
                    12-30..01-02), or days around Easter Sunday (easter-2, easter+1)";

/// What is written for dates: such, and names of lists that hold such.
#[derive(Debug, Default)]
pub(crate) struct Written(Vec<(Entry, At)>);

#[derive(Debug)]
enum Entry {
    Dates(Dates),
    List(String),
}

/// Reads `dates` or `except`. Lists are looked up by [`Written::resolved`], when all are
/// known.
pub(super) fn read(node: &Node, name: &str, report: &mut Report) -> Written {
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if items.is_empty() {
        report.mistake(node.at, format!("`{name}` is empty")).hint("leave it out, or name at least one date");
    }
    let mut written = Vec::new();
    for item in items {
        let Some(text) = reader::line(item, "a date", report) else { continue };
        let entry = if is_identifier(text) && !text.starts_with("easter") {
            Some(Entry::List(text.to_owned()))
        } else {
            dates(text, item.at, report).map(Entry::Dates)
        };
        written.extend(entry.map(|entry| (entry, item.at)));
    }
    Written(written)
}

impl Written {
    /// The names of lists.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|(entry, _)| match entry {
            Entry::List(name) => Some(name.as_str()),
            Entry::Dates(_) => None,
        })
    }

    /// All dates, those of lists included.
    pub fn resolved(&self, lists: &[List], report: &mut Report) -> Vec<Dates> {
        let mut all = Vec::new();
        for (entry, at) in &self.0 {
            match entry {
                Entry::Dates(dates) => all.push(*dates),
                Entry::List(name) => match lists.iter().find(|list| list.def.name == *name) {
                    Some(list) => {
                        let entries = list.def.entries.iter().zip(&list.places);
                        all.extend(entries.filter_map(|(text, place)| dates(text, *place, report)));
                    }
                    None => {
                        report
                            .mistake(*at, format!("policy.yaml defines no list `{name}`"))
                            .maybe_hint(did_you_mean(name, lists.iter().map(|list| list.def.name.as_str())))
                            .hint_if_none(HINT);
                    }
                },
            }
            if all.len() > MOST {
                report.mistake(*at, format!("the period has more than {MOST} dates"));
                break;
            }
        }
        all
    }
}

/// One entry.
fn dates(text: &str, at: At, report: &mut Report) -> Option<Dates> {
    let found = parse(text);
    match &found {
        Some(Dates::Once(first, last)) if last < first => {
            report.mistake(at, format!("`{text}` ends before it begins"));
            return None;
        }
        Some(_) => {}
        None => {
            report.mistake(at, format!("`{text}` is not a date")).hint(HINT);
        }
    }
    found
}

fn parse(text: &str) -> Option<Dates> {
    if let Some(days) = text.strip_prefix("easter") {
        let is_signed = days.is_empty() || days.starts_with(['+', '-']);
        let days = if days.is_empty() { Some(0) } else { days.parse::<i16>().ok() };
        return days.filter(|days| is_signed && AROUND_EASTER.contains(days)).map(Dates::Easter);
    }
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    if let (Some(first), Some(last)) = (date(first), date(last)) {
        return Some(Dates::Once(first, last));
    }
    Some(Dates::Yearly(day_of_year(first)?, day_of_year(last)?))
}

/// `2026-12-24`.
pub(super) fn date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let year = number(year, 4)?;
    let (month, day) = month_and_day(rest)?;
    Date::new(year, month, day)
}

/// `12-24`.
fn day_of_year(text: &str) -> Option<DayOfYear> {
    let (month, day) = month_and_day(text)?;
    DayOfYear::new(month, day)
}

fn month_and_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-')?;
    Some((i8::try_from(number(month, 2)?).ok()?, i8::try_from(number(day, 2)?).ok()?))
}

/// A number with so many digits.
fn number(text: &str, digits: usize) -> Option<i16> {
    let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
