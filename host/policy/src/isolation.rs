//! How strictly one request is separated from the next.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// How many evaluations an instance of a policy serves.
///
/// A policy answers a request from its arguments alone, whatever it is set to.
/// The setting is about faults: what a fault in the policy leaves behind in its
/// memory is gone with the instance. An instance that traps, overruns its time,
/// breaks the contract or grows its memory is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// One: no evaluation can see anything of another.
    Fresh,
    /// One after another, and after each of them everything that it can have changed is put
    /// back as it was: no evaluation can see anything of another. For policies that were
    /// baked by this release; others get fresh instances.
    #[default]
    Rewound,
    /// So many, one after another. Saves setting up and clearing the memory.
    Recycle(NonZeroU32),
}

impl Isolation {
    /// What [`FromStr`] takes, for messages.
    pub const EXPECTED: &str = "fresh, rewound, or recycle:N for N evaluations in one instance, such as recycle:64";

    pub(super) fn calls(self) -> u32 {
        match self {
            Self::Fresh | Self::Rewound => 1,
            Self::Recycle(calls) => calls.get(),
        }
    }
}

/// The text names no isolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", Isolation::EXPECTED)]
pub struct IsolationError;

impl FromStr for Isolation {
    type Err = IsolationError;

    fn from_str(text: &str) -> Result<Self, IsolationError> {
        match text {
            "fresh" => return Ok(Self::Fresh),
            "rewound" => return Ok(Self::Rewound),
            _ => {}
        }
        let calls = text.strip_prefix("recycle:").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        calls.and_then(|digits| digits.parse().ok()).map(Self::Recycle).ok_or(IsolationError)
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fresh => f.write_str("fresh"),
            Self::Rewound => f.write_str("rewound"),
            Self::Recycle(calls) => write!(f, "recycle:{calls}"),
        }
    }
}
