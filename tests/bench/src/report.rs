//! What was measured, beside what was wanted.

use std::fmt::Write;

use serde::Serialize;

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub what: String,
    pub measured: f64,
    /// Such as `us`, `ms`, `MB`, `x` or `requests/s`.
    pub unit: &'static str,
    /// `None`: shown for comparison only.
    pub target: Option<Target>,
    /// What a reader has to know: spread, versions, where a figure comes from.
    pub note: String,
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// Less than something else in the same run took.
    Below(f64),
}

impl Target {
    fn bound(self) -> f64 {
        match self {
            Self::AtMost(bound) | Self::AtLeast(bound) | Self::Below(bound) => bound,
        }
    }

    fn met(self, measured: f64) -> bool {
        match self {
            Self::AtMost(bound) => measured <= bound,
            Self::AtLeast(bound) => measured >= bound,
            Self::Below(bound) => measured < bound,
        }
    }
}

impl Row {
    /// A figure that is shown for comparison.
    #[must_use]
    pub fn beside(what: impl Into<String>, measured: f64, unit: &'static str) -> Self {
        Self { what: what.into(), measured, unit, target: None, note: String::new() }
    }

    /// A figure that a target is about.
    #[must_use]
    pub fn against(what: impl Into<String>, measured: f64, unit: &'static str, target: Target) -> Self {
        Self { target: Some(target), ..Self::beside(what, measured, unit) }
    }

    /// The same with a note.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// The measured figure as a multiple of the target.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.target.map(Target::bound).filter(|bound| *bound != 0.0).map(|bound| self.measured / bound)
    }

    /// Whether the target is met; `None` if there is none.
    #[must_use]
    pub fn met(&self) -> Option<bool> {
        self.target.map(|target| target.met(self.measured))
    }
}

/// Rows under one heading.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    pub name: &'static str,
    pub title: &'static str,
    pub rows: Vec<Row>,
}

/// All that one run has measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub quick: bool,
    pub machine: Machine,
    pub sections: Vec<Section>,
}

/// Where it was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    pub cores: usize,
    pub processor: String,
    pub kernel: String,
    /// Runnable processes in the minute before the run: what else was going on.
    pub load_before: f64,
}

impl Machine {
    /// What the kernel says of this one.
    #[must_use]
    pub fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim().to_owned()))
            .unwrap_or_default();
        let load_before = read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok());
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: load_before.unwrap_or_default(),
        }
    }
}

impl Report {
    /// Whether every target is met.
    #[must_use]
    pub fn met(&self) -> bool {
        self.sections.iter().flat_map(|section| &section.rows).all(|row| row.met() != Some(false))
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let sections: Vec<_> = self
            .sections
            .iter()
            .map(|section| {
                let rows: Vec<_> = section.rows.iter().map(json_row).collect();
                serde_json::json!({"name": section.name, "title": section.title, "rows": rows})
            })
            .collect();
        serde_json::json!({"quick": self.quick, "machine": self.machine, "met": self.met(), "sections": sections})
    }

    /// The report for people.
    #[must_use]
    pub fn table(&self) -> String {
        let lines: Vec<[String; 6]> = self.sections.iter().flat_map(|section| &section.rows).map(cells).collect();
        let head = ["", "measured", "target", "of target", "", "note"].map(str::to_owned);
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
        let Machine { cores, processor, load_before, .. } = &self.machine;
        let _ = writeln!(text, "\n{cores} cores, {processor}; load before the run {load_before}");
        let rows = || self.sections.iter().flat_map(|section| &section.rows);
        let met = rows().filter(|row| row.met() == Some(true)).count();
        let missed = rows().filter(|row| row.met() == Some(false)).count();
        let _ = writeln!(text, "{met} targets met, {missed} missed");
        text
    }
}

fn json_row(row: &Row) -> serde_json::Value {
    let mut value = serde_json::json!(row);
    value["ratio"] = serde_json::json!(row.ratio());
    value["met"] = serde_json::json!(row.met());
    value
}

fn cells(row: &Row) -> [String; 6] {
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
    let decimals = match value.abs() {
        size if size >= 100.0 || value.fract() == 0.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

fn put(text: &mut String, line: &[String; 6], widths: &[usize; 6]) {
    let [what, measured, target, ratio, met, note] = line;
    let [a, b, c, d, e, _] = widths;
    let line = format!("  {what:<a$}  {measured:>b$}  {target:>c$}  {ratio:>d$}  {met:<e$}  {note}");
    let _ = writeln!(text, "{}", line.trim_end());
}
