//! The coverage as a page that needs nothing else: the rules as they stand in their files,
//! with what the cases have shown of each. No script, no style sheet, no network.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;
use solgate_bundle::Compiled;
use solgate_bundle::coverage::{Coverage, RuleCoverage, Standing};
use solgate_engine::ir::{Bundle, Rule, RuleKind};
use solgate_trial::tested::percent;

use crate::commands::report::html::{Page, element};

const STYLE: &str = "body{font-family:sans-serif;margin:2em;max-width:80em}\
table{border-collapse:collapse;margin:0 0 1.5em}\
th,td{padding:.1em .8em;text-align:left;vertical-align:top}\
td.code{font-family:monospace;white-space:pre;width:100%}\
td.n{text-align:right;color:#666}td.note{white-space:nowrap}\
tr.covered td.code{background:#e6f4e6}tr.half td.code{background:#fff3d0}\
tr.never td.code{background:#fbdcdc}tr.other td.code{background:#f2f2f2}\
td.covered{background:#e6f4e6}td.half{background:#fff3d0}td.never{background:#fbdcdc}td.other{background:#f2f2f2}";

/// What the cases have shown of a rule: the class of its lines, and words.
struct Shown {
    class: &'static str,
    note: String,
}

/// The page; `compiled` has the files, if the policy was made from them.
///
/// # Errors
/// If a text cannot be written, which is not to be expected.
pub fn render(bundle: &Bundle, coverage: &Coverage, compiled: Option<&Compiled>) -> anyhow::Result<String> {
    let title = format!("Rule coverage of {} {}", bundle.name, bundle.version);
    let mut page = Writer::new_with_indent(b"<!DOCTYPE html>\n".to_vec(), b' ', 1);
    page.create_element("html").with_attribute(("lang", "en")).write_inner_content(|page| {
        page.create_element("head").write_inner_content(|page| {
            page.create_element("meta").with_attribute(("charset", "utf-8")).write_empty()?;
            element(page, "title", &title)?;
            element(page, "style", STYLE)
        })?;
        page.create_element("body").write_inner_content(|page| {
            element(page, "h1", &title)?;
            body(page, bundle, coverage, compiled)
        })?;
        Ok(())
    })?;
    let mut page = String::from_utf8(page.into_inner())?;
    page.push('\n');
    Ok(page)
}

fn body(page: &mut Page, bundle: &Bundle, coverage: &Coverage, compiled: Option<&Compiled>) -> io::Result<()> {
    let (found, of) = coverage.shown();
    element(
        page,
        "p",
        &format!("{} %: of {of} things that rules have to show, cases have shown {found}.", percent(coverage)),
    )?;
    legend(page)?;
    let shown: BTreeMap<&str, Shown> =
        coverage.rules.iter().map(|rule| (rule.rule.as_str(), Shown::of(rule))).collect();
    let Some(compiled) = compiled else {
        element(page, "h2", "Rules")?;
        return listed(page, bundle.rules.iter(), &shown);
    };
    let own = |rule: &&Rule| shown.contains_key(rule.id.as_str()) && !rule.inherited;
    for source in compiled.sources.iter().filter(|source| source.name.starts_with("rules/")) {
        let mut starts: BTreeMap<usize, &str> = BTreeMap::new();
        for rule in bundle.rules.iter().filter(own) {
            if let Some(place) = compiled.places.get(&rule.id).filter(|place| place.file == source.name) {
                starts.insert(place.line, &rule.id);
            }
        }
        element(page, "h2", &source.name)?;
        file(page, &source.text, &starts, &shown)?;
    }
    let elsewhere = |rule: &&Rule| {
        own(rule) && !compiled.places.get(&rule.id).is_some_and(|place| place.file.starts_with("rules/"))
    };
    if bundle.rules.iter().any(|rule| elsewhere(&rule)) {
        element(page, "h2", "Rules of other files")?;
        listed(page, bundle.rules.iter().filter(elsewhere), &shown)?;
    }
    Ok(())
}

fn legend(page: &mut Page) -> io::Result<()> {
    page.create_element("table").write_inner_content(|page| {
        for (class, words) in [
            ("covered", "covered: it fails in a case, and holds in another"),
            ("half", "half: it never fails, or it never holds"),
            ("never", "uncovered: no case looks at it, or no case gets it to fail or hold"),
            ("other", "not counted"),
        ] {
            page.create_element("tr").write_inner_content(|page| cell(page, class, words))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// A file line by line; a rule reaches to the line before the next one.
fn file(page: &mut Page, text: &str, starts: &BTreeMap<usize, &str>, shown: &BTreeMap<&str, Shown>) -> io::Result<()> {
    page.create_element("table").write_inner_content(|page| {
        for (number, line) in (1..).zip(text.lines()) {
            let rule = starts.range(..=number).next_back().and_then(|(_, id)| shown.get(id));
            let note = starts.get(&number).and_then(|id| shown.get(id)).map_or("", |shown| shown.note.as_str());
            let row = page.create_element("tr");
            let row = match rule {
                Some(shown) if !line.trim().is_empty() => row.with_attribute(("class", shown.class)),
                _ => row,
            };
            row.write_inner_content(|page| {
                cell(page, "n", &number.to_string())?;
                cell(page, "code", line)?;
                cell(page, "note", note)
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Rules without their file: by what they require.
fn listed<'r>(page: &mut Page, rules: impl Iterator<Item = &'r Rule>, shown: &BTreeMap<&str, Shown>) -> io::Result<()> {
    page.create_element("table").write_inner_content(|page| {
        for rule in rules {
            let Some(Shown { class, note }) = shown.get(rule.id.as_str()) else { continue };
            let condition = match &rule.kind {
                RuleKind::Require(require) => require.require.as_str(),
                _ => rule.title.as_str(),
            };
            page.create_element("tr").with_attribute(("class", *class)).write_inner_content(|page| {
                cell(page, "note", &rule.id)?;
                cell(page, "code", condition)?;
                cell(page, "note", note)
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

fn cell(page: &mut Page, class: &str, text: &str) -> io::Result<()> {
    let text: String =
        text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    page.create_element("td").with_attribute(("class", class)).write_text_content(BytesText::new(&text))?;
    Ok(())
}

impl Shown {
    fn of(rule: &RuleCoverage) -> Self {
        let counts = format!("{}: fails in {} cases, holds in {}", rule.rule, rule.failed, rule.passed);
        let (class, words) = match (rule.standing, rule.failed, rule.passed) {
            (Standing::Schema, ..) => ("other", "of a schema, not counted; "),
            (Standing::Inherited, ..) => ("other", "as the extended bundle has it, not counted; "),
            (Standing::Off, ..) => ("other", "off in every case, not counted; "),
            (Standing::Counted, 0, 0) => ("never", "uncovered; "),
            (Standing::Counted, 0, _) => ("half", "never fails; "),
            (Standing::Counted, _, 0) => ("half", "never holds; "),
            (Standing::Counted, ..) => ("covered", ""),
        };
        Self { class, note: format!("{words}{counts}") }
    }
}
