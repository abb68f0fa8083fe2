//! The report for a terminal, and the words that its page has as well.

use std::fmt::Write as _;

use super::tally::{Group, Tally, most};

/// Rows of a table that are shown; more are counted.
const SHOWN: usize = 30;

pub fn render(tally: &Tally) -> String {
    let mut text = format!("{}\n", summary(tally));
    for (title, group) in groups(tally) {
        let _ = write!(text, "\n{title}\n");
        for (head, counts) in tables(group) {
            let rows = most(counts).into_iter().map(|(name, count)| vec![count.to_string(), name.to_owned()]);
            table(&mut text, &format!("by {head}"), rows.collect());
        }
        let rows = group.most().into_iter().map(|(key, row)| {
            let example = if row.example.is_empty() { String::new() } else { format!("such as {}", row.example) };
            vec![row.requests.to_string(), key.rule.clone(), key.operation.clone(), key.caller.clone(), example]
        });
        table(&mut text, "by rule, operation and caller", rows.collect());
    }
    if let Some(rest) = rest(tally) {
        let _ = write!(text, "\n{rest}\n");
    }
    text
}

/// How many requests there were, and when.
pub fn summary(tally: &Tally) -> String {
    let between = tally.span.as_ref().map(|(first, last)| format!(" from {first} to {last}")).unwrap_or_default();
    format!("{}{between}, {} denied", requests(tally.requests), tally.denied)
}

/// The groups that have any requests, with their titles.
pub fn groups(tally: &Tally) -> Vec<(String, &Group)> {
    let mut groups = Vec::new();
    let shadow = shadow_name(tally);
    let mut add = |group, title: String| {
        let _: &Group = group;
        if group.requests > 0 {
            groups.push((title, group));
        }
    };
    let count = |group: &Group| requests(group.requests);
    add(&tally.monitor, format!("Monitor mode: {} would have been denied in enforce mode", count(&tally.monitor)));
    let denies = &tally.shadow.denies;
    add(denies, format!("{shadow} would have denied {} that passed", count(denies)));
    let allows = &tally.shadow.allows;
    add(allows, format!("{shadow} would have let {} pass that was denied", count(allows)));
    if groups.is_empty() {
        groups.push(("Nothing would have been denied".to_owned(), &tally.monitor));
    }
    groups
}

/// What else is to be said about a shadow.
pub fn rest(tally: &Tally) -> Option<String> {
    let shadow = &tally.shadow;
    let said = [
        (shadow.otherwise, "differed in something else"),
        (shadow.failed, "failed"),
        (shadow.undecided, "could not be compared"),
    ];
    let said: Vec<String> =
        said.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    (!said.is_empty()).then(|| format!("{}: {}", shadow_name(tally), said.join(", ")))
}

/// The sums of a group: what they are by, and how many there are of each.
pub fn tables(group: &Group) -> [(&'static str, &std::collections::BTreeMap<String, u64>); 3] {
    [("rule", &group.by_rule), ("caller", &group.by_caller), ("operation", &group.by_operation)]
}

fn shadow_name(tally: &Tally) -> String {
    let one = |(name, digest): &(String, String)| format!("{name} {}", digest.get(..12).unwrap_or(digest));
    let policies: Vec<String> = tally.shadow.policies.iter().map(one).collect();
    format!("The shadow {}", policies.join(", "))
}

fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

/// Columns of equal width; the first one has numbers.
fn table(text: &mut String, title: &str, rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "  {title}");
    let shown: Vec<Vec<String>> =
        rows.iter().take(SHOWN).map(|row| row.iter().map(|cell| legible(cell)).collect()).collect();
    let width = |column: usize| shown.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    for row in &shown {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column).unwrap_or_default();
            let _ = if column == 0 { write!(line, "    {cell:>width$}") } else { write!(line, "  {cell:<width$}") };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if let Some(more) = rows.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "    {more} more; --format json has them all");
    }
}

/// Names come from clients: what a terminal obeys is left out.
pub fn legible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
