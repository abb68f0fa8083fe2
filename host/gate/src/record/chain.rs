//! A log as a chain: each record says which one it follows, by a digest of that line.
//!
//! Whoever changes, removes or moves a line would have to write all later ones anew. Every
//! process that writes begins a chain of its own, and says what stood last in the file, so
//! that two that write into one file for a while do not disturb each other. A chain goes on
//! in the next file when the log is rotated.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The place of a record in its chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedChain {
    /// Of the chain.
    pub id: String,
    /// From 1 for the first record of the chain.
    pub number: u64,
    /// [`digest`] of the line before: that of the same chain, or for its first record the
    /// last one in the file. Absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Records that were lost since the one before: there was no room for them, or they
    /// could not be written.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// SHA-256 of a line without its end, in lower-case hexadecimal.
#[must_use]
pub fn digest(line: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(line))
}
