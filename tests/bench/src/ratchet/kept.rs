//! What a file keeps of a figure: what it was, and why it was once allowed to rise.

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub value: u64,
    /// The lines after the first: one for each time that it rose.
    pub reasons: Vec<String>,
}

impl Kept {
    /// # Errors
    /// If the first line is not a number and the unit; says what is there.
    pub fn parse(text: &str, unit: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let value = first.split_once(' ').filter(|(_, found)| *found == unit).and_then(|(value, _)| value.parse().ok());
        match value {
            Some(value) => Ok(Self { value, reasons: lines.map(str::to_owned).collect() }),
            None => Err(format!("its first line is {first:?}, and should be a number and `{unit}`")),
        }
    }

    /// The text of a file.
    pub fn text(&self, unit: &str) -> String {
        let reasons: String = self.reasons.iter().map(|reason| format!("{reason}\n")).collect();
        format!("{} {unit}\n{reasons}", self.value)
    }

    /// What is kept from now on of a figure that is `value` now.
    pub fn raised(self, value: u64, reason: &str) -> Self {
        let line = format!("raised from {}: {reason}", self.value);
        Self { value, reasons: self.reasons.into_iter().chain([line]).collect() }
    }
}
