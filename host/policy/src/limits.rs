//! How much one evaluation of a policy may take.

use std::time::Duration;

/// The bounds of one evaluation. What goes beyond one ends the evaluation, and the
/// request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationLimits {
    /// Longest evaluation of a request without body, by the wall clock. Default
    /// 250 ms: thousands of times what one needs, so that a busy machine does not
    /// cut it off.
    pub time: Duration,
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
            time_per_kib: Duration::from_millis(1),
            memory: 64 << 20,
            output: 1 << 20,
            violations: 256,
        }
    }
}

impl EvaluationLimits {
    /// Clock ticks (milliseconds) that an evaluation over `bytes` of input may take.
    pub(super) fn ticks(&self, bytes: usize) -> u64 {
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        let time = self.time.saturating_add(self.time_per_kib.saturating_mul(kib));
        // One more: the first tick may come at once.
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}
