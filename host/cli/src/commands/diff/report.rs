//! How the differences are shown.

use std::fmt::Write as _;

use serde_json::{Value, json};
use solgate_bundle::difference::{Change, Kind, Member};

use super::cases::{Compared, Said};
use super::side::Side;
use crate::commands::output;

/// Longest value that is shown whole, in characters.
const LONGEST: usize = 100;

pub fn print(before: &Side, after: &Side, changes: &[Change], cases: &Compared) -> anyhow::Result<()> {
    let mut text = format!("- {}\n+ {}\n", title(before), title(after));
    text.push_str(&change_lines(changes.iter().map(|change| (change, ""))));
    if changes.is_empty() {
        text.push_str(
            "\nrules, operations, schemas, options, facts, lists, windows, API roots and limits are the same\n",
        );
    }
    let _ = writeln!(text, "\ncases: {} judged by both, {} of them differently", cases.judged, cases.differing.len());
    for case in &cases.differing {
        let _ = writeln!(
            text,
            "  ~ {}: {}\n      - {}\n      + {}",
            case.file,
            case.name,
            said(&case.before),
            said(&case.after)
        );
    }
    output::print(&text)
}

/// Changes by part, each with a note behind its name.
pub fn change_lines<'c>(changes: impl Iterator<Item = (&'c Change, &'c str)>) -> String {
    let mut text = String::new();
    let mut part = None;
    for (change, said) in changes {
        if part != Some(change.part) {
            part = Some(change.part);
            let _ = writeln!(text, "\n{}", change.part.name());
        }
        let (sign, note) = match change.kind {
            Kind::Added => ("+", ""),
            Kind::Removed => ("-", ""),
            Kind::Changed if change.judges => ("~", ""),
            Kind::Changed => ("~", "  (words only)"),
        };
        let _ = writeln!(text, "  {sign} {}{note}{said}", change.name);
        if change.kind == Kind::Changed {
            change.members.iter().for_each(|member| text.push_str(&member_lines(member)));
        }
    }
    text
}

fn title(side: &Side) -> String {
    format!("{} {} ({})", side.bundle.name, side.bundle.version, side.path.display())
}

fn member_lines(member: &Member) -> String {
    let was = member.was.as_ref().map(one_line);
    let is = member.is.as_ref().map(one_line);
    // Of long values, the part in which they differ.
    let same = match (&was, &is) {
        (Some(was), Some(is)) => was.chars().zip(is.chars()).take_while(|(was, is)| was == is).count(),
        _ => 0,
    };
    let mut lines = String::new();
    for (sign, value) in [("-", was), ("+", is)] {
        if let Some(value) = value {
            let _ = writeln!(lines, "      {sign} {}: {}", member.name, shown(&value, same));
        }
    }
    lines
}

fn one_line(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most so much of a text, with the character at a place in it.
fn shown(text: &str, place: usize) -> String {
    let length = text.chars().count();
    if length <= LONGEST {
        return text.to_owned();
    }
    let start = if place < LONGEST { 0 } else { place.saturating_sub(LONGEST / 4) };
    let short: String = text.chars().skip(start).take(LONGEST).collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if start.saturating_add(LONGEST) < length { "..." } else { "" };
    format!("{before}{short}{after}")
}

fn said(said: &Said) -> String {
    if let Some(reason) = &said.no_verdict {
        return format!("no verdict: {reason}");
    }
    let mut text = match said.status {
        Some(status) => format!("denied {status} {}", list(&said.rules)),
        None => "allowed".to_owned(),
    };
    if !said.findings.is_empty() {
        let _ = write!(text, " [{}]", list(&said.findings));
    }
    text
}

fn list(names: &std::collections::BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

pub fn print_json(
    before: &Side,
    after: &Side,
    is_same: bool,
    changes: &[Change],
    cases: &Compared,
) -> anyhow::Result<()> {
    let side = |side: &Side| {
        json!({
            "path": side.path,
            "name": side.bundle.name,
            "version": side.bundle.version,
            "digest": side.bundle.digest,
        })
    };
    let whole = json!({
        "before": side(before),
        "after": side(after),
        "same": is_same,
        "changes": changes,
        "cases": { "judged": cases.judged, "differing": cases.differing },
    });
    output::print(&format!("{whole}\n"))
}
