//! The connections to the admin address: few, and never at the cost of the others.

use std::collections::VecDeque;

use prometheus_client::metrics::gauge::Gauge;
use tokio::task::AbortHandle;

/// Those that are open. When there are too many, the oldest ends: whoever holds
/// connections without a use for them keeps no probe away.
pub struct AdminConnections {
    open: VecDeque<AbortHandle>,
    limit: usize,
    gauge: Gauge,
}

/// A connection that is counted until this is dropped.
pub struct Counted(Gauge);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl AdminConnections {
    /// At most `limit`, and at least one.
    pub fn new(limit: usize, gauge: Gauge) -> Self {
        Self { open: VecDeque::new(), limit: limit.max(1), gauge }
    }

    /// Runs a connection in a task of its own.
    pub fn run(&mut self, connection: impl Future<Output = ()> + Send + 'static) {
        self.open.retain(|one| !one.is_finished());
        while self.open.len() >= self.limit
            && let Some(oldest) = self.open.pop_front()
        {
            oldest.abort();
        }
        self.gauge.inc();
        let counted = Counted(self.gauge.clone());
        let task = tokio::spawn(async move {
            connection.await;
            drop(counted);
        });
        self.open.push_back(task.abort_handle());
    }
}
