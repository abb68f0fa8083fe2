//! What is wrong with members that are each right by themselves.

/// Members that do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The member at fault, as a JSON Pointer.
    pub place: String,
    pub message: String,
}

impl Misfit {
    pub fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    /// The same in a member that is itself below `place`.
    pub fn below(self, place: &str) -> Self {
        Self { place: format!("{place}{}", self.place), message: self.message }
    }
}
