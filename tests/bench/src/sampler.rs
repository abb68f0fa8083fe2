//! Times calls side by side.
//!
//! The figures of the report are medians of single calls, as targets are about p50,
//! and ratios between calls that were timed in turn: in every round each lane gets
//! a slice of time, so that whatever else the machine does hits all lanes alike.

use std::time::Duration;

use anyhow::Context;
use solgate_slices::{Plan, slice};

use crate::Settings;
use crate::progress::Progress;

/// A call that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane(usize);

/// Times the calls of one slice.
type Slice<'a> = Box<dyn FnMut(Plan) -> anyhow::Result<Vec<u32>> + 'a>;

/// The calls that are timed in turn.
pub struct Race<'a> {
    lanes: Vec<(String, Slice<'a>)>,
}

/// How long they took.
pub struct Times {
    lanes: Vec<Timed>,
}

/// Nanoseconds of one lane.
#[derive(Default)]
struct Timed {
    calls: Vec<u32>,
    /// The median of each round.
    rounds: Vec<f64>,
}

/// The lane that does nothing: what reading the clock costs.
const CLOCK: Lane = Lane(0);

impl Default for Race<'_> {
    fn default() -> Self {
        let mut race = Self { lanes: Vec::new() };
        race.add("the clock", || {});
        race
    }
}

impl<'a> Race<'a> {
    /// One more call to time.
    pub fn add(&mut self, name: impl Into<String>, mut call: impl FnMut() + 'a) -> Lane {
        self.add_slices(name, move |plan| Ok(slice(&mut call, plan)))
    }

    /// One more call, which is timed elsewhere.
    pub fn add_slices(
        &mut self,
        name: impl Into<String>,
        slice: impl FnMut(Plan) -> anyhow::Result<Vec<u32>> + 'a,
    ) -> Lane {
        self.lanes.push((name.into(), Box::new(slice)));
        Lane(self.lanes.len() - 1)
    }

    /// Times all of them.
    ///
    /// # Errors
    /// If one of them could not be timed.
    pub fn run(mut self, settings: Settings, progress: &Progress) -> anyhow::Result<Times> {
        let rounds = settings.pick(25, 10);
        let plan = Plan { slice: settings.pick(Duration::from_millis(15), Duration::from_millis(4)), calls: 5 };
        let mut times: Vec<Timed> = self.lanes.iter().map(|_| Timed::default()).collect();
        let lanes = self.lanes.len();
        for round in 0..rounds {
            // Each round begins with another lane: none always follows the same one.
            for step in 0..lanes {
                let lane = (round + step) % lanes;
                let (name, slice) = &mut self.lanes[lane];
                progress.step(format!("round {} of {rounds}, {name}", round + 1));
                times[lane].add(slice(plan).with_context(|| name.clone())?);
            }
        }
        times.iter_mut().for_each(|timed| timed.calls.sort_unstable());
        Ok(Times { lanes: times })
    }
}

impl Timed {
    fn add(&mut self, mut calls: Vec<u32>) {
        calls.sort_unstable();
        self.rounds.push(f64::from(calls[calls.len() / 2]));
        self.calls.extend(calls);
    }
}

impl Times {
    /// The median, in microseconds, without the cost of reading the clock.
    #[must_use]
    pub fn p50(&self, lane: Lane) -> f64 {
        self.percentile(lane, 50)
    }

    /// The 99th percentile, in microseconds.
    #[must_use]
    pub fn p99(&self, lane: Lane) -> f64 {
        self.percentile(lane, 99)
    }

    fn percentile(&self, lane: Lane, percent: usize) -> f64 {
        let at = |lane: Lane, percent: usize| {
            let calls = &self.lanes[lane.0].calls;
            f64::from(calls[(calls.len() * percent / 100).min(calls.len() - 1)])
        };
        (at(lane, percent) - at(CLOCK, 50)) / 1000.0
    }

    /// How many times as long as `base` a lane took: the median over the rounds, each
    /// of which compares what was timed within the same tenths of a second.
    #[must_use]
    pub fn ratio(&self, lane: Lane, base: Lane) -> f64 {
        let clock = &self.lanes[CLOCK.0].rounds;
        let rounds = self.lanes[lane.0].rounds.iter().zip(&self.lanes[base.0].rounds).zip(clock);
        median(rounds.map(|((lane, base), clock)| (lane - clock) / (base - clock)).collect())
    }

    /// In words: the range of the rounds' medians, and p99.
    #[must_use]
    pub fn spread(&self, lane: Lane) -> String {
        let clock = median(self.lanes[CLOCK.0].rounds.clone());
        let rounds = self.lanes[lane.0].rounds.iter().map(|round| (round - clock) / 1000.0);
        let low = rounds.clone().fold(f64::INFINITY, f64::min);
        let high = rounds.fold(0.0, f64::max);
        format!("rounds {low:.2} to {high:.2}, p99 {:.2}", self.p99(lane))
    }
}

/// # Panics
/// If there is none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}
