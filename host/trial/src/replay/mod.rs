//! Requests that a gate has recorded, judged again by other policies.

mod report;
mod work;

use std::path::Path;
use std::sync::Arc;

use solgate::record::{NotReplayed, Record, RecordedVerdict};

use crate::recorded::{self, Unreadable};
pub use report::{Report, Said};
pub use work::{judge, judge_from};

/// A decision log.
#[derive(Debug, Clone, Copy)]
pub enum Log<'l> {
    /// As [`recorded::lines`] reads it.
    File(&'l Path),
    /// That is in memory.
    Text { name: &'l str, bytes: &'l [u8] },
}

impl Log<'_> {
    /// How messages name it.
    #[must_use]
    pub fn name(&self) -> Arc<str> {
        match self {
            Self::File(path) => recorded::name(path).into(),
            Self::Text { name, .. } => (*name).into(),
        }
    }
}

/// What a replay has found, as somebody wants to know it. It is gathered in stretches of
/// lines, each on a thread of its own.
pub trait Findings: Default + Send {
    /// A request was judged again.
    fn judged(&mut self, log: &Arc<str>, line: usize, record: &Record, now: &RecordedVerdict);

    /// A line was not judged again. It may not even be a record.
    fn not_compared(&mut self, log: &Arc<str>, line: usize, record: Option<&Record>, reason: &NotCompared);

    /// Adds what later lines have shown.
    fn append(&mut self, later: Self);
}

/// Why a line was not compared.
#[derive(Debug, thiserror::Error)]
pub enum NotCompared {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error(transparent)]
    NotReplayed(#[from] NotReplayed),
}
