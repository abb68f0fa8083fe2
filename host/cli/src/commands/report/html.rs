//! The report as a page that needs nothing else: no script, no style sheet, no network.

use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::tally::{Group, Tally, most};
use super::text::{groups, legible, rest, summary, tables};

const TITLE: &str = "What would have been denied";
const STYLE: &str = "body{font-family:sans-serif;margin:2em;max-width:70em}\
table{border-collapse:collapse;margin:0 0 1.5em}\
th,td{padding:.2em .8em;text-align:left;border-bottom:1px solid #ccc}\
td.n,th.n{text-align:right}caption{text-align:left;font-weight:bold;padding:.4em 0}";

pub(in crate::commands) type Page = Writer<Vec<u8>>;

pub fn render(tally: &Tally) -> anyhow::Result<String> {
    let mut page = Writer::new_with_indent(b"<!DOCTYPE html>\n".to_vec(), b' ', 1);
    page.create_element("html").with_attribute(("lang", "en")).write_inner_content(|page| {
        page.create_element("head").write_inner_content(|page| {
            page.create_element("meta").with_attribute(("charset", "utf-8")).write_empty()?;
            element(page, "title", TITLE)?;
            element(page, "style", STYLE)
        })?;
        page.create_element("body").write_inner_content(|page| body(page, tally))?;
        Ok(())
    })?;
    let mut page = String::from_utf8(page.into_inner())?;
    page.push('\n');
    Ok(page)
}

fn body(page: &mut Page, tally: &Tally) -> io::Result<()> {
    element(page, "h1", TITLE)?;
    element(page, "p", &summary(tally))?;
    for (title, group) in groups(tally) {
        element(page, "h2", &title)?;
        self::group(page, group)?;
    }
    rest(tally).map_or(Ok(()), |rest| element(page, "p", &rest))
}

fn group(page: &mut Page, group: &Group) -> io::Result<()> {
    for (head, counts) in tables(group) {
        let rows = most(counts).into_iter().map(|(name, count)| vec![count.to_string(), name.to_owned()]);
        table(page, &format!("By {head}"), &["requests", head], &rows.collect::<Vec<_>>())?;
    }
    let rows = group.most().into_iter().map(|(key, row)| {
        let (rule, operation, caller) = (key.rule.clone(), key.operation.clone(), key.caller.clone());
        let (first, last, example) = (row.first.clone(), row.last.clone(), row.example.clone());
        vec![row.requests.to_string(), rule, operation, caller, first, last, example]
    });
    let heads = ["requests", "rule", "operation", "caller", "first", "last", "request id"];
    table(page, "By rule, operation and caller", &heads, &rows.collect::<Vec<_>>())
}

fn table(page: &mut Page, caption: &str, heads: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    page.create_element("table").write_inner_content(|page| {
        element(page, "caption", caption)?;
        row(page, "th", heads.iter().copied())?;
        rows.iter().try_for_each(|cells| row(page, "td", cells.iter().map(String::as_str)))
    })?;
    Ok(())
}

fn row<'a>(page: &mut Page, name: &str, cells: impl Iterator<Item = &'a str>) -> io::Result<()> {
    page.create_element("tr").write_inner_content(|page| {
        for (column, cell) in cells.enumerate() {
            let element = page.create_element(name);
            let element = if column == 0 { element.with_attribute(("class", "n")) } else { element };
            element.write_text_content(BytesText::new(&legible(cell)))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Names and the like come from clients: they are text, whatever they look like.
pub(in crate::commands) fn element(page: &mut Page, name: &str, text: &str) -> io::Result<()> {
    page.create_element(name).write_text_content(BytesText::new(&legible(text)))?;
    Ok(())
}
