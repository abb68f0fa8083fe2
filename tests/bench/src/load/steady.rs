//! A steady rate of requests, far from what goes through at most.
//!
//! Under full load the median of a closed loop says how many requests go
//! through, once more: connections divided by throughput. What the gate adds to
//! a request shows at a rate that leaves room. The times between requests are
//! random, and a request counts from when it was due, so that nothing is left
//! out while an answer is late.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};

use super::case::{Case, Connection};

/// Medians and the slow end, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    pub p50: f64,
    pub p99: f64,
}

/// Sends `case` `rate` times a second in all, over `connections` connections.
///
/// # Errors
/// Something was refused.
pub fn run(case: &Case, address: SocketAddr, connections: u32, rate: u32, time: Duration) -> anyhow::Result<Times> {
    let mean = Duration::from_secs(1) * connections / rate;
    let threads: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..connections).map(|number| scope.spawn(move || one(case, address, mean, time, number))).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a connection panicked"))).collect()
    });
    let mut all = Vec::new();
    for times in threads {
        all.extend(times??);
    }
    all.sort_unstable();
    let at = |share: usize| all.get(all.len() * share / 100).map(|time| time.as_secs_f64() * 1e6);
    Ok(Times { p50: at(50).context("nothing was measured")?, p99: at(99).context("nothing was measured")? })
}

/// One connection, all of whose requests are about one instance.
fn one(case: &Case, address: SocketAddr, mean: Duration, time: Duration, number: u32) -> anyhow::Result<Vec<Duration>> {
    let message = case.message(address, usize::try_from(number)?, case.body);
    let mut connection = Connection::open(address)?;
    let mut dice = fastrand::Rng::with_seed(number.into());
    let mut times = Vec::new();
    let begun = Instant::now();
    let mut due = begun;
    loop {
        due += mean.mul_f64(-(1.0 - dice.f64()).ln());
        if due > begun + time {
            return Ok(times);
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        // A thread wakes up some time after it wanted to; that is not the server's.
        let from = if due.elapsed() < Duration::from_millis(1) { Instant::now() } else { due };
        let status = connection.exchange(&message)?;
        ensure!(status == case.status, "{} was answered with {status} under load", case.name);
        times.push(from.elapsed());
    }
}
