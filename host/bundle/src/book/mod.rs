//! The rule book of a bundle: what each rule asks, why, and what to do. It is a page in
//! which somebody can look up a rule id.

mod engine;
mod entry;
mod markdown;
mod places;
mod releases;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;
use solgate_engine::ENGINE_RULES;
use solgate_engine::ir::{
    Bundle, Date, Dates, DayOfYear, Operation, Period, Require, Rule, RuleKind, Severity, SeveritySpec,
};

pub use self::entry::{Asked, Entry, Kind, entries};
use self::markdown::{anchor, code, plain};
pub(crate) use self::places::{Places, places};

/// Most entries of a list that are shown.
const MOST_ENTRIES: usize = 20;

/// Writes the rule book in Markdown, as GitHub shows it. It depends on the bundle
/// only, and not on its digest.
#[must_use]
pub fn rule_book(bundle: &Bundle) -> String {
    let book = Book { bundle, rules: entries(bundle), anchors: BTreeMap::new() }.with_anchors();
    let mut page = String::new();
    book.introduction(&mut page);
    book.options(&mut page);
    book.tables(&mut page);
    book.overview(&mut page);
    book.operations(&mut page);
    page.push_str(&releases::section(bundle));
    let _ = writeln!(page, "\n## The rules");
    for rule in &book.rules {
        book.rule(rule, &mut page);
    }
    page
}

/// An expression without its line breaks.
fn one_line(source: &str) -> String {
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Those of the bundle, and those of the engine of which it says nothing.
pub(crate) fn all_rules(bundle: &Bundle) -> Vec<Rule> {
    bundle.rules.iter().chain(&undeclared(bundle)).cloned().collect()
}

/// Rules that the engine decides and of which the bundle says nothing.
fn undeclared(bundle: &Bundle) -> Vec<Rule> {
    let declared: BTreeSet<&str> = bundle.rules.iter().map(|rule| rule.id.as_str()).collect();
    let others = ENGINE_RULES.iter().filter(|rule| !declared.contains(rule.id));
    others
        .map(|rule| Rule {
            id: rule.id.to_owned(),
            kind: RuleKind::Engine,
            operations: Vec::new(),
            title: rule.title.to_owned(),
            status: rule.status,
            severity: SeveritySpec { default: rule.severity, by_option: Vec::new() },
            clause: None,
            doc: String::new(),
            ages: rule.ages,
            inherited: false,
        })
        .collect()
}

struct Book<'b> {
    bundle: &'b Bundle,
    /// Sorted by id.
    rules: Vec<Entry>,
    /// By rule id.
    anchors: BTreeMap<String, String>,
}

impl Book<'_> {
    /// Headings of the same letters are numbered in the order of the page.
    fn with_anchors(mut self) -> Self {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for rule in &self.rules {
            let anchor = anchor(&rule.id);
            let count = seen.entry(anchor.clone()).or_default();
            let numbered = if *count == 0 { anchor } else { format!("{anchor}-{count}") };
            *count = count.saturating_add(1);
            self.anchors.insert(rule.id.clone(), numbered);
        }
        self
    }

    fn link(&self, id: &str) -> String {
        format!("[{id}](#{})", self.anchors.get(id).map_or("", String::as_str))
    }

    fn introduction(&self, page: &mut String) {
        let bundle = self.bundle;
        let _ = write!(
            page,
            "# Rules of {} {}\n\n\
             A ProblemDetails that the gate sends names the broken rules in `violations[].rule`; this page says of each why it exists and \
             what to do. It is written by `solgate docs`.\n\n\
             - {} rules for {} operations below {}\n\
             - severity: `deny` refuses the request, `warn` reports beside the verdict, `audit` records only, `off` does not run. \
             The operator of a gate can set the severity of every rule, and the options.\n\
             - every violation of a stage is reported; a stage that denies ends the evaluation\n{}",
            plain(&bundle.name),
            plain(&bundle.version),
            self.rules.len(),
            bundle.resources().count(),
            bundle.api_roots.iter().map(|root| code(&root.path)).collect::<Vec<_>>().join(" and "),
            if knows_all_versions(bundle) {
                ""
            } else {
                "- a rule that *ages* compares a request with a list that later versions of the API extend, and so do the enumerations and alternatives of a schema. In a request for a version that the option `knownVersions` does not cover, they warn at most\n"
            },
        );
    }

    fn options(&self, page: &mut String) {
        let _ = write!(page, "\n## Options\n\n| option | default | meaning |\n|---|---|---|\n");
        for option in &self.bundle.options {
            let values: Vec<String> = option.values.iter().map(|value| code(&shown(value))).collect();
            let values = if values.is_empty() { String::new() } else { format!(" One of {}.", values.join(", ")) };
            let _ = writeln!(
                page,
                "| {} | {} | {}{values} |",
                code(&option.name),
                code(&shown(&option.default)),
                plain(&option.doc)
            );
        }
        for root in self.bundle.api_roots.iter().filter(|root| !root.options.is_empty()) {
            let values: Vec<String> =
                root.options.iter().map(|(name, value)| code(&format!("{name}: {}", shown(value)))).collect();
            let _ = writeln!(page, "\nBelow {} the default is {}.", code(&root.path), values.join(", "));
        }
    }

    /// Windows, lists and data that expressions name.
    fn tables(&self, page: &mut String) {
        if !self.bundle.windows.is_empty() {
            let _ = write!(page, "\n## Windows\n\n| window | open |\n|---|---|\n");
        }
        for window in &self.bundle.windows {
            let periods: Vec<String> = window.periods.iter().map(period).collect();
            let _ = writeln!(page, "| {} | {} |", code(&window.name), periods.join("; "));
        }
        if !self.bundle.lists.is_empty() {
            let _ = write!(page, "\n## Lists\n\n| list | entries |\n|---|---|\n");
        }
        for list in &self.bundle.lists {
            let shown: Vec<String> = list.entries.iter().take(MOST_ENTRIES).map(|entry| code(entry)).collect();
            let more = list.entries.len().saturating_sub(MOST_ENTRIES);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let _ = writeln!(page, "| {} | {}{more} |", code(&list.name), shown.join(", "));
        }
        if !self.bundle.functions.is_empty() {
            let _ = write!(
                page,
                "\n## Functions\n\nIn the conditions below, the value stands in the place of each call.\n\n\
                 | function | value | meaning |\n|---|---|---|\n"
            );
        }
        for function in &self.bundle.functions {
            let usage = format!("{}({})", function.name, function.parameters.join(", "));
            let _ = writeln!(
                page,
                "| {} | {} | {} |",
                code(&usage),
                code(&one_line(&function.value)),
                plain(&function.doc)
            );
        }
        if !self.bundle.data.is_empty() {
            let _ = write!(page, "\n## Data\n\n| data | entries | file | SHA-256 |\n|---|---|---|---|\n");
        }
        for data in &self.bundle.data {
            let entries = data.entries().map_or_else(String::new, |entries| entries.to_string());
            let _ = writeln!(
                page,
                "| {} | {entries} | {} | `{}` |",
                code(&data.name),
                code(&data.file),
                plain(&data.digest)
            );
        }
    }

    fn overview(&self, page: &mut String) {
        let _ = write!(page, "\n## Overview\n\n| rule | status | severity | what is wrong |\n|---|---|---|---|\n");
        for rule in &self.rules {
            let _ = writeln!(
                page,
                "| {} | {} | {} | {} |",
                self.link(&rule.id),
                rule.status,
                severity(&rule.severity),
                plain(&rule.title)
            );
        }
    }

    /// The rules of each operation that are not for all of them.
    fn operations(&self, page: &mut String) {
        let _ = write!(
            page,
            "\n## Operations\n\nBeside the rules for every operation.\n\n| operation | request | rules |\n|---|---|---|\n"
        );
        for operation in self.bundle.resources() {
            let rules = self.rules.iter().filter(|rule| rule.operations.contains(&operation.id));
            let rules: Vec<String> = rules.map(|rule| self.link(&rule.id)).collect();
            let _ = writeln!(
                page,
                "| {} | {} {}{} | {} |",
                code(&operation.id),
                operation.method,
                code(&operation.path),
                operation.dialect.as_ref().map_or_else(String::new, |name| format!(", with the option {}", code(name))),
                rules.join(", ")
            );
        }
        self.dialects(page);
    }

    /// The operations that have parameters or a body of their own while an option is on.
    fn dialects(&self, page: &mut String) {
        let operations = &self.bundle.operations;
        let mut dialects: BTreeMap<&str, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for operation in operations {
            let is_plain = |known: &Operation| known.id == operation.id && known.dialect.is_none();
            if let Some(name) = operation.dialect.as_deref().filter(|_| operations.iter().any(is_plain)) {
                let (own, absent) = dialects.entry(name).or_default();
                if operation.absent { absent } else { own }.push(code(&operation.id));
            }
        }
        for (name, (own, absent)) in dialects {
            let on = match name.split_once('.') {
                Some((option, value)) => format!("the option {} is {}", code(option), code(value)),
                None => format!("the option {} is on", code(name)),
            };
            if !own.is_empty() {
                let own = own.join(", ");
                let _ =
                    writeln!(page, "\nWhile {on}, these operations have parameters and a body of their own: {own}.");
            }
            if !absent.is_empty() {
                let _ = writeln!(page, "\nWhile {on}, these operations are not there: {}.", absent.join(", "));
            }
        }
    }

    fn rule(&self, rule: &Entry, page: &mut String) {
        let _ = write!(page, "\n### {}\n\n**{}**\n", rule.id, plain(&rule.title));
        if !rule.doc.is_empty() {
            let _ = write!(page, "\n{}\n", plain(&rule.doc));
        }
        let ages = if rule.ages { "; ages" } else { "" };
        let varies = if rule.status_varies { ", or what `schemaErrorStatus` says" } else { "" };
        let _ = write!(page, "\n- status {}{varies}, severity {}{ages}\n", rule.status, severity(&rule.severity));
        let operations: Vec<String> = rule.operations.iter().map(|id| code(id)).collect();
        let operations = if operations.is_empty() { "every operation".to_owned() } else { operations.join(", ") };
        let _ = writeln!(page, "- {operations}");
        let facts = || rule.facts.iter().map(|fact| code(&format!("GET {}", fact.path))).collect::<Vec<_>>();
        match rule.kind {
            Kind::Engine => {}
            Kind::Schema => schema(rule, page),
            Kind::Exists => {
                let _ = writeln!(page, "- fails if the VNFM or NFVO answers 404 to {}", facts().join(", "));
            }
            Kind::IfMatch => {
                let _ = writeln!(page, "- fails if `If-Match` does not hold the ETag of {}", facts().join(", or of "));
            }
            Kind::Condition => {
                if let Some(require) = &rule.condition {
                    condition(require, page);
                }
            }
        }
        if let Some(clause) = &rule.clause {
            let _ = writeln!(page, "- {}", plain(clause));
        }
    }
}

fn schema(rule: &Entry, page: &mut String) {
    if !rule.pointers.is_empty() {
        let pointers: Vec<String> =
            rule.pointers.iter().map(|p| if p.is_empty() { "the whole".to_owned() } else { code(p) }).collect();
        let _ = writeln!(page, "- in the body: {}", pointers.join(", "));
    }
    if !rule.fields.is_empty() {
        let fields: Vec<String> = rule.fields.iter().map(|field| code(field)).collect();
        let _ = writeln!(page, "- header field {}", fields.join(", "));
    }
}

/// Whether no version can be asked for whose lists the policy does not know.
fn knows_all_versions(bundle: &Bundle) -> bool {
    let known = bundle.options.iter().find(|option| option.name == "knownVersions");
    known.is_none_or(|option| option.default.as_array().is_some_and(|items| items.iter().any(|item| item == "*.*.*")))
}

/// Such as `sat, sun 22:00-04:00 Europe/Berlin`.
fn period(period: &Period) -> String {
    let time = |minutes: u16| {
        let (hours, minutes) = (minutes.checked_div(60), minutes.checked_rem(60));
        format!("{:02}:{:02}", hours.unwrap_or_default(), minutes.unwrap_or_default())
    };
    // By the names that policy.yaml has for them.
    let days: Vec<String> =
        period.days.iter().filter_map(|day| serde_json::to_value(day).ok()).map(|d| shown(&d)).collect();
    let days = if days.len() == 7 { "every day".to_owned() } else { days.join(", ") };
    let zone = plain(&period.zone);
    let (from, to) = (time(period.from), time(period.to));
    if let Some((first, last)) = period.once {
        return format!("from {} {from} to {} {to} {zone}", date(first), date(last));
    }
    let times = format!("{days} {from}-{to} {zone}");
    match (period.dates.as_slice(), period.except.as_slice()) {
        ([], []) => times,
        (on, []) => format!("{times}, on {}", dates(on)),
        ([], not) => format!("{times}, but not on {}", dates(not)),
        (on, not) => format!("{times}, on {}, but not on {}", dates(on), dates(not)),
    }
}

fn date(date: Date) -> String {
    let (year, month, day) = date.parts();
    format!("{year:04}-{month:02}-{day:02}")
}

/// As they are written in policy.yaml.
fn dates(all: &[Dates]) -> String {
    let of_year = |day: DayOfYear| {
        let (month, day) = day.parts();
        format!("{month:02}-{day:02}")
    };
    let shown = |dates: &Dates| match dates {
        Dates::Once(first, last) if first == last => date(*first),
        Dates::Once(first, last) => format!("{}..{}", date(*first), date(*last)),
        Dates::Yearly(first, last) if first == last => of_year(*first),
        Dates::Yearly(first, last) => format!("{}..{}", of_year(*first), of_year(*last)),
        Dates::Easter(0) => "easter".to_owned(),
        Dates::Easter(days) => format!("easter{days:+}"),
    };
    let mut entries: Vec<String> = all.iter().take(MOST_ENTRIES).map(shown).collect();
    let more = all.len().saturating_sub(MOST_ENTRIES);
    if more > 0 {
        entries.push(format!("{more} more"));
    }
    entries.join(", ")
}

fn condition(require: &Require, page: &mut String) {
    let place = match (&require.header, &require.pointer) {
        _ if let Some(parameter) = &require.parameter => Some(format!("parameter {}", code(parameter))),
        (Some(header), _) => Some(format!("header field {}", code(header))),
        (None, Some(pointer)) if pointer.is_empty() => Some("the body as a whole".to_owned()),
        (None, Some(pointer)) => Some(format!("in the body: {}", code(pointer))),
        (None, None) => None,
    };
    if let Some(place) = place {
        let _ = writeln!(page, "- {place}");
    }
    let _ = write!(page, "- condition, in CEL:\n\n  ```text\n");
    let mut line = |name: &str, expression: &str| {
        let text: Vec<&str> = expression.trim().lines().map(str::trim_end).collect();
        let _ = match text.as_slice() {
            [one] => writeln!(page, "  {name}: {one}"),
            several => writeln!(page, "  {name}: |\n    {}", several.join("\n    ")),
        };
    };
    for (name, expression) in &require.variables {
        line(&format!("variables.{name}"), expression);
    }
    for (name, expression) in [("when", &require.when), ("forEach", &require.for_each)] {
        if let Some(expression) = expression {
            line(name, expression);
        }
    }
    line("require", &require.require);
    let _ = writeln!(page, "  ```");
}

fn severity(spec: &SeveritySpec) -> String {
    let name = |severity| match severity {
        Severity::Off => "`off`",
        Severity::Audit => "`audit`",
        Severity::Warn => "`warn`",
        Severity::Deny => "`deny`",
    };
    let by_option = spec.by_option.iter().map(|(option, severity)| format!("; {option}: {}", name(*severity)));
    std::iter::once(name(spec.default).to_owned()).chain(by_option).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
