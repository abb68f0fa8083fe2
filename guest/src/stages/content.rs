//! What is known of the body, for the stages that look at it.

use super::call::Call;
use crate::json::{Document, LargeNumber, Node};

/// What became of the body.
pub(crate) enum Content<'t> {
    /// There is none, or none that is to be looked at.
    None,
    /// To be read.
    Unread,
    /// It cannot be read: rules that read it are left out.
    Unreadable,
    Read {
        document: Document<'t>,
        numbers: Vec<LargeNumber<'t>>,
        invalid: bool,
        /// Pointers of all that its schema, or a rule about its numbers and names, finds
        /// wrong with it, whatever follows from that.
        faults: Vec<String>,
    },
}

impl Content<'_> {
    pub(crate) fn value(&self) -> Option<Node<'_>> {
        match self {
            Self::Read { document, .. } => Some(document.root()),
            _ => None,
        }
    }

    /// Whether expressions can rely on there being what they read.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable | Self::Unread)
    }

    /// Where the body is not as its schema describes it.
    pub(super) fn faults(&self) -> &[String] {
        match self {
            Self::Read { faults, .. } => faults,
            _ => &[],
        }
    }

    /// Whether the schema has refused it.
    pub(crate) fn is_invalid(&self) -> bool {
        matches!(self, Self::Read { invalid: true, .. })
    }
}

/// The status of a fault of a body that could be read.
pub(super) fn schema_status(call: &Call<'_>, rule: usize) -> u16 {
    match call.bundle.rules.get(rule).map_or(400, |entry| entry.status) {
        400 => call.profile.schema_error_status,
        status => status,
    }
}
