//! How much one evaluation of a policy may take.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::EvaluateError;

/// The bounds of one evaluation. What goes beyond one ends the evaluation, and the
/// request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationLimits {
    /// Longest evaluation of a request without body, by the wall clock. Default
    /// 250 ms: thousands of times what one needs, so that a busy machine does not
    /// cut it off.
    pub time: Duration,
    /// By how much longer an evaluation may take by the wall clock, if `time` counts the
    /// time of the processor: for a person at a busy machine. An evaluation that took more
    /// of that is refused when it has ended, also without a sandbox. Default zero: `time`
    /// is by the wall clock.
    pub patience: Duration,
    /// Time granted on top for every KiB of body and facts. Default 1 ms.
    pub time_per_kib: Duration,
    /// Most bytes of memory. Default 64 MiB. An evaluation needs about 14 times the
    /// size of the body.
    pub memory: usize,
    /// Most bytes that an outcome takes when it leaves the sandbox: its texts, and
    /// what its lists need. Default 1 MiB.
    pub output: usize,
    /// Most violations, and most findings, of one outcome. Default 256. A policy
    /// whose bundle allows itself more breaks this limit with a very wrong request.
    pub violations: usize,
}

impl Default for EvaluationLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_millis(250),
            patience: Duration::ZERO,
            time_per_kib: Duration::from_millis(1),
            memory: 64 << 20,
            output: 1 << 20,
            violations: 256,
        }
    }
}

impl EvaluationLimits {
    /// How long an evaluation over `bytes` of input may take.
    #[must_use]
    pub fn granted(&self, bytes: usize) -> Duration {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        self.time.saturating_add(self.time_per_kib.saturating_mul(kib))
    }

    /// Evaluates in this thread, over `bytes` of input.
    ///
    /// # Errors
    /// Those of the evaluation, and [`EvaluateError::Deadline`] if it took more time of
    /// the processor than it may, where that counts.
    pub(super) fn evaluating<T>(
        &self,
        bytes: usize,
        evaluate: impl FnOnce() -> Result<T, EvaluateError>,
    ) -> Result<T, EvaluateError> {
        if self.patience.is_zero() {
            return evaluate();
        }
        let before = processor_time();
        let evaluated = evaluate()?;
        let taken = processor_time().saturating_sub(before);
        if taken > self.granted(bytes) { Err(EvaluateError::Deadline) } else { Ok(evaluated) }
    }

    /// Clock ticks (milliseconds) that an evaluation over `bytes` of input may take.
    pub(super) fn ticks(&self, bytes: usize) -> u64 {
        let time = self.granted(bytes).saturating_add(self.patience);
        // One more: the first tick may come at once.
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

/// What this thread has had of the processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
