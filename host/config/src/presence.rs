//! Whether clients must show who they are.

/// What becomes of a client that shows nothing. One that shows something wrong is
/// refused in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Presence {
    /// It is refused.
    #[default]
    Required,
    /// It is a caller that nobody has verified.
    Optional,
}

/// What [`parse_presence`] takes.
pub const PRESENCE: &str = "required or optional";

#[must_use]
pub fn parse_presence(text: &str) -> Option<Presence> {
    match text {
        "required" => Some(Presence::Required),
        "optional" => Some(Presence::Optional),
        _ => None,
    }
}
