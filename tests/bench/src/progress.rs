//! One line that says what is being measured.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The line; it is on standard error, and only if that is a terminal.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A line over `suites` suites.
    #[must_use]
    pub fn new(suites: usize) -> Self {
        let bar = ProgressBar::new(u64::try_from(suites).unwrap_or(u64::MAX));
        if let Ok(style) = ProgressStyle::with_template("{spinner} [{pos}/{len}] {prefix}: {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar }
    }

    /// A suite begins.
    pub fn suite(&self, name: &'static str) {
        self.bar.set_prefix(name);
        self.bar.set_message("setting up");
    }

    /// What is measured now.
    pub fn step(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
    }

    /// A suite has ended.
    pub fn suite_done(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
