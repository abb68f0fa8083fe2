//! Whether clients must show who they are.

use serde::{Deserialize, Serialize};

/// What becomes of a client that shows nothing. One that shows something wrong is
/// refused in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Presence {
    /// It is refused.
    #[default]
    Required,
    /// It is a caller that nobody has verified.
    Optional,
}
