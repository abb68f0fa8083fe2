//! How the benchmarks time calls, also those that another process makes.
//!
//! The engines that Solgate is compared with are a program of its own,
//! `tests/bench/peers`: the benchmark asks it a [`Question`] on a line of its standard
//! input, and reads an [`Answer`] from a line of its standard output. What one of them
//! needs of a crate so does not change how Solgate is compiled.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How long, and how often at least, calls are timed in one turn.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Plan {
    pub slice: Duration,
    /// A slice has at least so many calls, however long they take.
    pub calls: usize,
}

/// The times of the calls of one slice, in nanoseconds, after a fifth of it to warm up.
pub fn slice(call: &mut dyn FnMut(), plan: Plan) -> Vec<u32> {
    let begun = Instant::now();
    while begun.elapsed() < plan.slice / 5 {
        call();
    }
    let mut calls = Vec::with_capacity(1 << 16);
    let begun = Instant::now();
    while calls.len() < plan.calls || begun.elapsed() < plan.slice {
        let before = Instant::now();
        call();
        let took = before.elapsed();
        calls.push(u32::try_from(took.as_nanos()).unwrap_or(u32::MAX));
    }
    calls
}

/// An engine that has its rules ready and judges one document after another.
pub trait Peer {
    /// With its version, as the report names it.
    fn name(&self) -> String;

    /// Reads a document, and names the rules that it breaks: none, if it is allowed.
    /// All of this is timed.
    ///
    /// # Errors
    /// If there is no verdict.
    fn broken(&mut self, document: &str) -> anyhow::Result<Vec<String>>;

    /// The times of one slice of verdicts on a document.
    ///
    /// # Errors
    /// If the engine cannot be asked.
    fn slice(&mut self, document: &str, plan: Plan) -> anyhow::Result<Vec<u32>> {
        Ok(slice(&mut || drop(black_box(self.broken(black_box(document)))), plan))
    }
}

/// What another process is asked. Engines have the numbers that their names have.
#[derive(Debug, Serialize, Deserialize)]
pub enum Question {
    Names,
    Broken { engine: usize, document: String },
    Slice { engine: usize, document: String, plan: Plan },
}

/// What it answers. Instead of an error it ends.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// Of engines, or of the rules that are broken.
    Names(Vec<String>),
    /// Nanoseconds of calls.
    Slice(Vec<u32>),
}
