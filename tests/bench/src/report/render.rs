//! The report for people.

use std::fmt::Write;

use super::{Machine, Report, Row, Target};

/// What, measured, target, ratio, met, note.
type Cells = [String; 6];

const HEAD: [&str; 6] = ["what", "measured", "target", "of target", "", "note"];

impl Report {
    /// The report for people.
    #[must_use]
    pub fn table(&self) -> String {
        let lines: Vec<Cells> = self.sections.iter().flat_map(|section| &section.rows).map(cells).collect();
        let head = HEAD.map(str::to_owned);
        let widths: [usize; 6] = std::array::from_fn(|column| {
            lines.iter().chain([&head]).map(|line| line[column].chars().count()).max().unwrap_or_default()
        });
        let mut text = String::new();
        put(&mut text, &head, &widths);
        let mut lines = lines.iter();
        for section in &self.sections {
            let _ = writeln!(text, "\n{}", section.title);
            for line in lines.by_ref().take(section.rows.len()) {
                put(&mut text, line, &widths);
            }
        }
        let _ = write!(text, "\n{}", self.summary());
        text
    }

    /// The same as Markdown, for documentation: without notes, which are about one run.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for section in &self.sections {
            let _ = writeln!(text, "| {} | measured | target | |\n|---|---|---|---|", section.title);
            for row in &section.rows {
                let [what, measured, target, _, met, _] = cells(row);
                let _ = writeln!(text, "| {what} | {measured} | {target} | {} |", met.to_lowercase());
            }
            text.push('\n');
        }
        let _ = write!(text, "{}", self.summary());
        text
    }

    /// The machine, and how many targets are met.
    fn summary(&self) -> String {
        let Machine { cores, processor, load_before, .. } = &self.machine;
        let rows = || self.sections.iter().flat_map(|section| &section.rows);
        let met = rows().filter(|row| row.met() == Some(true)).count();
        let missed = rows().filter(|row| row.met() == Some(false)).count();
        let quick = if self.quick { "; a quick run" } else { "" };
        format!(
            "{met} targets met, {missed} missed{quick}\n{cores} cores, {processor}; load before the run {load_before}\n"
        )
    }
}

fn cells(row: &Row) -> Cells {
    let target = match row.target {
        None => String::new(),
        Some(Target::AtMost(bound)) => format!("<= {}", amount(bound, row.unit)),
        Some(Target::AtLeast(bound)) => format!(">= {}", amount(bound, row.unit)),
        Some(Target::Below(bound)) => format!("< {}", amount(bound, row.unit)),
    };
    let met = match row.met() {
        None => "",
        Some(true) => "met",
        Some(false) => "MISSED",
    };
    [
        row.what.clone(),
        amount(row.measured, row.unit),
        target,
        row.ratio().map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        met.to_owned(),
        row.note.clone(),
    ]
}

/// Three significant digits, and the unit.
fn amount(value: f64, unit: &str) -> String {
    if value.is_nan() {
        return "not measured".to_owned();
    }
    let decimals = match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

fn put(text: &mut String, line: &Cells, widths: &[usize; 6]) {
    let [what, measured, target, ratio, met, note] = line;
    let [a, b, c, d, e, _] = widths;
    let line = format!("  {what:<a$}  {measured:>b$}  {target:>c$}  {ratio:>d$}  {met:<e$}  {note}");
    let _ = writeln!(text, "{}", line.trim_end());
}
