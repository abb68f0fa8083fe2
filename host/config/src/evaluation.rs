//! How much an evaluation may take.

use std::ops::RangeInclusive;
use std::time::Duration;

use solgate::policy::EvaluationLimits;

use super::gateway::parse_duration;
use super::yaml::{ConfigError, Node};

const LONGEST: Duration = Duration::from_secs(60);
/// Bytes of memory that an evaluation may have.
pub const MEMORY: RangeInclusive<usize> = 1 << 20..=1 << 30;
/// Bytes that its outcome may have.
pub const OUTPUT: RangeInclusive<usize> = 4 << 10..=64 << 20;
/// Violations that its outcome may have.
pub const VIOLATIONS: RangeInclusive<usize> = 1..=10_000;

const TIME: &str = "a duration from 1ms to 1m, such as 250ms";

/// Reads the section `evaluation` of a gate.
pub fn section(node: Node<'_>) -> Result<EvaluationLimits, ConfigError> {
    let mut limits = EvaluationLimits::default();
    for (name, node) in node.members(&["time", "memoryBytes", "outputBytes", "violations"])? {
        match name {
            "time" => limits.time = node.parse(TIME, parse_time)?,
            "memoryBytes" => limits.memory = within(node, &MEMORY)?,
            "outputBytes" => limits.output = within(node, &OUTPUT)?,
            _ => limits.violations = within(node, &VIOLATIONS)?,
        }
    }
    Ok(limits)
}

/// How long an evaluation may take.
///
/// # Errors
/// What was expected instead.
pub fn parse_evaluation_time(text: &str) -> Result<Duration, String> {
    parse_time(text).ok_or_else(|| format!("expected {TIME}"))
}

fn parse_time(text: &str) -> Option<Duration> {
    // The clock that cuts evaluations off has ticks of a millisecond.
    parse_duration(text).filter(|time| (Duration::from_millis(1)..=LONGEST).contains(time))
}

fn within(node: Node<'_>, range: &RangeInclusive<usize>) -> Result<usize, ConfigError> {
    let number = node.positive()?;
    if range.contains(&number) { Ok(number) } else { Err(node.error(format!("{}, found {number}", expected(range)))) }
}

/// What a number out of its range is told.
#[must_use]
pub fn expected(range: &RangeInclusive<usize>) -> String {
    format!("expected a whole number from {} to {}", range.start(), range.end())
}
