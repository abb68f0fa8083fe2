//! How much an evaluation may take, on the command line.

use std::ops::RangeInclusive;
use std::time::Duration;

use solgate::policy::EvaluationLimits;
use solgate_config::{MEMORY, OUTPUT, VIOLATIONS, expected, parse_evaluation_time};

/// The part of a command line that bounds evaluations.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EvaluationArgs {
    /// How long a policy may take for a request; each KiB of body or facts adds 1ms
    #[arg(long, value_name = "DURATION", conflicts_with = "config", value_parser = parse_evaluation_time, allow_hyphen_values = true)]
    pub evaluation_time: Option<Duration>,

    /// How many bytes of memory a policy may use for a request, about 14 times the largest body
    #[arg(long, value_name = "BYTES", conflicts_with = "config", value_parser = |text: &str| number(text, &MEMORY))]
    pub evaluation_memory: Option<usize>,

    /// How many bytes the outcome of a policy may have
    #[arg(long, value_name = "BYTES", conflicts_with = "config", value_parser = |text: &str| number(text, &OUTPUT))]
    pub evaluation_output: Option<usize>,

    /// How many violations the outcome of a policy may have, not fewer than its bundle allows
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

/// A number from a range.
///
/// # Errors
/// What was expected instead.
pub fn number(text: &str, range: &RangeInclusive<usize>) -> Result<usize, String> {
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| expected(range))
}
