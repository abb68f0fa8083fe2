//! How much an evaluation may take, on the command line and in a file.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::config;
use super::yaml::{ConfigError, Node};
use crate::policy::EvaluationLimits;

const LONGEST: Duration = Duration::from_secs(60);
const MEMORY: RangeInclusive<usize> = 1 << 20..=1 << 30;
const OUTPUT: RangeInclusive<usize> = 4 << 10..=64 << 20;
const VIOLATIONS: RangeInclusive<usize> = 1..=10_000;

const TIME: &str = "a duration from 1ms to 1m, such as 250ms";

/// The part of a command line that bounds evaluations.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EvaluationArgs {
    /// How long a policy may take for a request; a KiB of body or facts grants 1ms more [default: 250ms]
    #[arg(long, value_name = "DURATION", conflicts_with = "config", value_parser = time, allow_hyphen_values = true)]
    pub evaluation_time: Option<Duration>,

    /// How much memory it may take for that, about 14 times the largest body [default: 67108864]
    #[arg(long, value_name = "BYTES", conflicts_with = "config", value_parser = |text: &str| number(text, &MEMORY))]
    pub evaluation_memory: Option<usize>,

    /// How large its outcome may be [default: 1048576]
    #[arg(long, value_name = "BYTES", conflicts_with = "config", value_parser = |text: &str| number(text, &OUTPUT))]
    pub evaluation_output: Option<usize>,

    /// How many violations the outcome may have, not fewer than the policy's bundle allows [default: 256]
    #[arg(long, value_name = "NUMBER", conflicts_with = "config", value_parser = |text: &str| number(text, &VIOLATIONS))]
    pub evaluation_violations: Option<usize>,
}

impl EvaluationArgs {
    /// The limits, if one is another than usual.
    #[must_use]
    pub fn limits(&self) -> Option<EvaluationLimits> {
        let usual = EvaluationLimits::default();
        let limits = EvaluationLimits {
            time: self.evaluation_time.unwrap_or(usual.time),
            memory: self.evaluation_memory.unwrap_or(usual.memory),
            output: self.evaluation_output.unwrap_or(usual.output),
            violations: self.evaluation_violations.unwrap_or(usual.violations),
            ..usual
        };
        (limits != usual).then_some(limits)
    }
}

/// Reads the section `evaluation` of a gate.
pub(super) fn section(node: Node<'_>) -> Result<EvaluationLimits, ConfigError> {
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

fn parse_time(text: &str) -> Option<Duration> {
    // The clock that cuts evaluations off has ticks of a millisecond.
    config::parse_duration(text).filter(|time| (Duration::from_millis(1)..=LONGEST).contains(time))
}

fn time(text: &str) -> Result<Duration, String> {
    parse_time(text).ok_or_else(|| format!("expected {TIME}"))
}

fn number(text: &str, range: &RangeInclusive<usize>) -> Result<usize, String> {
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| expected(range))
}

fn within(node: Node<'_>, range: &RangeInclusive<usize>) -> Result<usize, ConfigError> {
    let number = node.positive()?;
    if range.contains(&number) { Ok(number) } else { Err(node.error(format!("{}, found {number}", expected(range)))) }
}

fn expected(range: &RangeInclusive<usize>) -> String {
    format!("expected a whole number from {} to {}", range.start(), range.end())
}
