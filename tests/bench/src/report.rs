//! What was measured, beside what was wanted.

mod render;

use serde::Serialize;

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub what: String,
    /// NaN if it could not be measured; the note says why.
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
    /// What could not be measured, and why.
    pub failures: Vec<String>,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All was measured, and every target that is judged is met.
    Done,
    /// Some target is missed.
    Missed,
    /// Something could not be measured.
    NotMeasured,
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
    /// One that is still empty, about this machine.
    #[must_use]
    pub fn new(quick: bool) -> Self {
        Self { quick, machine: Machine::this(), sections: Vec::new(), failures: Vec::new() }
    }

    /// One more section. A row without a figure is a failure.
    pub fn add(&mut self, section: Section) {
        let missing = section.rows.iter().filter(|row| row.measured.is_nan());
        self.failures.extend(missing.map(|row| format!("`{}` was not measured: {}", row.what, row.note)));
        self.sections.push(section);
    }

    /// How the run ends. The figures of a quick one are too noisy to be judged.
    #[must_use]
    pub fn status(&self) -> Status {
        match (self.failures.is_empty(), self.quick || self.met()) {
            (false, _) => Status::NotMeasured,
            (true, false) => Status::Missed,
            (true, true) => Status::Done,
        }
    }

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
        serde_json::json!({
            "quick": self.quick,
            "machine": self.machine,
            "met": self.met(),
            "failures": self.failures,
            "sections": sections,
        })
    }
}

fn json_row(row: &Row) -> serde_json::Value {
    let mut value = serde_json::json!(row);
    value["ratio"] = serde_json::json!(row.ratio());
    value["met"] = serde_json::json!(row.met());
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rows: Vec<Row>) -> Report {
        let machine = Machine { cores: 2, processor: "some".to_owned(), kernel: "6".to_owned(), load_before: 0.5 };
        let sections = vec![Section { name: "some", title: "Some", rows }];
        Report { quick: false, machine, sections, failures: Vec::new() }
    }

    #[test]
    fn a_row_says_whether_its_target_is_met() {
        for (measured, target, met) in [
            (2.0, Target::AtMost(2.0), true),
            (2.1, Target::AtMost(2.0), false),
            (80.0, Target::AtLeast(80.0), true),
            (79.0, Target::AtLeast(80.0), false),
            (2.0, Target::Below(2.0), false),
            (0.0, Target::AtMost(0.0), true),
        ] {
            let row = Row::against("it", measured, "us", target);
            assert_eq!(row.met(), Some(met), "{row:?}");
            assert_eq!(report(vec![Row::beside("another", 1.0, "us"), row]).met(), met);
        }
    }

    #[test]
    fn a_quick_run_is_not_judged_and_what_was_not_measured_fails() {
        let missed = || Row::against("it", 3.0, "us", Target::AtMost(2.0));
        let absent = || Row::beside("it", f64::NAN, "us").note("nobody has it");
        for (quick, row, status) in [
            (false, Row::against("it", 2.0, "us", Target::AtMost(2.0)), Status::Done),
            (false, missed(), Status::Missed),
            (true, missed(), Status::Done),
            (false, absent(), Status::NotMeasured),
            (true, absent(), Status::NotMeasured),
        ] {
            let mut report = Report { quick, ..report(Vec::new()) };
            report.add(Section { name: "another", title: "Another", rows: vec![row.clone()] });
            assert_eq!(report.status(), status, "quick: {quick}, {row:?}: {:?}", report.failures);
        }
    }

    #[test]
    fn the_json_has_what_the_table_has() {
        let report = report(vec![Row::against("it", 3.0, "us", Target::AtMost(2.0)).note("noisy")]);
        let row = serde_json::json!({
            "what": "it", "measured": 3.0, "unit": "us", "target": {"atMost": 2.0}, "note": "noisy", "ratio": 1.5, "met": false,
        });
        assert_eq!(report.json()["sections"][0]["rows"][0], row);
        assert_eq!(report.json()["met"], false);
        let line = report.table().lines().find(|line| line.contains("it")).map(str::to_owned).unwrap_or_default();
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>(),
            "it 3 us <= 2 us 1.50 MISSED noisy".split(' ').collect::<Vec<_>>()
        );
    }
}
