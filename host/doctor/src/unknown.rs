//! What an examination leaves open.

use serde::Serialize;

/// What could not be found out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unknown {
    /// A member of the configuration, an option of a policy, or a habit.
    pub what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<&'static str>,
    pub why: String,
}
